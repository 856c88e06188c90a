// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Entry points only: which kernel function each body is attached to, once with fentry and fexit
 * and once, for kernels without them or without types of ip_vs, with kprobe and kretprobe. The
 * session loads one of the two sets. They are attached from the last to the first and detached from
 * the first to the last: a packet is remembered by the lookup only while everything that is to be
 * seen of it can be seen, and a call is noted only while its return can be.
 */
#include "track/frames.bpf.h"
#include "output/generate.bpf.h"
#include "track/verdict.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/*
 * The two on every packet's way. What is seldom done is in functions of their own: a program that
 * needs neither stack nor saved registers saves none.
 */
static __noinline int notable_lookup(unsigned long long *arguments)
{
	on_notable_lookup(ACCESS_DIRECT, arguments, (void *)arguments[0], arguments[1],
			  (void *)arguments[2], (void *)arguments[3], (void *)arguments[4]);
	return 0;
}

static __noinline int any_lookup(unsigned long long *arguments)
{
	on_any_lookup(ACCESS_DIRECT, (void *)arguments[0], arguments[1], (void *)arguments[2],
		      (void *)arguments[3], (void *)arguments[4]);
	return 0;
}

static __noinline int notable_verdict(unsigned long long *arguments)
{
	on_verdict(ACCESS_DIRECT, arguments, (void *)arguments[1], arguments[3]);
	return 0;
}

/* Called for every packet to a virtual service, and for others that ip_vs looks at. */
SEC("fexit/ip_vs_conn_in_get_proto")
int BPF_PROG(lookup_fexit, struct netns_ipvs *ipvs, int af, const struct sk_buff *skb,
	     const struct ip_vs_iphdr *iph, struct ip_vs_conn *conn)
{
	if (counts_lookups)
		any_lookup(ctx);
	if (may_be_notable(ACCESS_DIRECT, ipvs, skb, iph, conn))
		return notable_lookup(ctx);
	return 0;
}

/* The netfilter hook, Linux 5.16 and later. */
SEC("fexit/ip_vs_in_hook")
int BPF_PROG(verdict_fexit, void *priv, struct sk_buff *skb)
{
	if (none_pending(ACCESS_DIRECT, skb))
		return 0;
	return notable_verdict(ctx);
}

SEC("fentry/ip_vs_conn_expire_now")
int BPF_PROG(expire_fentry, struct ip_vs_conn *conn)
{
	on_expire(ACCESS_DIRECT, ctx, conn);
	return 0;
}

SEC("fexit/ip_vs_service_find")
int BPF_PROG(service_fexit, struct netns_ipvs *ipvs, int af, __u32 fwmark, __u16 protocol,
	     const union nf_inet_addr *address, __be16 port, struct ip_vs_service *service)
{
	on_service_lookup(ACCESS_DIRECT, ctx, address, service);
	return 0;
}

SEC("fexit/ip_vs_schedule")
int BPF_PROG(schedule_fexit, struct ip_vs_service *service, struct sk_buff *skb,
	     struct ip_vs_proto_data *data, int *ignored, struct ip_vs_iphdr *iph,
	     struct ip_vs_conn *conn)
{
	on_schedule(ACCESS_DIRECT, ctx, service, skb, iph, conn, ignored);
	return 0;
}

SEC("fentry/__icmp_send")
int BPF_PROG(icmp_fentry)
{
	on_icmp_begin();
	return 0;
}

SEC("fentry/icmp6_send")
int BPF_PROG(icmp6_fentry)
{
	on_icmp_begin();
	return 0;
}

SEC("fentry/ip_push_pending_frames")
int BPF_PROG(push_fentry)
{
	on_icmp_push();
	return 0;
}

SEC("fentry/ip6_push_pending_frames")
int BPF_PROG(push6_fentry)
{
	on_icmp_push();
	return 0;
}

SEC("fexit/__icmp_send")
int BPF_PROG(icmp_fexit, struct sk_buff *skb, int type, int code)
{
	on_icmp_error(ACCESS_DIRECT, ctx, skb, type, code);
	return 0;
}

SEC("fexit/icmp6_send")
int BPF_PROG(icmp6_fexit, struct sk_buff *skb, __u8 type, __u8 code)
{
	on_icmp_error(ACCESS_DIRECT, ctx, skb, type, code);
	return 0;
}

SEC("fentry/tcp_v4_send_reset")
int BPF_PROG(reset_fentry, const struct sock *socket, struct sk_buff *skb)
{
	on_reset(skb);
	return 0;
}

SEC("fentry/tcp_v6_send_reset")
int BPF_PROG(reset6_fentry, const struct sock *socket, struct sk_buff *skb)
{
	on_reset(skb);
	return 0;
}

/* The tracepoint's third argument, where this kernel has one: 0 where it gives no reason. */
static __always_inline __u16 drop_reason(const unsigned long long *arguments)
{
	__u32 reason;

	if (!bpf_core_type_exists(enum skb_drop_reason))
		return 0;
	reason = arguments[2];
	if (reason == bpf_core_enum_value(enum skb_drop_reason, SKB_DROP_REASON_NOT_SPECIFIED))
		return 0;
	return reason;
}

/* A tracepoint: the packet, who frees it, and since 5.17 why. */
SEC("tp_btf/kfree_skb")
int BPF_PROG(freed_tracepoint, struct sk_buff *skb, void *location)
{
	on_freed(ACCESS_DIRECT, ctx, skb, (__u64)(unsigned long)location, drop_reason(ctx));
	return 0;
}

