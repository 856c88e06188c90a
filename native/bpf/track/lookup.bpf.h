/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Decides at the connection lookup whether a packet is notable, and describes what it found. */
#ifndef IPVSCOPE_LOOKUP_BPF_H
#define IPVSCOPE_LOOKUP_BPF_H

#include "../kernel/describe.bpf.h"
#include "openings.bpf.h"
#include "pending.bpf.h"

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
 * Returns the kind of an opening packet that found an entry. The ISN tells a retransmission from a
 * new connection on the same port. A closed entry has no handshake to repeat: the client's reset
 * closed it, and its SYN starts anew. Where no ISN is known and the entry is still opening, the
 * packet may be either.
 */
static __always_inline __u8 opening_kind(enum ipvscope_opening_relation relation, __u8 protocol,
					 __u16 state)
{
	if (relation == IPVSCOPE_OPENING_SAME && !closed(protocol, state))
		return IPVSCOPE_KIND_RETRANSMIT;
	if (relation == IPVSCOPE_OPENING_UNKNOWN && still_opening(protocol, state))
		return IPVSCOPE_KIND_UNDETERMINED;
	return IPVSCOPE_KIND_REUSE;
}

static __always_inline __u8 kind_of(const struct ipvscope_record *record,
				    enum ipvscope_opening_relation relation, bool expected)
{
	if (record->flags & IPVSCOPE_FLAG_SERVER_KNOWN &&
	    !(record->flags & IPVSCOPE_FLAG_AVAILABLE))
		return IPVSCOPE_KIND_UNAVAILABLE;
	if (!(record->flags & IPVSCOPE_FLAG_OPENING) || expected)
		return IPVSCOPE_KIND_DRAINING;
	return opening_kind(relation, record->protocol, record->conn_state);
}

/* The arguments and the result of a lookup. */
struct lookup {
	struct netns_ipvs *ipvs;
	const struct sk_buff *skb;
	const struct ip_vs_iphdr *iph;
	const void *context; /* of the program */
	struct ip_vs_conn *conn;
	struct ip_vs_dest *dest; /* of conn; NULL where there is none */
	struct transport transport;
	int af;
	bool opening;
	bool expected;	/* opens the connection that conn was created for in advance */
	bool available; /* dest is still in the table */
};

/*
 * Whether the entry was created before its connection: ip_vs_ftp creates one for each data
 * connection that a control connection announces (ip_vs_ftp_out(), ip_vs_ftp_in()), without the
 * client's port or without any packet yet. The first packet of such an entry is no port reuse.
 */
static __always_inline bool is_expected(struct ip_vs_conn *conn)
{
	if (PEEK(conn, flags) & IP_VS_CONN_F_NO_CPORT)
		return true;
	return PEEK(conn, control) && !PEEK(conn, in_pkts.counter);
}

/*
 * Tracks a packet that found no entry: it is reported if the SYN-flood defence drops it
 * (ip_vs_todrop(), inlined into conn_schedule() of the transport protocols).
 */
static __always_inline void watch_unmatched(const struct lookup *lookup)
{
	struct pending_claim claim;
	struct ipvscope_pending *packet =
		acquire_pending(lookup->context, lookup->skb, lookup->iph, NULL, &claim);
	struct ipvscope_record *record;

	if (!packet)
		return;
	record = &packet->record;
	if (!describe_tuple(record, lookup->ipvs, lookup->af, &lookup->transport, lookup->iph)) {
		count_loss(IPVSCOPE_LOSS_UNREADABLE);
		abandon_pending(&claim);
		return;
	}
	describe_packet(record, lookup->skb, lookup->opening);
	describe_identity(packet, lookup->skb, &lookup->transport);
	if (lookup->opening)
		note_opening(record, &lookup->transport, &packet->isn);
	publish_pending(packet, &claim);
}

/* Fills in the record; false where the packet cannot be read. */
static __always_inline bool describe_matched(struct ipvscope_pending *packet,
					     const struct lookup *lookup)
{
	enum ipvscope_opening_relation relation = IPVSCOPE_OPENING_UNKNOWN;
	struct ipvscope_record *record = &packet->record;

	if (!describe_tuple(record, lookup->ipvs, lookup->af, &lookup->transport, lookup->iph)) {
		count_loss(IPVSCOPE_LOSS_UNREADABLE);
		return false;
	}
	describe_packet(record, lookup->skb, lookup->opening);
	describe_identity(packet, lookup->skb, &lookup->transport);
	describe_entry(ARGUMENTS, record, lookup->conn);
	if (lookup->dest)
		describe_server(ARGUMENTS, record, lookup->dest, lookup->available);
	if (lookup->opening)
		relation = note_opening(record, &lookup->transport, &packet->isn);
	record->kind = kind_of(record, relation, lookup->expected);
	packet->conn_found = 1;
	return true;
}

