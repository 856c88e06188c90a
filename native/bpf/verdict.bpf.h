/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* From lookup to verdict: what the kernel is seen to do with a packet that was notable. */
#ifndef IPVSCOPE_VERDICT_BPF_H
#define IPVSCOPE_VERDICT_BPF_H

#include "lookup.bpf.h"

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

static __always_inline void on_schedule(struct netns_ipvs *ipvs, const struct sk_buff *skb,
					const struct ip_vs_iphdr *iph, struct ip_vs_conn *conn)
{
	struct pending_packet *packet;
	struct ip_vs_dest *dest;

	if (conn && read_opening(skb, iph) == PACKET_OPENING)
		note_opening(ipvs, skb, iph);
	if (nothing_pending())
		return;
	packet = pending_of(skb);
	if (!packet)
		return;
	if (!conn) {
		packet->observed |= OBSERVED_SCHEDULE_FAILED;
		return;
	}
	packet->observed |= OBSERVED_SCHEDULED;
	packet->record.flags |= IPVSCOPE_FLAG_RESCHEDULED;
	dest = BPF_CORE_READ(conn, dest);
	if (dest)
		describe_destination(dest, packet->record.new_destination_address,
				     &packet->record.new_destination_port,
				     &packet->record.new_destination_family);
}

/*
 * The first exit after the lookup decides. A packet that is sent on enters LOCAL_OUT, and so this
 * hook, inside the outer call, and leaves it there with NF_ACCEPT; the outer NF_STOLEN then finds
 * nothing. An outer NF_STOLEN that still finds the packet means that it did not get that far: the
 * transmit function freed it (no route, no memory), or an earlier LOCAL_OUT hook took it.
 */
static __always_inline __u8 judge(struct ipvscope_record *record, __u32 observed, __u32 netfilter)
{
	bool scheduled = observed & OBSERVED_SCHEDULED;

	if (netfilter == NF_DROP)
		return IPVSCOPE_VERDICT_DROPPED;
	if (netfilter == NF_STOLEN) {
		record->flags |= IPVSCOPE_FLAG_NOT_TRANSMITTED;
		return IPVSCOPE_VERDICT_DROPPED;
	}
	if (scheduled)
		return IPVSCOPE_VERDICT_RESCHEDULED;
	if (observed & (OBSERVED_EXPIRE | OBSERVED_SERVICE_LOOKUP | OBSERVED_SCHEDULE_FAILED))
		return IPVSCOPE_VERDICT_PASSED;
	return IPVSCOPE_VERDICT_FORWARDED;
}

static __always_inline void on_verdict(const struct sk_buff *skb, __u32 netfilter)
{
	struct pending_packet *packet;
	struct ipvscope_record *record;
	__u32 observed;

	if (nothing_pending())
		return;
	packet = pending_of(skb);
	if (!packet)
		return;
	record = &packet->record;
	observed = packet->observed;
	record->verdict = judge(record, observed, netfilter & NF_VERDICT_MASK);
	if (observed & OBSERVED_EXPIRE)
		record->flags |= IPVSCOPE_FLAG_EXPIRED;

	/* It asked for a new server: whether it got one is the news, unless its own is gone. */
	if (record->kind != IPVSCOPE_KIND_UNAVAILABLE) {
		if (observed & OBSERVED_SCHEDULE_FAILED ||
		    record->verdict == IPVSCOPE_VERDICT_PASSED)
			record->kind = IPVSCOPE_KIND_UNSCHEDULED;
		else if (record->verdict == IPVSCOPE_VERDICT_DROPPED &&
			 observed & OBSERVED_SERVICE_LOOKUP && !(observed & OBSERVED_SCHEDULED))
			record->kind = IPVSCOPE_KIND_OVERLOAD;
	}
	emit(record);
	forget(skb, packet);
}

#endif
