/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* From what the kernel holds in its hands to the record's members. */
#ifndef IPVSCOPE_DESCRIBE_BPF_H
#define IPVSCOPE_DESCRIBE_BPF_H

#include "packet.bpf.h"
#include "../include/ipvscope_record.h"

/* Timer ticks a second of the running kernel, set before load. */
const volatile __u32 kernel_hz = 250;

/* The nf_conn that nf_conntrack_in() gave the packet, before ip_vs: its state is that after it. */
static __always_inline void describe_conntrack(struct ipvscope_record *record,
					       const struct sk_buff *skb)
{
	struct nf_conn *ct;
	__u64 nfct;

	/* Absent without CONFIG_NF_CONNTRACK. */
	if (!bpf_core_field_exists(skb->_nfct) || !bpf_core_type_exists(struct nf_conn))
		return;
	nfct = BPF_CORE_READ(skb, _nfct);
	ct = (void *)(nfct & ~NFCT_INFO_MASK);
	if (!ct) {
		if ((nfct & NFCT_INFO_MASK) == IP_CT_UNTRACKED)
			record->conntrack = IPVSCOPE_CONNTRACK_UNTRACKED;
		return;
	}
	/* The bit, not ctinfo: a confirmed entry can be attached as IP_CT_NEW (direct routing). */
	record->conntrack = BPF_CORE_READ(ct, status) & IPS_CONFIRMED
				    ? IPVSCOPE_CONNTRACK_CONFIRMED
				    : IPVSCOPE_CONNTRACK_UNCONFIRMED;
	if (record->protocol == IPPROTO_TCP)
		record->conntrack_state = BPF_CORE_READ(ct, proto.tcp.state);
	else if (record->protocol == IPPROTO_SCTP && bpf_core_field_exists(ct->proto.sctp))
		record->conntrack_state = BPF_CORE_READ(ct, proto.sctp.state);
}

static __always_inline __u32 expires_in_ms(struct ip_vs_conn *conn)
{
	__s64 ticks = BPF_CORE_READ(conn, timer.expires) - bpf_jiffies64();

	__u64 ms = ticks > 0 ? (__u64)ticks * 1000 / kernel_hz : 0;

	return ms < 0xffffffff ? ms : 0xffffffff;
}

static __always_inline void describe_entry(struct ipvscope_record *record, struct ip_vs_conn *conn)
{
	record->conn_state = BPF_CORE_READ(conn, state);
	record->forwarding = BPF_CORE_READ(conn, flags) & IP_VS_CONN_F_FWD_MASK;
	record->expires_in_ms = expires_in_ms(conn);
	record->flags |= IPVSCOPE_FLAG_HAS_ENTRY;
}

/* The server of an entry, as the record's destination. */
static __always_inline void describe_server(struct ipvscope_record *record, struct ip_vs_dest *dest,
					    bool available)
{
	record->destination_family = BPF_CORE_READ(dest, af);
	record->destination_port = BPF_CORE_READ(dest, port);
	read_address(record->destination_address, record->destination_family, &dest->addr);
	record->weight = BPF_CORE_READ(dest, weight.counter);
	record->fwmark = BPF_CORE_READ(dest, vfwmark);
	record->flags |= IPVSCOPE_FLAG_HAS_DESTINATION;
	if (available)
		record->flags |= IPVSCOPE_FLAG_AVAILABLE;
	if (record->weight == 0)
		record->flags |= IPVSCOPE_FLAG_WEIGHT_ZERO;
}

/* The server chosen anew, as the record's new destination. */
static __always_inline void describe_new_server(struct ipvscope_record *record,
						struct ip_vs_dest *dest)
{
	record->new_destination_family = BPF_CORE_READ(dest, af);
	record->new_destination_port = BPF_CORE_READ(dest, port);
	read_address(record->new_destination_address, record->new_destination_family, &dest->addr);
	if (BPF_CORE_READ(dest, weight.counter) == 0)
		record->flags |= IPVSCOPE_FLAG_NEW_WEIGHT_ZERO;
}

/* Between whom the packet goes; false when its ports cannot be read. */
static __always_inline bool describe_tuple(struct ipvscope_record *record,
					   const struct netns_ipvs *ipvs, int af,
					   const struct sk_buff *skb, const struct ip_vs_iphdr *iph)
{
	__be16 ports[2] = {};

	if (!read_ports(skb, iph, ports))
		return false;
	record->netns = BPF_CORE_READ(ipvs, net, ns.inum);
	record->protocol = BPF_CORE_READ(iph, protocol);
	record->family = af;
	read_address(record->client_address, af, &iph->saddr);
	read_address(record->virtual_address, af, &iph->daddr);
	record->client_port = ports[0];
	record->virtual_port = ports[1];
	return true;
}

/* What else is known of the packet by itself. */
static __always_inline void describe_packet(struct ipvscope_record *record,
					    const struct sk_buff *skb, bool opening)
{
	record->time_ns = bpf_ktime_get_ns();
	record->count = 1;
	record->cpu = bpf_get_smp_processor_id();
	if (opening)
		record->flags |= IPVSCOPE_FLAG_OPENING;
	describe_conntrack(record, skb);
}

#endif
