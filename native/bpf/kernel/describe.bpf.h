/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Fills in the record's members from the kernel's structs. */
#ifndef IPVSCOPE_DESCRIBE_BPF_H
#define IPVSCOPE_DESCRIBE_BPF_H

#include "packet.bpf.h"
#include "../../include/ipvscope_record.h"

/* Timer ticks per second of the running kernel. Set before load. */
const volatile __u32 kernel_hz = 250;

/* Fills in the nf_conn that nf_conntrack_in() attached before ip_vs ran. Its state includes this
 * packet. */
static __always_inline void describe_conntrack(enum pointers pointers,
					       struct ipvscope_record *record,
					       const struct sk_buff *skb)
{
	struct nf_conn *ct;
	__u64 nfct;

	/* Absent without CONFIG_NF_CONNTRACK. */
	if (!bpf_core_field_exists(skb->_nfct) || !bpf_core_type_exists(struct nf_conn))
		return;
	nfct = PEEK_AS(pointers, skb, _nfct);
	ct = (void *)(nfct & ~NFCT_INFO_MASK);
	if (!ct) {
		if ((nfct & NFCT_INFO_MASK) == IP_CT_UNTRACKED)
			record->conntrack = IPVSCOPE_CONNTRACK_UNTRACKED;
		return;
	}
	/* The status bit, not ctinfo: direct routing attaches confirmed entries as IP_CT_NEW. */
	record->conntrack = BPF_CORE_READ(ct, status) & IPS_CONFIRMED
				    ? IPVSCOPE_CONNTRACK_CONFIRMED
				    : IPVSCOPE_CONNTRACK_UNCONFIRMED;
	if (record->protocol == IPPROTO_TCP)
		record->conntrack_state = BPF_CORE_READ(ct, proto.tcp.state);
	else if (record->protocol == IPPROTO_SCTP && bpf_core_field_exists(ct->proto.sctp))
		record->conntrack_state = BPF_CORE_READ(ct, proto.sctp.state);
}

static __always_inline __u32 expires_in_ms(enum pointers pointers, struct ip_vs_conn *conn)
{
	__s64 ticks = PEEK_AS(pointers, conn, timer.expires) - bpf_jiffies64();

	__u64 ms = ticks > 0 ? (__u64)ticks * 1000 / kernel_hz : 0;

	return ms < 0xffffffff ? ms : 0xffffffff;
}

/*
 * Fills in where an entry sends its packets: its own address and port, not its server's. A server
 * of a persistent service of every port, or of a fwmark, has port 0 (ip_vs_sched_persist(),
 * ip_vs_schedule()), and an entry synchronised from another director may have no server here.
 */
static __always_inline void describe_destination(enum pointers pointers, struct ip_vs_conn *conn,
						 __u8 *family, __u8 *address, __be16 *port)
{
	*family = entry_family(pointers, conn);
	*port = PEEK_AS(pointers, conn, dport);
	read_address(pointers, address, *family, &conn->daddr);
}

static __always_inline bool same_address(const __u8 *a, const __u8 *b)
{
	__u64 first[2], second[2];

	__builtin_memcpy(first, a, 16);
	__builtin_memcpy(second, b, 16);
	return first[0] == second[0] && first[1] == second[1];
}

static __always_inline void describe_entry(enum pointers pointers, struct ipvscope_record *record,
					   struct ip_vs_conn *conn)
{
	record->conn_state = PEEK_AS(pointers, conn, state);
	record->forwarding = PEEK_AS(pointers, conn, flags) & IP_VS_CONN_F_FWD_MASK;
	record->expires_in_ms = expires_in_ms(pointers, conn);
	record->flags |= IPVSCOPE_FLAG_HAS_ENTRY;
	/* An entry of cache_bypass sends packets to their original destination. */
	if (record->forwarding == IPVSCOPE_FORWARDING_BYPASS)
		return;
	describe_destination(pointers, conn, &record->destination_family,
			     record->destination_address, &record->destination_port);
	record->flags |= IPVSCOPE_FLAG_HAS_DESTINATION;
	if (record->destination_family == record->family &&
	    same_address(record->destination_address, record->client_address))
		record->flags |= IPVSCOPE_FLAG_HAIRPIN;
}

