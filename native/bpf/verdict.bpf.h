/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* From lookup to verdict: what the kernel is seen to do with a packet that was notable. */
#ifndef IPVSCOPE_VERDICT_BPF_H
#define IPVSCOPE_VERDICT_BPF_H

#include "lookup.bpf.h"
#include "retry.bpf.h"

static __always_inline void on_expire(const struct ip_vs_conn *conn)
{
	struct pending_packet *packet;

	if (nothing_pending())
		return;
	packet = pending_named(conn);
	if (packet && packet->conn == (__u64)(unsigned long)conn)
		packet->observed |= OBSERVED_EXPIRE;
}

/*
 * conn_schedule() of the transport protocols looks the virtual service up by the address inside the
 * hook's own ip_vs_iphdr, before the SYN-flood defence may drop the packet and before
 * ip_vs_schedule() is called: the only sign that a packet came as far as to be scheduled.
 */
static __always_inline void on_service_lookup(const union nf_inet_addr *address)
{
	struct pending_packet *packet;
	const void *iph;

	if (nothing_pending())
		return;
	iph = (const void *)address - bpf_core_field_offset(struct ip_vs_iphdr, daddr);
	packet = pending_named(iph);
	if (packet && packet->iph == (__u64)(unsigned long)iph)
		packet->observed |= OBSERVED_SERVICE_LOOKUP;
}

/*
 * A packet that found no entry is met here for the first time. It becomes notable when no server
 * could be chosen, when the one chosen has weight 0 (a persistence template names it), or when
 * copies of it were dropped before.
 */
static __always_inline void on_first_schedule(struct ip_vs_service *service,
					      const struct sk_buff *skb,
					      const struct ip_vs_iphdr *iph,
					      struct ip_vs_conn *conn)
{
	struct netns_ipvs *ipvs = BPF_CORE_READ(service, ipvs);
	struct pending_packet packet = {};
	struct ipvscope_record *record = &packet.record;
	struct ip_vs_dest *dest = NULL;
	bool opening, stale;

	opening = read_opening(skb, iph) == PACKET_OPENING;
	if (conn)
		dest = BPF_CORE_READ(conn, dest);
	stale = dest && BPF_CORE_READ(dest, weight.counter) == 0;
	if (opening)
		note_opening(ipvs, skb, iph, &packet.number);
	if (conn && !stale && !(opening && may_end_drops()))
		return;
	if (!describe_packet(record, ipvs, BPF_CORE_READ(service, af), skb, iph, opening)) {
		count_loss(IPVSCOPE_LOSS_UNREADABLE);
		return;
	}
	record->fwmark = BPF_CORE_READ(service, fwmark);
	if (conn) {
		record->conn_state = BPF_CORE_READ(conn, state);
		record->forwarding = BPF_CORE_READ(conn, flags) & IP_VS_CONN_F_FWD_MASK;
		record->expires_in_ms = expires_in_ms(conn);
		packet.observed = OBSERVED_SCHEDULED;
	} else {
		packet.observed = OBSERVED_SCHEDULE_FAILED;
	}
	if (dest)
		describe_server(record, dest, dest_available(dest));
	if (stale)
		record->kind = IPVSCOPE_KIND_STALE;
	packet.conn = (__u64)(unsigned long)conn;
	packet.iph = (__u64)(unsigned long)iph;
	remember(skb, &packet);
}

static __always_inline void on_schedule(struct ip_vs_service *service, const struct sk_buff *skb,
					const struct ip_vs_iphdr *iph, struct ip_vs_conn *conn)
{
	struct pending_packet *packet = nothing_pending() ? NULL : pending_of(skb);
	struct ip_vs_dest *dest;

	if (!packet) {
		on_first_schedule(service, skb, iph, conn);
		return;
	}
	if (!conn) {
		packet->observed |= OBSERVED_SCHEDULE_FAILED;
		return;
	}
	packet->observed |= OBSERVED_SCHEDULED;
	packet->record.flags |= IPVSCOPE_FLAG_RESCHEDULED;
	dest = BPF_CORE_READ(conn, dest);
	if (dest)
		describe_new_server(&packet->record, dest);
}

