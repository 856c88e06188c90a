/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Observes what the kernel does with a tracked packet, from the lookup to the verdict. */
#ifndef IPVSCOPE_VERDICT_BPF_H
#define IPVSCOPE_VERDICT_BPF_H

#include "lookup.bpf.h"
#include "orphan.bpf.h"
#include "unscheduled.bpf.h"
#include "unsent.bpf.h"

/* ip_vs_conn_expire_now() on an entry. Rare: no early exit. */
static __always_inline void on_expire(const void *context, const struct ip_vs_conn *conn)
{
	struct pending_claim claim;
	struct ipvscope_pending *packet = claim_pending(context, PENDING_CONN, conn, &claim);

	if (!packet)
		return;
	packet->observed |= OBSERVED_EXPIRE;
	keep_pending(&claim);
}

/*
 * Notes that a packet is about to be scheduled. conn_schedule() of the transport protocols looks up
 * the virtual service by the address inside the hook's own ip_vs_iphdr, before the SYN-flood
 * defence may drop the packet and before ip_vs_schedule(). Nothing else shows that it got so far.
 */
static __always_inline void on_service_lookup(const void *context,
					      const union nf_inet_addr *address,
					      struct ip_vs_service *service)
{
	const struct ip_vs_iphdr *iph =
		(const void *)address - bpf_core_field_offset(struct ip_vs_iphdr, daddr);
	struct pending_claim claim;
	struct ipvscope_pending *packet;

	if (no_named_iph(iph))
		return;
	packet = claim_pending(context, PENDING_IPH, iph, &claim);
	if (!packet)
		return;
	packet->observed |= OBSERVED_SERVICE_LOOKUP;
	if (service && !(packet->record.flags & IPVSCOPE_FLAG_SERVICE_FOUND))
		describe_service(&packet->record, service);
	keep_pending(&claim);
}

/* *ignored of ip_vs_schedule(), where it returns no entry (ip_vs_core.c). */
enum unscheduled {
	/* No entry could be created for the server: conn_max, or no memory. */
	UNSCHEDULED_LIMIT = -1,
	/* No server. */
	UNSCHEDULED_NO_SERVER = 0,
	/* Not for ip_vs: the packet continues unchanged. */
	UNSCHEDULED_IGNORED = 1,
};

/* Notes that a packet needed a server and got none. */
static __always_inline void note_failure(struct ipvscope_pending *packet,
					 struct ip_vs_service *service, int ignored)
{
	if (ignored == UNSCHEDULED_IGNORED)
		return;
	packet->observed |= OBSERVED_SCHEDULE_FAILED;
	describe_failure(&packet->record, service);
	if (ignored == UNSCHEDULED_LIMIT)
		packet->record.cause = IPVSCOPE_CAUSE_CONN_LIMIT;
}

/*
 * Counts an entry that ip_vs_schedule() created for a packet without one. The record has the
 * packet's addresses and service, and nothing else yet. Without this count, silence about a client
 * would not show whether IPVS saw anything of it.
 */
static __always_inline void count_new(struct ipvscope_record *record, bool opening)
{
	record->count = 1;
	record->kind = IPVSCOPE_KIND_NEW;
	if (opening)
		record->flags |= IPVSCOPE_FLAG_OPENING;
	emit(record);
	record->kind = 0;
}

/* What the store of opening packets knew of a packet (openings.bpf.h). */
struct opening_history {
	bool recorded;
	__u32 isn;
	__u32 delay_us;
	__u32 drops;
};

/*
 * Handles a scheduled packet that found no entry. It is notable if no server could be chosen, if
 * the chosen one has weight 0 (a persistence template names it), or if it is not the first copy.
 * `history`: recorded if the lookup tracked the packet already.
 */
static __always_inline void on_first_schedule(const void *context, struct ip_vs_service *service,
					      const struct sk_buff *skb,
					      const struct ip_vs_iphdr *iph,
					      struct ip_vs_conn *conn, int ignored,
					      struct opening_history history)
{
	struct transport transport = transport_of(skb, iph);
	/* With schedule_icmp it may be a packet quoted in an ICMP error. */
	bool opening = !(PEEK(iph, hdr_flags) & IP_VS_HDR_ICMP) &&
		       read_opening(&transport) == PACKET_OPENING;
	struct ip_vs_dest *dest = NULL;
	struct ipvscope_record tuple = {};
	struct ipvscope_pending *packet;
	struct ipvscope_record *record;
	struct pending_claim claim;
	__u32 isn = 0;
	bool stale;

