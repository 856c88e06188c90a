/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* From lookup to verdict: what the kernel is seen to do with a packet that was notable. */
#ifndef IPVSCOPE_VERDICT_BPF_H
#define IPVSCOPE_VERDICT_BPF_H

#include "lookup.bpf.h"
#include "retry.bpf.h"

/* Rare: it is not worth a gate. */
static __always_inline void on_expire(enum access access, const void *context,
				      const struct ip_vs_conn *conn)
{
	struct pending_claim claim;
	struct ipvscope_pending *packet =
		claim_pending(access, context, PENDING_CONN, conn, &claim);

	if (!packet)
		return;
	packet->observed |= OBSERVED_EXPIRE;
	keep_pending(access, &claim);
}

/*
 * conn_schedule() of the transport protocols looks the virtual service up by the address inside the
 * hook's own ip_vs_iphdr, before the SYN-flood defence may drop the packet and before
 * ip_vs_schedule() is called: the only sign that a packet came as far as to be scheduled.
 */
static __always_inline void on_service_lookup(enum access access, const void *context,
					      const union nf_inet_addr *address,
					      struct ip_vs_service *service)
{
	const struct ip_vs_iphdr *iph =
		(const void *)address - bpf_core_field_offset(struct ip_vs_iphdr, daddr);
	struct pending_claim claim;
	struct ipvscope_pending *packet;

	if (none_named(access, iph))
		return;
	packet = claim_pending(access, context, PENDING_IPH, iph, &claim);
	if (!packet)
		return;
	packet->observed |= OBSERVED_SERVICE_LOOKUP;
	if (service && !(packet->record.flags & IPVSCOPE_FLAG_HAS_DESTINATION))
		packet->record.fwmark = PEEK(access, service, fwmark);
	keep_pending(access, &claim);
}

/*
 * A packet that found no entry is met here for the first time. It becomes notable when no server
 * could be chosen, when the one chosen has weight 0 (a persistence template names it), or when
 * copies of it were dropped before.
 */
static __always_inline void
on_first_schedule(enum access access, const void *context, struct ip_vs_service *service,
		  const struct sk_buff *skb, const struct ip_vs_iphdr *iph, struct ip_vs_conn *conn)
{
	struct transport transport = transport_of(access, skb, iph);
	bool opening = read_opening(&transport) == PACKET_OPENING;
	struct ip_vs_dest *dest = NULL;
	struct ipvscope_record tuple = {};
	struct ipvscope_pending *packet;
	struct ipvscope_record *record;
	struct pending_claim claim;
	__u32 number = 0;
	bool stale;

	if (conn)
		dest = PEEK(access, conn, dest);
	stale = dest && PEEK(access, dest, weight.counter) == 0;
	if (conn && !stale && !opening)
		return;
	if (!describe_tuple(access, &tuple, PEEK(access, service, ipvs), PEEK(access, service, af),
			    &transport, iph)) {
		count_loss(IPVSCOPE_LOSS_UNREADABLE);
		return;
	}
	if (opening)
		note_opening(&tuple, &transport, &number);
	if (conn && !stale && !may_end_drops())
		return;
	packet = acquire_pending(access, context, skb, NULL, NULL, &claim);
	if (!packet)
		return;
	record = &packet->record;
	*record = tuple;
	packet->number = number;
	describe_packet(access, record, skb, opening);
	describe_identity(access, packet, skb, &transport);
	record->fwmark = PEEK(access, service, fwmark);
	if (conn) {
		describe_entry(access, record, conn);
		packet->observed = OBSERVED_SCHEDULED;
	} else {
		packet->observed = OBSERVED_SCHEDULE_FAILED;
	}
	if (dest)
		describe_server(access, record, dest, dest_available(access, dest));
	if (stale)
		record->kind = IPVSCOPE_KIND_STALE;
	publish_pending(access, packet, &claim);
}

static __always_inline void on_schedule(enum access access, const void *context,
					struct ip_vs_service *service, const struct sk_buff *skb,
					const struct ip_vs_iphdr *iph, struct ip_vs_conn *conn)
{
	struct ipvscope_pending *packet = NULL;
	struct pending_claim claim;
	struct ip_vs_dest *dest;

	if (!none_pending(access, skb))
		packet = claim_pending(access, context, PENDING_SKB, skb, &claim);

	/* One that was only watched for being dropped is now met as any other. */
	if (packet && !packet->conn_found) {
		forget_pending(access, packet, &claim);
		packet = NULL;
	}
	if (!packet) {
		on_first_schedule(access, context, service, skb, iph, conn);
		return;
	}
	if (conn) {
		packet->observed |= OBSERVED_SCHEDULED;
		packet->record.flags |= IPVSCOPE_FLAG_RESCHEDULED;
		dest = PEEK(access, conn, dest);
		if (dest)
			describe_new_server(access, &packet->record, dest);
	} else {
		packet->observed |= OBSERVED_SCHEDULE_FAILED;
	}
	keep_pending(access, &claim);
}