/* icmp_send() and icmpv6_send() for a packet in the hook: its sender is told. */
static __always_inline void on_icmp_error(const struct sk_buff *skb)
{
	struct pending_packet *packet;

	if (nothing_pending())
		return;
	packet = pending_of(skb);
	if (packet)
		packet->observed |= OBSERVED_ICMP_ERROR;
}

/*
 * The first exit after the lookup decides. A packet that is sent on enters LOCAL_OUT, and so this
 * hook, inside the outer call, and leaves it there with NF_ACCEPT; the outer NF_STOLEN then finds
 * nothing. An outer NF_STOLEN that still finds the packet means that it did not get that far: the
 * transmit function freed it (no route, no memory), or an earlier LOCAL_OUT hook took it.
 */
static __always_inline __u8 judge(struct pending_packet *packet, __u32 netfilter)
{
	__u32 observed = packet->observed;

	if (netfilter == NF_STOLEN)
		packet->record.flags |= IPVSCOPE_FLAG_NOT_TRANSMITTED;
	if (netfilter == NF_DROP || netfilter == NF_STOLEN)
		return observed & OBSERVED_ICMP_ERROR ? IPVSCOPE_VERDICT_REJECTED
						      : IPVSCOPE_VERDICT_DROPPED;
	if (packet->record.flags & IPVSCOPE_FLAG_RESCHEDULED)
		return IPVSCOPE_VERDICT_RESCHEDULED;
	if (observed & OBSERVED_SCHEDULED)
		return IPVSCOPE_VERDICT_FORWARDED;
	if (observed & (OBSERVED_EXPIRE | OBSERVED_SERVICE_LOOKUP | OBSERVED_SCHEDULE_FAILED))
		return IPVSCOPE_VERDICT_PASSED;
	return IPVSCOPE_VERDICT_FORWARDED;
}

/* A packet that needed a new server and got none has that as its news, unless its own is gone. */
static __always_inline __u8 judge_kind(const struct ipvscope_record *record, __u32 observed)
{
	if (record->kind == IPVSCOPE_KIND_UNAVAILABLE)
		return record->kind;
	if (observed & OBSERVED_SCHEDULE_FAILED || record->verdict == IPVSCOPE_VERDICT_PASSED)
		return IPVSCOPE_KIND_UNSCHEDULED;
	if (record->verdict == IPVSCOPE_VERDICT_DROPPED && observed & OBSERVED_SERVICE_LOOKUP &&
	    !(observed & OBSERVED_SCHEDULED))
		return IPVSCOPE_KIND_OVERLOAD;
	return record->kind;
}

/* Beside a packet's own record: that it got through, and what came before. */
static __always_inline void emit_retry(struct pending_packet *packet)
{
	struct ipvscope_record *record = &packet->record;

	if (!ends_drops(record, packet->number))
		return;
	record->kind = IPVSCOPE_KIND_RETRY;
	record->verdict = IPVSCOPE_VERDICT_FORWARDED;
	emit(record);
}

static __always_inline void on_verdict(const struct sk_buff *skb, __u32 netfilter)
{
	struct pending_packet *packet;
	struct ipvscope_record *record;

	if (nothing_pending())
		return;
	packet = pending_of(skb);
	if (!packet)
		return;
	record = &packet->record;
	record->verdict = judge(packet, netfilter & NF_VERDICT_MASK);
	record->kind = judge_kind(record, packet->observed);
	if (packet->observed & OBSERVED_EXPIRE)
		record->flags |= IPVSCOPE_FLAG_EXPIRED;
	/* Without a kind it is remembered only for the drops it may end. */
	if (record->kind)
		emit(record);
	if (record->flags & IPVSCOPE_FLAG_OPENING) {
		if (record->verdict == IPVSCOPE_VERDICT_DROPPED)
			note_dropped(record, packet->number);
		else
			emit_retry(packet);
	}
	forget(skb, packet);
}

#endif
