/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Declares the kernel's types as far as the probe reads them. CO-RE relocates every access by name:
 * neither offsets nor other members matter, and the build machine's kernel needs no ip_vs. All
 * differences between kernels are handled here, one getter per changed member.
 */
#ifndef IPVSCOPE_KERNEL_BPF_H
#define IPVSCOPE_KERNEL_BPF_H

#include <linux/bpf.h>
#include <linux/errno.h>
#include <linux/ptrace.h>
#include <stdbool.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define AF_INET	 2
#define AF_INET6 10

#define IPPROTO_TCP  6
#define IPPROTO_UDP  17
#define IPPROTO_SCTP 132

/* Netfilter verdicts (include/uapi/linux/netfilter.h); the upper bits carry an errno. */
#define NF_VERDICT_MASK 0xff
#define NF_DROP		0
#define NF_STOLEN	2

/* include/uapi/linux/ip_vs.h */
#define IP_VS_CONN_F_FWD_MASK 0x0007
#define IP_VS_CONN_F_BYPASS   0x0004
#define IP_VS_CONN_F_NO_CPORT 0x0800

/* include/net/ip_vs.h */
#define IP_VS_DEST_F_OVERLOAD 2
#define IP_VS_HDR_INVERSE     1
#define IP_VS_HDR_ICMP	      2

/* include/uapi/linux/in_route.h, include/uapi/linux/ipv6_route.h */
#define RTCF_LOCAL	0x80000000
#define RTF_LOCAL	0x80000000
#define SKB_DST_PTRMASK ~1UL

/* include/net/ip_vs.h, the states of entries. */
enum {
	IP_VS_TCP_S_NONE = 0,
	IP_VS_TCP_S_SYN_SENT = 2,
	IP_VS_TCP_S_SYN_RECV = 3,
	IP_VS_TCP_S_TIME_WAIT = 5,
	IP_VS_TCP_S_CLOSE = 6,
	IP_VS_TCP_S_SYNACK = 10,
};

enum {
	IP_VS_SCTP_S_COOKIE_ECHOED = 7,
	IP_VS_SCTP_S_CLOSED = 13,
};

/* include/uapi/linux/netfilter/nf_conntrack_common.h */
#define IPS_CONFIRMED	(1 << 3)
#define IP_CT_UNTRACKED 7
#define NFCT_INFO_MASK	7UL

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
	int counter;
} atomic_t;

union nf_inet_addr {
	__u32 all[4];
};

struct list_head {
	struct list_head *next;
};

struct ns_common {
	unsigned int inum;
};

struct net {
	struct ns_common ns;
};

struct netns_ipvs {
	struct net *net;
	/* Above 0 while drop_packet is in force: one packet in drop_rate is dropped. */
	int drop_rate;
	/* TCP packets without SYN are scheduled as well. */
	int sysctl_sloppy_tcp;
};

struct ip_ct_tcp {
	__u8 state;
};

enum sctp_conntrack {
	SCTP_CONNTRACK_NONE,
};

struct ip_ct_sctp {
	enum sctp_conntrack state;
};

union nf_conntrack_proto {
	struct ip_ct_tcp tcp;
	struct ip_ct_sctp sctp;
};

struct nf_conntrack_man {
	union nf_inet_addr u3;
	union {
		__be16 all;
	} u;
	__u16 l3num;
};

struct nf_conntrack_tuple {
	struct nf_conntrack_man src;
	struct {
		union nf_inet_addr u3;
		union {
			__be16 all;
		} u;
	} dst;
};

struct nf_conntrack_tuple_hash {
	struct nf_conntrack_tuple tuple;
};

struct nf_conn {
	unsigned long status;
	struct nf_conntrack_tuple_hash tuplehash[2];
	union nf_conntrack_proto proto;
};

typedef struct {
	struct net *net;
} possible_net_t;

struct net_device {
	possible_net_t nd_net;
};

struct sock_common {
	possible_net_t skc_net;
};

struct sock {
	struct sock_common __sk_common;
};

struct rtable {
	unsigned int rt_flags;
};

struct rt6_info {
	__u32 rt6i_flags;
};

struct sk_buff {
	struct net_device *dev;
	struct sock *sk;
	unsigned long _skb_refdst;
	__u8 ipvs_property : 1;
	unsigned int len, data_len;
	unsigned long _nfct;
	__u32 mark;
	__u16 network_header;
	unsigned char *head, *data;
};

/* Since Linux 5.17, where kfree_skb's tracepoint has a reason as its third argument. */
enum skb_drop_reason {
	SKB_DROP_REASON_NOT_SPECIFIED,
};

struct timer_list {
	unsigned long expires;
};

struct ip_vs_dest {
	unsigned int flags;
	atomic_t weight;
	__be16 vport; /* of the virtual service */
	__u32 vfwmark;
	struct list_head n_list; /* in the service's destinations */
};