/*
 * A sight of the packet itself, while it is in the hook: OBSERVED_FREED from kfree_skb() (what a
 * transmit function cannot send it frees, tx_error in ip_vs_xmit.c), OBSERVED_ICMP_ERROR from
 * icmp_send() and icmpv6_send().
 */
static __always_inline void on_sight(enum access access, const void *context,
				     const struct sk_buff *skb, enum observation what)
{
	struct pending_claim claim;
	struct ipvscope_pending *packet;

	if (none_pending(access, skb))
		return;
	packet = claim_pending(access, context, PENDING_SKB, skb, &claim);
	if (!packet)
		return;
	packet->observed |= is_same_packet(access, packet, skb) ? what : OBSERVED_DOUBT;
	keep_pending(access, &claim);
}

static __always_inline bool sent_by_ip_vs(enum access access, const struct sk_buff *skb)
{
	return access == ACCESS_DIRECT ? BPF_CORE_READ_BITFIELD(skb, ipvs_property)
				       : BPF_CORE_READ_BITFIELD_PROBED(skb, ipvs_property);
}

/*
 * The first exit after the lookup decides. A packet that is sent on enters LOCAL_OUT, and so this
 * hook, inside the outer call, and leaves it there with NF_ACCEPT; the outer NF_STOLEN then finds
 * nothing. Where the transmit function had to copy the packet (a tunnel) the copy is what leaves,
 * and the outer NF_STOLEN decides: sent, unless the packet was seen to be freed as dropped.
 *
 * Every transmit function sets ipvs_property before it sends, to a real server on this host as
 * well: an accepted packet without it goes on to the local stack as if ip_vs were not there.
 */
static __always_inline __u8 judge(enum access access, struct ipvscope_pending *packet,
				  const struct sk_buff *skb, __u32 netfilter)
{
	__u32 observed = packet->observed;
	bool dropped = netfilter == NF_DROP;

	if (netfilter == NF_STOLEN && observed & OBSERVED_FREED) {
		packet->record.cause = IPVSCOPE_CAUSE_TRANSMIT;
		dropped = true;
	}
	if (dropped)
		return observed & OBSERVED_ICMP_ERROR ? IPVSCOPE_VERDICT_REJECTED
						      : IPVSCOPE_VERDICT_DROPPED;
	if (netfilter != NF_STOLEN && !sent_by_ip_vs(access, skb))
		return IPVSCOPE_VERDICT_PASSED;
	/* A packet that found no entry was sent by the one made for it: nothing was chosen anew. */
	if (packet->record.flags & IPVSCOPE_FLAG_RESCHEDULED ||
	    (packet->conn_found && observed & (OBSERVED_EXPIRE | OBSERVED_SERVICE_LOOKUP)))
		return IPVSCOPE_VERDICT_RESCHEDULED;
	return IPVSCOPE_VERDICT_FORWARDED;
}

/* A packet that needed a new server and got none has that as its news, unless its own is gone. */
static __always_inline __u8 judge_kind(const struct ipvscope_pending *packet)
{
	const struct ipvscope_record *record = &packet->record;
	__u32 observed = packet->observed;

	if (record->kind == IPVSCOPE_KIND_UNAVAILABLE)
		return record->kind;
	if (observed & OBSERVED_SCHEDULE_FAILED)
		return IPVSCOPE_KIND_UNSCHEDULED;
	if (record->verdict == IPVSCOPE_VERDICT_DROPPED && observed & OBSERVED_SERVICE_LOOKUP &&
	    !(observed & OBSERVED_SCHEDULED))
		return IPVSCOPE_KIND_OVERLOAD;
	/* One that matched no entry may be no packet of a virtual service at all. */
	if (record->verdict == IPVSCOPE_VERDICT_PASSED && packet->conn_found)
		return IPVSCOPE_KIND_UNSCHEDULED;
	return record->kind;
}