SEC("kprobe/ip_vs_conn_in_get_proto")
int lookup_kprobe(struct pt_regs *context)
{
	const struct ip_vs_iphdr *iph = (void *)PT_REGS_PARM4(context);
	const struct sk_buff *skb = (void *)PT_REGS_PARM3(context);

	enter_function(context, FRAME_LOOKUP);
	/* Here already: the return may not be reported. */
	if (!none_pending(ACCESS_HELPER, skb) && !BPF_CORE_READ(iph, hdr_flags))
		evict_unpaired(ACCESS_HELPER, skb);
	return 0;
}

SEC("kretprobe/ip_vs_conn_in_get_proto")
int lookup_kretprobe(struct pt_regs *context)
{
	struct frame call;

	void *conn = (void *)PT_REGS_RC(context);

	if (!leave_function(context, FRAME_LOOKUP, &call))
		return 0;
	if (counts_lookups)
		on_any_lookup(ACCESS_HELPER, (void *)call.arguments[0], call.arguments[1],
			      (void *)call.arguments[2], (void *)call.arguments[3], conn);
	if (may_be_notable(ACCESS_HELPER, (void *)call.arguments[0], (void *)call.arguments[2],
			   (void *)call.arguments[3], conn))
		on_notable_lookup(ACCESS_HELPER, context, (void *)call.arguments[0],
				  call.arguments[1], (void *)call.arguments[2],
				  (void *)call.arguments[3], conn);
	return 0;
}

static __always_inline void leave_hook(struct pt_regs *context)
{
	struct frame call;

	if (leave_function(context, FRAME_HOOK, &call) &&
	    !none_pending(ACCESS_HELPER, (void *)call.arguments[1]))
		on_verdict(ACCESS_HELPER, context, (void *)call.arguments[1], PT_REGS_RC(context));
}

/* The netfilter hooks: one function since Linux 5.16, four wrappers before. */
#define HOOK(function)                                                                             \
	SEC("kprobe/" #function)                                                                   \
	int function##_kprobe(struct pt_regs *context)                                             \
	{                                                                                          \
		enter_function(context, FRAME_HOOK);                                               \
		return 0;                                                                          \
	}                                                                                          \
	SEC("kretprobe/" #function)                                                                \
	int function##_kretprobe(struct pt_regs *context)                                          \
	{                                                                                          \
		leave_hook(context);                                                               \
		return 0;                                                                          \
	}

HOOK(ip_vs_in_hook)
HOOK(ip_vs_remote_request4)
HOOK(ip_vs_remote_request6)
HOOK(ip_vs_local_request4)
HOOK(ip_vs_local_request6)

SEC("kprobe/ip_vs_conn_expire_now")
int BPF_KPROBE(expire_kprobe, struct ip_vs_conn *conn)
{
	on_expire(ACCESS_HELPER, ctx, conn);
	return 0;
}

SEC("kprobe/ip_vs_service_find")
int service_kprobe(struct pt_regs *context)
{
	enter_function(context, FRAME_SERVICE);
	return 0;
}

SEC("kretprobe/ip_vs_service_find")
int service_kretprobe(struct pt_regs *context)
{
	struct frame call;

	if (leave_function(context, FRAME_SERVICE, &call))
		on_service_lookup(ACCESS_HELPER, context, (void *)call.arguments[4],
				  (void *)PT_REGS_RC(context));
	return 0;
}

SEC("kprobe/ip_vs_schedule")
int schedule_kprobe(struct pt_regs *context)
{
	enter_function(context, FRAME_SCHEDULE);
	return 0;
}

SEC("kretprobe/ip_vs_schedule")
int schedule_kretprobe(struct pt_regs *context)
{
	struct frame call;

	if (leave_function(context, FRAME_SCHEDULE, &call))
		on_schedule(ACCESS_HELPER, context, (void *)call.arguments[0],
			    (void *)call.arguments[1], (void *)call.arguments[4],
			    (void *)PT_REGS_RC(context), (void *)call.arguments[3]);
	return 0;
}

#define ICMP(function)                                                                             \
	SEC("kprobe/" #function)                                                                   \
	int function##_kprobe(struct pt_regs *context)                                             \
	{                                                                                          \
		enter_function(context, FRAME_ICMP);                                               \
		on_icmp_begin();                                                                   \
		return 0;                                                                          \
	}                                                                                          \
	SEC("kretprobe/" #function)                                                                \
	int function##_kretprobe(struct pt_regs *context)                                          \
	{                                                                                          \
		struct frame call;                                                                 \
                                                                                                   \
		if (leave_function(context, FRAME_ICMP, &call))                                    \
			on_icmp_error(ACCESS_HELPER, context, (void *)call.arguments[0],           \
				      call.arguments[1], call.arguments[2]);                       \
		return 0;                                                                          \
	}

ICMP(__icmp_send)
ICMP(icmp6_send)

SEC("kprobe/ip_push_pending_frames")
int push_kprobe(struct pt_regs *context)
{
	on_icmp_push();
	return 0;
}

SEC("kprobe/ip6_push_pending_frames")
int push6_kprobe(struct pt_regs *context)
{
	on_icmp_push();
	return 0;
}

SEC("kprobe/tcp_v4_send_reset")
int BPF_KPROBE(reset_kprobe, const struct sock *socket, struct sk_buff *skb)
{
	on_reset(skb);
	return 0;
}

SEC("kprobe/tcp_v6_send_reset")
int BPF_KPROBE(reset6_kprobe, const struct sock *socket, struct sk_buff *skb)
{
	on_reset(skb);
	return 0;
}

SEC("raw_tp/kfree_skb")
int BPF_PROG(freed_raw_tracepoint, struct sk_buff *skb, void *location)
{
	on_freed(ACCESS_HELPER, ctx, skb, (__u64)(unsigned long)location, drop_reason(ctx));
	return 0;
}

SEC("raw_tp")
int generate_records(__u64 *context)
{
	generate(context[0], context[1], context[2]);
	return 0;
}