/*
 * The AVAILABLE bit moved from flags to a member of its own, with the same value, in 2026 and in
 * stable branches from then on (6.1.187, 6.12.107); flags kept its name and the OVERLOAD bit.
 */
struct ip_vs_dest___cflags {
	unsigned long cflags;
};

struct ip_vs_conn {
	struct timer_list timer;
	volatile __u32 flags;
	volatile __u16 state;
	struct ip_vs_dest *dest;
	struct ip_vs_conn *control; /* the entry that created or governs this one */
	atomic_t in_pkts;
	union nf_inet_addr caddr, vaddr, daddr;
	__be16 cport, vport, dport;
	__u16 daf; /* 8 bits since Linux 7.1: read by entry_family() alone */
};

struct ip_vs_iphdr {
	int hdr_flags;
	__u32 len;
	__u16 fragoffs;
	__s16 protocol;
	union nf_inet_addr saddr;
	union nf_inet_addr daddr;
};

struct ip_vs_scheduler {
	char *name;
};

struct ip_vs_service {
	__u16 af;
	__be16 port;
	__u32 fwmark;
	__u32 num_dests;
	struct list_head destinations;
	struct ip_vs_scheduler *scheduler;
	struct netns_ipvs *ipvs;
};

/* The members that are read; the flags have no name here. */
struct tcphdr {
	__be16 source;
	__be16 dest;
	__be32 seq;
};

struct task_struct {
	void *stack;
	__u64 start_time; /* ns */
	unsigned long nvcsw, nivcsw;
};

#define NR_SOFTIRQS 10 /* include/linux/interrupt.h */

struct kernel_stat {
	unsigned int softirqs[NR_SOFTIRQS];
};

struct ip_vs_proto_data;
struct nf_hook_state;

#pragma clang attribute pop

/*
 * What the verifier knows of a pointer, and so how its target may be read. A direct load is the
 * cheaper one, and matters on every packet's path.
 */
enum pointers {
	/* The verifier knows the type: read by a load. A bad pointer reads as zero. */
	POINTERS_TYPED,
	/* An address: read by bpf_probe_read_kernel(). */
	POINTERS_RAW,
};

/* The arguments of this object's programs: fentry and fexit get typed ones, kprobes addresses. */
static __always_inline enum pointers arguments_are(void)
{
#ifdef IPVSCOPE_KPROBE
	return POINTERS_RAW;
#else
	return POINTERS_TYPED;
#endif
}
#define ARGUMENTS	arguments_are()
#define TYPED_ARGUMENTS (ARGUMENTS == POINTERS_TYPED)

/* Reads a member behind a pointer of the given kind; PEEK() behind one of the arguments. */
#define PEEK_AS(pointers, pointer, member)                                                         \
	((pointers) == POINTERS_TYPED ? (pointer)->member : BPF_CORE_READ(pointer, member))
#define PEEK(pointer, member) PEEK_AS(ARGUMENTS, pointer, member)

/* Whether the kernel has bpf_rdonly_cast() (Linux 6.2 and later). Set before load. */
const volatile bool can_cast;

/*
 * Gives an address a kernel type, so that loads can read it. Costs no instruction. Left out with
 * IPVSCOPE_NO_KSYMS: libbpf resolves every declared kfunc, used or not, which fails on kernels
 * without BTF.
 */
#ifdef IPVSCOPE_NO_KSYMS
static __always_inline void *bpf_rdonly_cast(const void *address, __u32 type)
{
	return NULL;
}
#else
extern void *bpf_rdonly_cast(const void *address, __u32 type) __ksym __weak;
#endif

/*
 * Returns a pointer as a number, also where the verifier knows what it points to. Costs a helper
 * call: for rare paths.
 */
static __always_inline __u64 address_of(const void *pointer)
{
	const void *volatile held = pointer;
	__u64 address = 0;

	bpf_probe_read_kernel(&address, sizeof(address), (const void *)&held);
	return address;
}

/* Returns the address family of the entry's destination: 16 bits wide, 8 since Linux 7.1. */
static __always_inline __u8 entry_family(enum pointers pointers, struct ip_vs_conn *conn)
{
	return pointers == POINTERS_TYPED ? BPF_CORE_READ_BITFIELD(conn, daf)
					  : BPF_CORE_READ_BITFIELD_PROBED(conn, daf);
}

#define IP_VS_DEST_AVAILABLE 1

static __always_inline bool dest_available(enum pointers pointers, struct ip_vs_dest *dest)
{
	struct ip_vs_dest___cflags *moved = (void *)dest;

	if (bpf_core_field_exists(moved->cflags))
		return PEEK_AS(pointers, moved, cflags) & IP_VS_DEST_AVAILABLE;
	return PEEK_AS(pointers, dest, flags) & IP_VS_DEST_AVAILABLE;
}

#endif