/* Fills in what the table says of an entry's server and its virtual service. */
static __always_inline void describe_server(enum pointers pointers, struct ipvscope_record *record,
					    struct ip_vs_dest *dest, bool available)
{
	record->weight = PEEK_AS(pointers, dest, weight.counter);
	record->fwmark = PEEK_AS(pointers, dest, vfwmark);
	record->service_port = PEEK_AS(pointers, dest, vport);
	record->flags |= IPVSCOPE_FLAG_SERVER_KNOWN | IPVSCOPE_FLAG_SERVICE_FOUND;
	if (available)
		record->flags |= IPVSCOPE_FLAG_AVAILABLE;
	if (record->weight == 0)
		record->flags |= IPVSCOPE_FLAG_WEIGHT_ZERO;
}

/* Fills in the record's new destination from the entry of a rescheduled packet. */
static __always_inline void describe_new_server(struct ipvscope_record *record,
						struct ip_vs_conn *conn, struct ip_vs_dest *dest)
{
	describe_destination(ARGUMENTS, conn, &record->new_destination_family,
			     record->new_destination_address, &record->new_destination_port);
	record->flags &= ~IPVSCOPE_FLAG_HAIRPIN;
	if (record->new_destination_family == record->family &&
	    same_address(record->new_destination_address, record->client_address))
		record->flags |= IPVSCOPE_FLAG_HAIRPIN;
	if (dest && PEEK(dest, weight.counter) == 0)
		record->flags |= IPVSCOPE_FLAG_NEW_WEIGHT_ZERO;
}

static __always_inline void describe_service(struct ipvscope_record *record,
					     struct ip_vs_service *service)
{
	record->fwmark = PEEK(service, fwmark);
	record->service_port = PEEK(service, port);
	record->flags |= IPVSCOPE_FLAG_SERVICE_FOUND;
}

static __always_inline __u32 netns_of(struct netns_ipvs *ipvs)
{
	struct net *net = PEEK(ipvs, net);

	return PEEK(net, ns.inum);
}

/* Fills in client and virtual address; false where the ports cannot be read. */
static __always_inline bool describe_tuple(struct ipvscope_record *record, struct netns_ipvs *ipvs,
					   int af, const struct transport *transport,
					   const struct ip_vs_iphdr *iph)
{
	__be16 ports[2] = {};
	bool inverse;

	if (!read_ports(transport, ports))
		return false;
	/* With schedule_icmp a packet quoted in an ICMP error may be scheduled. If that is a reply,
	 * the virtual service is its source (ip_vs_icmp_xmit(), conn_schedule()). */
	inverse = PEEK(iph, hdr_flags) & IP_VS_HDR_INVERSE;
	record->netns = netns_of(ipvs);
	record->protocol = transport->protocol;
	record->family = af;
	read_address(ARGUMENTS, record->client_address, af, inverse ? &iph->daddr : &iph->saddr);
	read_address(ARGUMENTS, record->virtual_address, af, inverse ? &iph->saddr : &iph->daddr);
	record->client_port = inverse ? ports[1] : ports[0];
	record->virtual_port = inverse ? ports[0] : ports[1];
	record->service_port = record->virtual_port;
	record->flags |= IPVSCOPE_FLAG_HAS_VIRTUAL;
	return true;
}

/* Fills in time, CPU and what else the packet itself shows. */
static __always_inline void describe_packet(struct ipvscope_record *record,
					    const struct sk_buff *skb, bool opening)
{
	record->time_ns = bpf_ktime_get_ns();
	record->count = 1;
	record->cpu = bpf_get_smp_processor_id();
	if (opening)
		record->flags |= IPVSCOPE_FLAG_OPENING;
	describe_conntrack(ARGUMENTS, record, skb);
}

#endif