	if (!conn && ignored == UNSCHEDULED_IGNORED)
		return;
	if (conn) {
		dest = PEEK(conn, dest);
		note_scheduled(skb, conn);
	}
	stale = dest && PEEK(dest, weight.counter) == 0;
	if (!describe_tuple(&tuple, PEEK(service, ipvs), PEEK(service, af), &transport, iph)) {
		count_loss(IPVSCOPE_LOSS_UNREADABLE);
		return;
	}
	describe_service(&tuple, service);
	if (conn && !stale)
		count_new(&tuple, opening);
	if (history.recorded) {
		isn = history.isn;
		tuple.delay_us = history.delay_us;
		tuple.drops = history.drops;
	} else if (opening) {
		tuple.time_ns = bpf_ktime_get_ns();
		note_opening(&tuple, &transport, &isn);
	}
	if (conn && !stale && !tuple.delay_us)
		return;
	packet = acquire_pending(context, skb, NULL, NULL, &claim);
	if (!packet)
		return;
	record = &packet->record;
	*record = tuple;
	packet->isn = isn;
	describe_packet(record, skb, opening);
	describe_identity(packet, skb, &transport);
	if (conn) {
		describe_entry(ARGUMENTS, record, conn);
		packet->observed = OBSERVED_SCHEDULED;
	} else {
		note_failure(packet, service, ignored);
	}
	if (dest)
		describe_server(ARGUMENTS, record, dest, dest_available(ARGUMENTS, dest));
	if (stale)
		record->kind = IPVSCOPE_KIND_STALE;
	publish_pending(packet, &claim);
}

static __always_inline void on_schedule(const void *context, struct ip_vs_service *service,
					const struct sk_buff *skb, const struct ip_vs_iphdr *iph,
					struct ip_vs_conn *conn, const int *ignored_at)
{
	struct ipvscope_pending *packet = NULL;
	int ignored = UNSCHEDULED_NO_SERVER;
	struct pending_claim claim;
	struct opening_history history = {};

	if (!conn)
		bpf_probe_read_kernel(&ignored, sizeof(ignored), ignored_at);
	if (!none_pending(skb))
		packet = claim_pending(context, PENDING_SKB, skb, &claim);

	/* One tracked only because it might be dropped is now handled like any other. */
	if (packet && !packet->conn_found) {
		history = (struct opening_history){
			.recorded = packet->record.flags & IPVSCOPE_FLAG_OPENING,
			.isn = packet->isn,
			.delay_us = packet->record.delay_us,
			.drops = packet->record.drops,
		};
		discard_pending(packet, &claim);
		packet = NULL;
	}
	if (!packet) {
		on_first_schedule(context, service, skb, iph, conn, ignored, history);
		return;
	}
	if (conn) {
		packet->observed |= OBSERVED_SCHEDULED;
		packet->record.flags |= IPVSCOPE_FLAG_RESCHEDULED;
		describe_new_server(&packet->record, conn, PEEK(conn, dest));
	} else {
		note_failure(packet, service, ignored);
	}
	keep_pending(&claim);
}

static __always_inline bool sent_by_ip_vs(const struct sk_buff *skb)
{
	return TYPED_ARGUMENTS ? BPF_CORE_READ_BITFIELD(skb, ipvs_property)
			       : BPF_CORE_READ_BITFIELD_PROBED(skb, ipvs_property);
}

/*
 * Notes an observation of an sk_buff whose address a tracked packet has. Returns false, and notes
 * OBSERVED_DOUBT, where it is another packet.
 */
static __always_inline bool note_observation(const void *context, const struct sk_buff *skb,
					     enum observation what, __u16 reason)
{
	struct ipvscope_pending *packet;
	struct pending_claim claim;
	bool same;

	if (none_pending(skb))
		return false;
	packet = claim_pending(context, PENDING_SKB, skb, &claim);
	if (!packet)
		return false;
	same = is_same_packet(packet, skb);
	packet->observed |= same ? what : OBSERVED_DOUBT;
	if (same && reason)
		packet->record.drop_reason = reason;
	keep_pending(&claim);
	return same;
}

/* A request for an ICMP error about the packet has returned. */
static __always_inline void on_icmp_error(const void *context, const struct sk_buff *skb, __u8 type,
					  __u8 code)
{
	if (!on_icmp_end(skb))
		return;
	on_protocol_unreachable(skb, type, code);
	note_observation(context, skb, OBSERVED_ICMP_ERROR, 0);
}

/*
 * The packet was freed as dropped. A transmit function frees what it cannot send (tx_error in
 * ip_vs_xmit.c); a packet that is pending then is reported at its verdict.
 */
