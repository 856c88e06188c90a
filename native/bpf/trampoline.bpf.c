// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Entry points of the probe for fentry and fexit: each reads its arguments and calls the body that
 * it shares with a kprobe's program (kprobe.bpf.c). What they attach to, and in which order, is in
 * ipvscope_hooks.h.
 */
#include "output/emit.bpf.h"
#include "track/verdict.bpf.h"
#include "programs.bpf.h"

#define DECLARE(name, type, function, need)                                                        \
	DECLARE_PROGRAM(unsigned long long, name, type, function)
IPVSCOPE_TRAMPOLINE_PROGRAMS(DECLARE)

/*
 * Lookup and verdict are on every packet's path. Their rare part is in separate functions: a
 * program that needs neither stack nor saved registers saves none.
 */
static __noinline int notable_lookup(unsigned long long *arguments)
{
	on_notable_lookup(arguments, (void *)arguments[0], arguments[1], (void *)arguments[2],
			  (void *)arguments[3], (void *)arguments[4]);
	return 0;
}

static __noinline int any_lookup(unsigned long long *arguments)
{
	on_any_lookup((void *)arguments[0], arguments[1], (void *)arguments[2],
		      (void *)arguments[3], (void *)arguments[4]);
	return 0;
}

static __noinline int notable_verdict(unsigned long long *arguments)
{
	on_verdict(arguments, (void *)arguments[1], arguments[3]);
	return 0;
}

/* Called for every packet to a virtual service, and for others that ip_vs looks at. */
int BPF_PROG(lookup_fexit, struct netns_ipvs *ipvs, int af, const struct sk_buff *skb,
	     const struct ip_vs_iphdr *iph, struct ip_vs_conn *conn)
{
	if (counts_lookups)
		any_lookup(ctx);
	if (may_be_notable(ipvs, skb, iph, conn))
		return notable_lookup(ctx);
	return 0;
}

/* The netfilter hook, Linux 5.16 and later. */
int BPF_PROG(verdict_fexit, void *priv, struct sk_buff *skb)
{
	if (none_pending(skb))
		return 0;
	return notable_verdict(ctx);
}

int BPF_PROG(expire_fentry, struct ip_vs_conn *conn)
{
	on_expire(ctx, conn);
	return 0;
}

int BPF_PROG(service_fexit, struct netns_ipvs *ipvs, int af, __u32 fwmark, __u16 protocol,
	     const union nf_inet_addr *address, __be16 port, struct ip_vs_service *service)
{
	on_service_lookup(ctx, address, service);
	return 0;
}

int BPF_PROG(schedule_fexit, struct ip_vs_service *service, struct sk_buff *skb,
	     struct ip_vs_proto_data *data, int *ignored, struct ip_vs_iphdr *iph,
	     struct ip_vs_conn *conn)
{
	on_schedule(ctx, service, skb, iph, conn, ignored);
	return 0;
}

int BPF_PROG(icmp_fentry)
{
	on_icmp_begin();
	return 0;
}

int BPF_PROG(icmp6_fentry)
{
	on_icmp_begin();
	return 0;
}

int BPF_PROG(push_fentry)
{
	on_icmp_push();
	return 0;
}

int BPF_PROG(push6_fentry)
{
	on_icmp_push();
	return 0;
}

int BPF_PROG(icmp_fexit, struct sk_buff *skb, int type, int code)
{
	on_icmp_error(ctx, skb, type, code);
	return 0;
}

int BPF_PROG(icmp6_fexit, struct sk_buff *skb, __u8 type, __u8 code)
{
	on_icmp_error(ctx, skb, type, code);
	return 0;
}

int BPF_PROG(reset_fentry, const struct sock *socket, struct sk_buff *skb)
{
	on_reset(skb);
	return 0;
}

int BPF_PROG(reset6_fentry, const struct sock *socket, struct sk_buff *skb)
{
	on_reset(skb);
	return 0;
}

/* The tracepoint's arguments: the packet, who frees it, and since Linux 5.17 why. */
int BPF_PROG(freed_tracepoint, struct sk_buff *skb, void *location)
{
	on_freed(ctx, skb, (__u64)(unsigned long)location, drop_reason(ctx));
	return 0;
}