/* Why it was dropped, where the transmit function is not why. */
static __always_inline __u8 judge_cause(const struct ipvscope_pending *packet)
{
	const struct ipvscope_record *record = &packet->record;

	if (record->verdict != IPVSCOPE_VERDICT_DROPPED &&
	    record->verdict != IPVSCOPE_VERDICT_REJECTED)
		return IPVSCOPE_CAUSE_NONE;
	switch (record->kind) {
	case IPVSCOPE_KIND_UNAVAILABLE:
		/* With expire_nodest_conn the entry is expired, and a packet with a confirmed
		 * conntrack entry is dropped before it could be scheduled anew. */
		return packet->observed & OBSERVED_EXPIRE &&
				       !(packet->observed & OBSERVED_SERVICE_LOOKUP)
			       ? IPVSCOPE_CAUSE_CONNTRACK
			       : IPVSCOPE_CAUSE_UNAVAILABLE;
	case IPVSCOPE_KIND_UNSCHEDULED:
		return IPVSCOPE_CAUSE_UNSCHEDULED;
	case IPVSCOPE_KIND_OVERLOAD:
		return IPVSCOPE_CAUSE_OVERLOAD;
	}
	/* Dropped before any scheduling was seen, its server in the table: the hook does that for
	 * one reason only, the packet's conntrack entry. */
	return IPVSCOPE_CAUSE_CONNTRACK;
}

/* See IPVSCOPE_FLAG_NEW_WEIGHT_ZERO. */
static __always_inline void put_new_server_first(struct ipvscope_record *record)
{
	__u8 family = record->destination_family;
	__be16 port = record->destination_port;
	__u8 address[16];

	__builtin_memcpy(address, record->destination_address, 16);
	__builtin_memcpy(record->destination_address, record->new_destination_address, 16);
	__builtin_memcpy(record->new_destination_address, address, 16);
	record->destination_family = record->new_destination_family;
	record->new_destination_family = family;
	record->destination_port = record->new_destination_port;
	record->new_destination_port = port;
}

/* Beside a packet's own record: that it got through, and what came before. */
static __always_inline void emit_retry(struct ipvscope_pending *packet)
{
	struct ipvscope_record *record = &packet->record;

	if (!ends_drops(record, packet->number))
		return;
	record->kind = IPVSCOPE_KIND_RETRY;
	record->verdict = IPVSCOPE_VERDICT_FORWARDED;
	emit(record);
}

/*
 * Whether nothing that decides about the record can have been missed. A packet that is sent on
 * after its entry was expired, or after its service was looked up, was given to ip_vs_schedule():
 * where that was not seen, its program was skipped.
 */
static __always_inline bool is_seen_whole(enum access access, const struct ipvscope_pending *packet,
					  const struct sk_buff *skb, __u32 netfilter)
{
	__u32 observed = packet->observed;

	if (observed & OBSERVED_DOUBT)
		return false;
	if (!packet->conn_found || !(observed & (OBSERVED_EXPIRE | OBSERVED_SERVICE_LOOKUP)) ||
	    observed & (OBSERVED_SCHEDULED | OBSERVED_SCHEDULE_FAILED))
		return true;
	return netfilter == NF_DROP || (netfilter != NF_STOLEN && !sent_by_ip_vs(access, skb));
}

/* To be called where something is pending. */
static __always_inline void on_verdict(enum access access, const void *context,
				       const struct sk_buff *skb, __u32 netfilter)
{
	struct pending_claim claim;
	struct ipvscope_pending *packet;
	struct ipvscope_record *record;

	packet = claim_pending(access, context, PENDING_SKB, skb, &claim);
	if (!packet)
		return;
	netfilter &= NF_VERDICT_MASK;
	/* Of a packet that was kept (NF_STOLEN) nothing may be left. */
	if (netfilter != NF_STOLEN && !is_same_packet(access, packet, skb)) {
		keep_pending(access, &claim);
		return;
	}
	packet = withdraw_pending(access, packet, &claim);
	if (!packet)
		return;
	if (!is_seen_whole(access, packet, skb, netfilter)) {
		count_loss(IPVSCOPE_LOSS_UNPAIRED);
		end_pending(access, &claim);
		return;
	}
	record = &packet->record;
	record->verdict = judge(access, packet, skb, netfilter);
	record->kind = judge_kind(packet);
	if (!record->cause)
		record->cause = judge_cause(packet);
	if (record->cause == IPVSCOPE_CAUSE_CONNTRACK &&
	    record->conntrack == IPVSCOPE_CONNTRACK_UNCONFIRMED)
		record->flags |= IPVSCOPE_FLAG_MISSING_FIX;
	if (packet->observed & OBSERVED_EXPIRE)
		record->flags |= IPVSCOPE_FLAG_EXPIRED;
	if (record->flags & IPVSCOPE_FLAG_NEW_WEIGHT_ZERO)
		put_new_server_first(record);
	/* Without a kind it is remembered only for the drops it may end. */
	if (record->kind)
		emit(record);
	if (record->flags & IPVSCOPE_FLAG_OPENING) {
		if (record->verdict == IPVSCOPE_VERDICT_FORWARDED ||
		    record->verdict == IPVSCOPE_VERDICT_RESCHEDULED)
			emit_retry(packet);
		else if (record->verdict == IPVSCOPE_VERDICT_DROPPED && record->kind)
			note_dropped(record, packet->number);
	}
	end_pending(access, &claim);
}

#endif