static __always_inline void on_freed(const void *context, const struct sk_buff *skb, __u64 location,
				     __u16 reason)
{
	bool by_transmit = freed_by_transmit(location);

	if (!by_transmit && sent_by_ip_vs(skb)) {
		on_dropped_after(skb, reason);
		return;
	}
	/* Where the transmit functions' addresses are unknown, a packet in the hook counts as freed
	 * by ip_vs. */
	if (!by_transmit && transmit_code.end)
		return;
	if (!note_observation(context, skb, OBSERVED_FREED, reason) && by_transmit)
		on_transmit_failed(skb, reason);
}

/*
 * Returns the verdict: the first exit from the hook after the lookup decides. A forwarded packet
 * enters LOCAL_OUT, and so this hook, inside the outer call, and leaves it with NF_ACCEPT; the
 * outer NF_STOLEN then finds no record. Where the transmit function copies the packet (a tunnel),
 * the copy is sent and the outer NF_STOLEN decides: forwarded, unless the packet was freed as
 * dropped.
 *
 * Every transmit function sets ipvs_property before it sends, also to a real server on this host:
 * an accepted packet without it continues to the local stack as if ip_vs were not there.
 */
static __always_inline __u8 verdict_of(struct ipvscope_pending *packet, const struct sk_buff *skb,
				       __u32 netfilter)
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
	if (netfilter != NF_STOLEN && !sent_by_ip_vs(skb))
		return IPVSCOPE_VERDICT_PASSED;
	/* A packet that found no entry was sent by the one created for it: not rescheduled. */
	if (packet->record.flags & IPVSCOPE_FLAG_RESCHEDULED)
		return IPVSCOPE_VERDICT_RESCHEDULED;
	if (observed & OBSERVED_SCHEDULE_FAILED) {
		/* ip_vs_leave() has one way to send a packet without a server: cache_bypass. */
		packet->record.forwarding = IPVSCOPE_FORWARDING_BYPASS;
		return IPVSCOPE_VERDICT_FORWARDED;
	}
	return IPVSCOPE_VERDICT_FORWARDED;
}

/* Returns the final kind. Scheduling that failed outranks what the lookup found, except for a
 * removed server. */
static __always_inline __u8 kind_at_verdict(const struct ipvscope_pending *packet)
{
	const struct ipvscope_record *record = &packet->record;
	__u32 observed = packet->observed;

	if (record->cause == IPVSCOPE_CAUSE_TRANSMIT)
		return IPVSCOPE_KIND_UNSENT;
	if (record->kind == IPVSCOPE_KIND_UNAVAILABLE)
		return record->kind;
	if (observed & OBSERVED_SCHEDULE_FAILED)
		return IPVSCOPE_KIND_UNSCHEDULED;
	if (record->verdict == IPVSCOPE_VERDICT_DROPPED && observed & OBSERVED_SERVICE_LOOKUP &&
	    !(observed & OBSERVED_SCHEDULED))
		return IPVSCOPE_KIND_OVERLOAD;
	/* One that found no entry need not be for a virtual service at all. */
	if (record->verdict == IPVSCOPE_VERDICT_PASSED && packet->conn_found)
		return IPVSCOPE_KIND_UNSCHEDULED;
	return record->kind;
}

/* Returns the cause of a drop that no transmit function made. */
static __always_inline __u8 cause_at_verdict(const struct ipvscope_pending *packet)
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
		/* note_failure() has filled in what it observed. */
		return IPVSCOPE_CAUSE_UNSCHEDULED;
	case IPVSCOPE_KIND_OVERLOAD:
		return IPVSCOPE_CAUSE_OVERLOAD;
	}
	/* Dropped before any scheduling, with its server in the table: the hook does that for one
	 * reason only, the packet's conntrack entry. */
	return IPVSCOPE_CAUSE_CONNTRACK;
}

/* Swaps destination and new destination: see IPVSCOPE_FLAG_NEW_WEIGHT_ZERO. */
static __always_inline void swap_destinations(struct ipvscope_record *record)
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

/* Sets the delay of a connection-opening packet that got through and is not the first copy. */
static __always_inline void add_delay(struct ipvscope_record *record, __u32 delay_us)
{
	record->delay_us = delay_us;
	record->delay_bucket = delay_bucket(delay_us);
}

/* Emits a retry beside the packet's own record: it got through after dropped copies. */
static __always_inline void emit_retry(struct ipvscope_record *record, __u32 isn, __u32 delay_us,
				       __u32 drops)
{
	record->cause = end_drops(record, isn);
	record->kind = IPVSCOPE_KIND_RETRY;
	record->verdict = IPVSCOPE_VERDICT_FORWARDED;
	record->drops = drops;
	add_delay(record, delay_us);
	emit(record);
}

