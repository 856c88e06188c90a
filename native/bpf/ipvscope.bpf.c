// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Entry points only: which kernel function each body is attached to. They are attached from the
 * last to the first and detached from the first to the last: a packet is remembered by the lookup
 * only while everything that is to be seen of it can be seen.
 */
#include "generate.bpf.h"
#include "verdict.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Called for every packet to a virtual service, and for others that ip_vs looks at. */
SEC("fexit/ip_vs_conn_in_get_proto")
int BPF_PROG(lookup_fexit, struct netns_ipvs *ipvs, int af, const struct sk_buff *skb,
	     const struct ip_vs_iphdr *iph, struct ip_vs_conn *conn)
{
	on_lookup(ipvs, af, skb, iph, conn);
	return 0;
}

/* The netfilter hook, Linux 5.16 and later. */
SEC("fexit/ip_vs_in_hook")
int BPF_PROG(verdict_fexit, void *priv, struct sk_buff *skb, const struct nf_hook_state *state,
	     unsigned int verdict)
{
	on_verdict(skb, verdict);
	return 0;
}

SEC("fentry/ip_vs_conn_expire_now")
int BPF_PROG(expire_fentry, struct ip_vs_conn *conn)
{
	on_expire(conn);
	return 0;
}

SEC("fentry/ip_vs_service_find")
int BPF_PROG(service_fentry, struct netns_ipvs *ipvs, int af, __u32 fwmark, __u16 protocol,
	     const union nf_inet_addr *address, __be16 port)
{
	on_service_lookup(address);
	return 0;
}

SEC("fexit/ip_vs_schedule")
int BPF_PROG(schedule_fexit, struct ip_vs_service *service, struct sk_buff *skb,
	     struct ip_vs_proto_data *data, int *ignored, struct ip_vs_iphdr *iph,
	     struct ip_vs_conn *conn)
{
	on_schedule(service, skb, iph, conn);
	return 0;
}

SEC("fentry/__icmp_send")
int BPF_PROG(icmp_fentry, struct sk_buff *skb)
{
	on_sight(skb, OBSERVED_ICMP_ERROR);
	return 0;
}

SEC("fentry/icmp6_send")
int BPF_PROG(icmp6_fentry, struct sk_buff *skb)
{
	on_sight(skb, OBSERVED_ICMP_ERROR);
	return 0;
}

/* A tracepoint; later kernels append arguments (5.17 the reason, 6.11 the socket). */
SEC("tp_btf/kfree_skb")
int BPF_PROG(freed_tracepoint, struct sk_buff *skb)
{
	on_sight(skb, OBSERVED_FREED);
	return 0;
}

SEC("raw_tp")
int generate_records(__u64 *context)
{
	generate(context[0], context[1], context[2]);
	return 0;
}
