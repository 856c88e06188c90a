/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The connection lookup: is the packet notable, and what did it find? */
#ifndef IPVSCOPE_LOOKUP_BPF_H
#define IPVSCOPE_LOOKUP_BPF_H

#include "openings.bpf.h"
#include "pending.bpf.h"

/* Timer ticks a second of the running kernel, set before load. */
const volatile __u32 kernel_hz = 250;

static __always_inline bool still_opening(__u8 protocol, __u16 state)
{
	if (protocol == IPPROTO_SCTP)
		return state <= IP_VS_SCTP_S_COOKIE_ECHOED;
	return state == IP_VS_TCP_S_NONE || state == IP_VS_TCP_S_SYN_SENT ||
	       state == IP_VS_TCP_S_SYN_RECV || state == IP_VS_TCP_S_SYNACK;
}

static __always_inline bool closed(__u8 protocol, __u16 state)
{
	if (protocol == IPPROTO_SCTP)
		return state == IP_VS_SCTP_S_CLOSED;
	return state == IP_VS_TCP_S_TIME_WAIT || state == IP_VS_TCP_S_CLOSE;
}

/*
 * The same handshake's packet sent again, or a port used again? The opening number tells. Where it
 * is unknown, an entry that is still opening is taken to be waiting for this very packet. A closed
 * entry has no handshake to repeat: the client's reset closed it, and its SYN is a new start.
 */
static __always_inline bool sent_again(enum opening_relation relation, __u8 protocol, __u16 state)
{
	if (relation == OPENING_SAME)
		return !closed(protocol, state);
	return relation == OPENING_UNKNOWN && still_opening(protocol, state);
}

static __always_inline __u8 conntrack_of(const struct sk_buff *skb)
{
	__u64 nfct = BPF_CORE_READ(skb, _nfct);
	struct nf_conn *ct = (void *)(nfct & ~NFCT_INFO_MASK);

	if (!ct)
		return (nfct & NFCT_INFO_MASK) == IP_CT_UNTRACKED ? IPVSCOPE_CONNTRACK_UNTRACKED
								  : IPVSCOPE_CONNTRACK_NONE;
	/* The bit, not ctinfo: a confirmed entry can be attached as IP_CT_NEW (direct routing). */
	return BPF_CORE_READ(ct, status) & IPS_CONFIRMED ? IPVSCOPE_CONNTRACK_CONFIRMED
							 : IPVSCOPE_CONNTRACK_UNCONFIRMED;
}

static __always_inline __u32 expires_in_ms(struct ip_vs_conn *conn)
{
	__s64 ticks = BPF_CORE_READ(conn, timer.expires) - bpf_jiffies64();

	return ticks > 0 ? (__u64)ticks * 1000 / kernel_hz : 0;
}

/* As the record wants it: 4 bytes or 16, the rest stays zero (the kernel may leave it unset). */
static __always_inline void copy_address(__u8 *to, int family, const union nf_inet_addr *from)
{
	if (family == AF_INET6)
		__builtin_memcpy(to, from, 16);
	else
		__builtin_memcpy(to, from, 4);
}

static __always_inline void describe_destination(struct ip_vs_dest *dest, __u8 *address,
						 __be16 *port, __u8 *family)
{
	union nf_inet_addr value = {};

	*family = BPF_CORE_READ(dest, af);
	*port = BPF_CORE_READ(dest, port);
	BPF_CORE_READ_INTO(&value, dest, addr);
	copy_address(address, *family, &value);
}

static __always_inline void on_lookup(struct netns_ipvs *ipvs, int af, const struct sk_buff *skb,
				      const struct ip_vs_iphdr *iph, struct ip_vs_conn *conn)
{
	struct pending_packet packet = {};
	struct ipvscope_record *record = &packet.record;
	enum opening_relation relation = OPENING_UNKNOWN;
	bool available = true, opening;
	union nf_inet_addr address = {};
	struct ip_vs_dest *dest;
	enum packet_reading reading;
	__be16 ports[2] = {};

	/* Replies, and packets quoted in ICMP errors, use the same lookup. */
	if (BPF_CORE_READ(iph, hdr_flags))
		return;
	forget_unpaired(skb);
	if (!conn)
		return;
	reading = read_opening(skb, iph);
	opening = reading == PACKET_OPENING;
	dest = BPF_CORE_READ(conn, dest);
	if (dest)
		available = dest_available(dest);
	if (reading == PACKET_UNREADABLE)
		count_loss(IPVSCOPE_LOSS_UNREADABLE);
	if (!opening && available)
		return;

	if (!read_ports(skb, iph, ports)) {
		count_loss(IPVSCOPE_LOSS_UNREADABLE);
		return;
	}
	record->time_ns = bpf_ktime_get_ns();
	record->count = 1;
	record->expires_in_ms = expires_in_ms(conn);
	record->cpu = bpf_get_smp_processor_id();
	record->netns = BPF_CORE_READ(ipvs, net, ns.inum);
	record->protocol = BPF_CORE_READ(iph, protocol);
	record->family = af;
	record->conn_state = BPF_CORE_READ(conn, state);
	record->forwarding = BPF_CORE_READ(conn, flags) & IP_VS_CONN_F_FWD_MASK;
	record->conntrack = conntrack_of(skb);

	BPF_CORE_READ_INTO(&address, iph, saddr);
	copy_address(record->client_address, af, &address);
	BPF_CORE_READ_INTO(&address, iph, daddr);
	copy_address(record->virtual_address, af, &address);
	record->client_port = ports[0];
	record->virtual_port = ports[1];

	if (dest) {
		describe_destination(dest, record->destination_address, &record->destination_port,
				     &record->destination_family);
		record->weight = BPF_CORE_READ(dest, weight.counter);
		record->fwmark = BPF_CORE_READ(dest, vfwmark);
		record->flags |= IPVSCOPE_FLAG_HAS_DESTINATION;
		if (available)
			record->flags |= IPVSCOPE_FLAG_AVAILABLE;
		if (record->weight == 0)
			record->flags |= IPVSCOPE_FLAG_WEIGHT_ZERO;
	}
	if (opening) {
		record->flags |= IPVSCOPE_FLAG_OPENING;
		relation = note_opening(ipvs, skb, iph);
	}

	if (!available)
		record->kind = IPVSCOPE_KIND_UNAVAILABLE;
	else if (sent_again(relation, record->protocol, record->conn_state))
		record->kind = IPVSCOPE_KIND_RETRANSMIT;
	else
		record->kind = IPVSCOPE_KIND_REUSE;

	packet.conn = (__u64)(unsigned long)conn;
	packet.iph = (__u64)(unsigned long)iph;
	remember(skb, &packet);
}

#endif