/* Tracks a packet that is notable for the entry it found. */
static __always_inline void watch_matched(const struct lookup *lookup)
{
	/* Only for an opening packet, or one of a removed server, may ip_vs expire the entry and
	 * schedule the packet. */
	bool named = lookup->opening || !lookup->available;
	struct pending_claim claim;
	struct ipvscope_pending *packet =
		acquire_pending(lookup->context, lookup->skb, named ? lookup->iph : NULL,
				named ? lookup->conn : NULL, &claim);

	if (!packet)
		return;
	if (describe_matched(packet, lookup))
		publish_pending(packet, &claim);
	else
		abandon_pending(&claim);
}

/*
 * Whether the SYN-flood defence may drop a packet that found no entry: conn_schedule() of the
 * transport protocols consults it only for packets that it would schedule.
 */
static __always_inline bool may_be_scheduled(struct netns_ipvs *ipvs, const struct sk_buff *skb,
					     const struct ip_vs_iphdr *iph)
{
	if (!PEEK(ipvs, drop_rate))
		return false;
	switch (PEEK(iph, protocol)) {
	case IPPROTO_TCP:
		return PEEK(ipvs, sysctl_sloppy_tcp) || may_open(skb, iph);
	case IPPROTO_SCTP:
	case IPPROTO_UDP:
		return true;
	}
	return false;
}

/*
 * The early exit on every packet's path: some loads, no map and no call. May return true for a
 * packet that is not notable (one quoted in an ICMP error, a fragment): every check left to
 * on_notable_lookup() saves a load for all others.
 */
static __always_inline bool may_be_notable(struct netns_ipvs *ipvs, const struct sk_buff *skb,
					   const struct ip_vs_iphdr *iph, struct ip_vs_conn *conn)
{
	struct ip_vs_dest *dest;

	/* kprobes check this at the function's entry. */
	if (TYPED_ARGUMENTS && !none_pending(skb))
		return true;
	if (!conn)
		return may_be_scheduled(ipvs, skb, iph);
	dest = PEEK(conn, dest);
	if (dest && (!dest_available(ARGUMENTS, dest) || PEEK(dest, weight.counter) == 0))
		return true;
	return may_open(skb, iph);
}

static __always_inline void on_notable_lookup(const void *context, struct netns_ipvs *ipvs, int af,
					      const struct sk_buff *skb,
					      const struct ip_vs_iphdr *iph,
					      struct ip_vs_conn *conn)
{
	struct lookup lookup = {.ipvs = ipvs,
				.skb = skb,
				.iph = iph,
				.context = context,
				.conn = conn,
				.af = af,
				.available = true};
	enum packet_reading reading;
	struct ip_vs_dest *dest;

	/* Replies, and packets quoted in ICMP errors, take the same lookup. */
	if (PEEK(iph, hdr_flags))
		return;
	if (TYPED_ARGUMENTS)
		evict_unpaired(skb);
	lookup.transport = transport_of(skb, iph);
	reading = read_opening(&lookup.transport);
	lookup.opening = reading == PACKET_OPENING;
	if (!conn) {
		/* May be dropped before a server is chosen, while drop_packet is in force. */
		if (may_be_scheduled(ipvs, skb, iph))
			watch_unmatched(&lookup);
		return;
	}
	dest = PEEK(conn, dest);
	lookup.dest = dest;
	if (dest)
		lookup.available = dest_available(ARGUMENTS, dest);
	if (reading == PACKET_UNREADABLE)
		count_loss(IPVSCOPE_LOSS_UNREADABLE);
	lookup.expected = lookup.opening && is_expected(conn);
	if ((lookup.opening && !lookup.expected) || !lookup.available ||
	    (dest && PEEK(dest, weight.counter) == 0))
		watch_matched(&lookup);
}

/* Whether on_any_lookup() runs: if the session has a filter. Set before load. */
const volatile bool counts_lookups;

/*
 * Counts the packets at the lookup that match the filter: so that "this client sent nothing to
 * IPVS" is observed, not inferred.
 */
static __always_inline void on_any_lookup(struct netns_ipvs *ipvs, int af,
					  const struct sk_buff *skb, const struct ip_vs_iphdr *iph,
					  struct ip_vs_conn *conn)
{
	struct transport transport = transport_of(skb, iph);
	struct ipvscope_record record = {};
	struct ip_vs_dest *dest;

	if (PEEK(iph, hdr_flags) || !describe_tuple(&record, ipvs, af, &transport, iph))
		return;
	if (conn) {
		describe_entry(ARGUMENTS, &record, conn);
		dest = PEEK(conn, dest);
		if (dest)
			describe_server(ARGUMENTS, &record, dest, true);
	}
	if (is_heartbeat(&record) || !is_wanted(&record))
		return;
	count_loss(IPVSCOPE_LOSS_NONE_LOOKED_UP);
	if (read_opening(&transport) == PACKET_OPENING)
		count_loss(IPVSCOPE_LOSS_NONE_LOOKED_UP_OPENING);
}

#endif