static __always_inline bool got_through(const struct ipvscope_record *record)
{
	return record->verdict == IPVSCOPE_VERDICT_FORWARDED ||
	       record->verdict == IPVSCOPE_VERDICT_RESCHEDULED;
}

static __always_inline bool was_refused(const struct ipvscope_record *record)
{
	return record->verdict == IPVSCOPE_VERDICT_DROPPED ||
	       record->verdict == IPVSCOPE_VERDICT_REJECTED;
}

/*
 * Puts the delay into the packet's own record: the client waited, and no observed copy was dropped.
 * A copy without an entry (the first copy's is gone) is reported for this alone.
 */
static __always_inline void add_own_delay(struct ipvscope_record *record, __u32 delay_us)
{
	record->cause = IPVSCOPE_CAUSE_UNANSWERED;
	if (!record->kind)
		record->kind = IPVSCOPE_KIND_RETRANSMIT;
	add_delay(record, delay_us);
}

/*
 * Whether the entry was expired since the lookup in a skipped run of the program.
 * ip_vs_conn_expire_now() sets the timer to now, and nothing extends it before the packet is sent.
 */
static __always_inline bool is_expired_unseen(const struct ipvscope_pending *packet)
{
	struct ip_vs_conn *conn = (void *)pointer_of(packet->conn);

	if (!packet->conn || !packet->record.expires_in_ms || packet->observed & OBSERVED_EXPIRE)
		return false;
	return (__s64)(BPF_CORE_READ(conn, timer.expires) - bpf_jiffies64()) <= 0;
}

/*
 * Whether every observation that decides the record was made. A packet that is sent after its entry
 * was expired, or after its service was looked up, has passed ip_vs_schedule(): if that was not
 * observed, the program's run was skipped.
 */
static __always_inline bool is_seen_whole(const struct ipvscope_pending *packet,
					  const struct sk_buff *skb, __u32 netfilter)
{
	__u32 observed = packet->observed;

	if (observed & OBSERVED_DOUBT)
		return false;
	if (!packet->conn_found || observed & (OBSERVED_SCHEDULED | OBSERVED_SCHEDULE_FAILED))
		return true;
	if (!(observed & (OBSERVED_EXPIRE | OBSERVED_SERVICE_LOOKUP)) && !is_expired_unseen(packet))
		return true;
	return netfilter == NF_DROP || (netfilter != NF_STOLEN && !sent_by_ip_vs(skb));
}

/* Reports the packet at its verdict. Called only if something is pending at the sk_buff. */
static __always_inline void on_verdict(const void *context, const struct sk_buff *skb,
				       __u32 netfilter)
{
	struct pending_claim claim;
	struct ipvscope_pending *packet;
	struct ipvscope_record *record;
	__u32 delay_us, drops;

	packet = claim_pending(context, PENDING_SKB, skb, &claim);
	if (!packet)
		return;
	netfilter &= NF_VERDICT_MASK;
	/* A stolen packet (NF_STOLEN) may be freed already. */
	if (netfilter != NF_STOLEN && !is_same_packet(packet, skb)) {
		keep_pending(&claim);
		return;
	}
	packet = withdraw_pending(packet, &claim);
	if (!packet)
		return;
	if (!is_seen_whole(packet, skb, netfilter)) {
		count_loss(IPVSCOPE_LOSS_UNPAIRED);
		end_pending(&claim);
		return;
	}
	record = &packet->record;
	delay_us = record->delay_us;
	drops = record->drops;
	record->delay_us = 0;
	record->drops = 0;
	record->verdict = verdict_of(packet, skb, netfilter);
	record->kind = kind_at_verdict(packet);
	if (!record->cause)
		record->cause = cause_at_verdict(packet);
	if (record->cause == IPVSCOPE_CAUSE_CONNTRACK &&
	    record->conntrack == IPVSCOPE_CONNTRACK_UNCONFIRMED)
		record->flags |= IPVSCOPE_FLAG_MISSING_FIX;
	if (packet->observed & OBSERVED_EXPIRE)
		record->flags |= IPVSCOPE_FLAG_EXPIRED;
	if (record->flags & IPVSCOPE_FLAG_NEW_WEIGHT_ZERO)
		swap_destinations(record);
	if (delay_us && !drops && got_through(record))
		add_own_delay(record, delay_us);
	/* Without a kind it was tracked only for what its client waited. */
	if (record->kind)
		emit(record);
	if (drops && got_through(record))
		emit_retry(record, packet->isn, delay_us, drops);
	else if (record->flags & IPVSCOPE_FLAG_OPENING && record->kind && was_refused(record))
		note_dropped(record, packet->isn);
	end_pending(&claim);
}

#endif
