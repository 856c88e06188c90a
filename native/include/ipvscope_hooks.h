/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The probe's programs and the kernel functions they attach to. This table is the only one: the
 * probe takes the programs' ELF sections from it (native/bpf), the session takes from it which
 * programs to load, the order of attaching them, and the names under which they are reported
 * (native/addon/session/programs.cc).
 *
 *   PROGRAM(name, type, function, need)
 *
 * `type` and `function` are the ELF section, as libbpf spells it. `need` is an enum
 * ipvscope_hook_need without its prefix.
 *
 * Rows are in attach order, and detached in reverse. The lookup comes last: it remembers a packet
 * only while everything that can happen to the packet is observed. A function's return comes before
 * its entry: a call is recorded only while its return can be observed.
 */
#ifndef IPVSCOPE_HOOKS_H
#define IPVSCOPE_HOOKS_H

enum ipvscope_hook_need {
	/* Without the function the probe does not load. */
	IPVSCOPE_HOOK_REQUIRED,
	/* The netfilter hook of ip_vs: one function since Linux 5.16
	 * (net/netfilter/ipvs/ip_vs_core.c, ip_vs_in_hook()), four wrappers before. A kernel has
	 * the first or the others. */
	IPVSCOPE_HOOK_ALTERNATIVE,
	/* Absent from a kernel without IPv6, where nothing is lost without it. */
	IPVSCOPE_HOOK_IPV6,
};

/* For kernels with BTF of ip_vs that take fentry and fexit. */
#define IPVSCOPE_TRAMPOLINE_PROGRAMS(PROGRAM)                                                      \
	PROGRAM(freed_tracepoint, tp_btf, kfree_skb, REQUIRED)                                     \
	PROGRAM(reset6_fentry, fentry, tcp_v6_send_reset, IPV6)                                    \
	PROGRAM(reset_fentry, fentry, tcp_v4_send_reset, REQUIRED)                                 \
	PROGRAM(icmp6_fexit, fexit, icmp6_send, IPV6)                                              \
	PROGRAM(icmp_fexit, fexit, __icmp_send, REQUIRED)                                          \
	PROGRAM(push6_fentry, fentry, ip6_push_pending_frames, IPV6)                               \
	PROGRAM(push_fentry, fentry, ip_push_pending_frames, REQUIRED)                             \
	PROGRAM(icmp6_fentry, fentry, icmp6_send, IPV6)                                            \
	PROGRAM(icmp_fentry, fentry, __icmp_send, REQUIRED)                                        \
	PROGRAM(schedule_fexit, fexit, ip_vs_schedule, REQUIRED)                                   \
	PROGRAM(service_fexit, fexit, ip_vs_service_find, REQUIRED)                                \
	PROGRAM(expire_fentry, fentry, ip_vs_conn_expire_now, REQUIRED)                            \
	PROGRAM(verdict_fexit, fexit, ip_vs_in_hook, REQUIRED)                                     \
	PROGRAM(lookup_fexit, fexit, ip_vs_conn_in_get_proto, REQUIRED)

/* For all others. */
#define IPVSCOPE_KPROBE_PROGRAMS(PROGRAM)                                                          \
	PROGRAM(freed_raw_tracepoint, raw_tp, kfree_skb, REQUIRED)                                 \
	PROGRAM(reset6_kprobe, kprobe, tcp_v6_send_reset, IPV6)                                    \
	PROGRAM(reset_kprobe, kprobe, tcp_v4_send_reset, REQUIRED)                                 \
	PROGRAM(push6_kprobe, kprobe, ip6_push_pending_frames, IPV6)                               \
	PROGRAM(push_kprobe, kprobe, ip_push_pending_frames, REQUIRED)                             \
	PROGRAM(icmp6_send_kretprobe, kretprobe, icmp6_send, IPV6)                                 \
	PROGRAM(icmp6_send_kprobe, kprobe, icmp6_send, IPV6)                                       \
	PROGRAM(__icmp_send_kretprobe, kretprobe, __icmp_send, REQUIRED)                           \
	PROGRAM(__icmp_send_kprobe, kprobe, __icmp_send, REQUIRED)                                 \
	PROGRAM(schedule_kretprobe, kretprobe, ip_vs_schedule, REQUIRED)                           \
	PROGRAM(schedule_kprobe, kprobe, ip_vs_schedule, REQUIRED)                                 \
	PROGRAM(service_kretprobe, kretprobe, ip_vs_service_find, REQUIRED)                        \
	PROGRAM(service_kprobe, kprobe, ip_vs_service_find, REQUIRED)                              \
	PROGRAM(expire_kprobe, kprobe, ip_vs_conn_expire_now, REQUIRED)                            \
	PROGRAM(ip_vs_local_request6_kretprobe, kretprobe, ip_vs_local_request6, ALTERNATIVE)      \
	PROGRAM(ip_vs_local_request6_kprobe, kprobe, ip_vs_local_request6, ALTERNATIVE)            \
	PROGRAM(ip_vs_local_request4_kretprobe, kretprobe, ip_vs_local_request4, ALTERNATIVE)      \
	PROGRAM(ip_vs_local_request4_kprobe, kprobe, ip_vs_local_request4, ALTERNATIVE)            \
	PROGRAM(ip_vs_remote_request6_kretprobe, kretprobe, ip_vs_remote_request6, ALTERNATIVE)    \
	PROGRAM(ip_vs_remote_request6_kprobe, kprobe, ip_vs_remote_request6, ALTERNATIVE)          \
	PROGRAM(ip_vs_remote_request4_kretprobe, kretprobe, ip_vs_remote_request4, ALTERNATIVE)    \
	PROGRAM(ip_vs_remote_request4_kprobe, kprobe, ip_vs_remote_request4, ALTERNATIVE)          \
	PROGRAM(ip_vs_in_hook_kretprobe, kretprobe, ip_vs_in_hook, ALTERNATIVE)                    \
	PROGRAM(ip_vs_in_hook_kprobe, kprobe, ip_vs_in_hook, ALTERNATIVE)                          \
	PROGRAM(lookup_kretprobe, kretprobe, ip_vs_conn_in_get_proto, REQUIRED)                    \
	PROGRAM(lookup_kprobe, kprobe, ip_vs_conn_in_get_proto, REQUIRED)

/* Attached to nothing: run on request (BPF_PROG_TEST_RUN). */
#define IPVSCOPE_GENERATOR_PROGRAM generate_records

#endif
