/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Packets of connections that IPVS no longer knows: their entry timed out, was flushed, or never
 * came to this director. ip_vs passes them (tcp_conn_schedule() schedules a SYN alone), the local
 * stack has no socket for them, and the client gets a reset from the virtual service's address.
 *
 * They are met where the reset is sent: ordinary packets never come here.
 */
#ifndef IPVSCOPE_ORPHAN_BPF_H
#define IPVSCOPE_ORPHAN_BPF_H

#include "../output/emit.bpf.h"
#include "../output/services.bpf.h"
#include "../kernel/skb.bpf.h"

#define TCP_RST 0x04

/* Of an ICMP error: destination unreachable, protocol unreachable. */
#define ICMP_DEST_UNREACH  3
#define ICMP_PROT_UNREACH  2
#define ICMPV6_PARAMPROB   4
#define ICMPV6_UNK_NEXTHDR 1

/* A packet that ip_vs had an entry for has ipvs_property set: its server is on this node. */
static __always_inline bool passed_by_ip_vs(const struct sk_buff *skb)
{
	return !BPF_CORE_READ_BITFIELD_PROBED(skb, ipvs_property);
}

static __always_inline void emit_orphan(const struct sk_buff *skb, const struct skb_view *view)
{
	struct ipvscope_record record = {};

	describe_skb(&record, view, skb);
	if (record.flags & IPVSCOPE_FLAG_OPENING ||
	    !find_service(&record, BPF_CORE_READ(skb, mark)))
		return;
	record.kind = IPVSCOPE_KIND_ORPHAN;
	record.verdict = IPVSCOPE_VERDICT_REJECTED;
	emit(&record);
}

/* tcp_v4_send_reset(), tcp_v6_send_reset(): neither answers a reset, or a packet to others. */
static __always_inline void on_reset(const struct sk_buff *skb)
{
	struct skb_view view = {};
	__u8 flags = 0;

	if (!passed_by_ip_vs(skb) || !view_skb(&view, skb) || view.protocol != IPPROTO_TCP ||
	    !view.transport ||
	    bpf_probe_read_kernel(&flags, 1, view.transport + TCP_FLAGS_OFFSET) || flags & TCP_RST)
		return;
	emit_orphan(skb, &view);
}

/*
 * An SCTP packet at a node without SCTP is answered by an ICMP error, which was sent
 * (ip_local_deliver_finish(), ip6_protocol_deliver_rcu()).
 */
static __always_inline void on_protocol_unreachable(const struct sk_buff *skb, __u8 type, __u8 code)
{
	struct skb_view view = {};

	if (!passed_by_ip_vs(skb) || !view_skb(&view, skb) || view.protocol != IPPROTO_SCTP)
		return;
	if (view.family == AF_INET ? type == ICMP_DEST_UNREACH && code == ICMP_PROT_UNREACH
				   : type == ICMPV6_PARAMPROB && code == ICMPV6_UNK_NEXTHDR)
		emit_orphan(skb, &view);
}

#endif
