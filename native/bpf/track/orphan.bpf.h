/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Reports packets of connections without an entry: it timed out, was flushed, or was never on this
 * director. ip_vs passes them (tcp_conn_schedule() schedules a SYN alone), the local stack has no
 * socket for them, and the client gets a reset from the virtual service's address.
 *
 * They are observed where the reset is sent: ordinary packets cost nothing here.
 */
#ifndef IPVSCOPE_ORPHAN_BPF_H
#define IPVSCOPE_ORPHAN_BPF_H

#include "../output/emit.bpf.h"
#include "../output/services.bpf.h"
#include "../kernel/skb.bpf.h"

#define TCP_RST 0x04

/* ICMP errors: destination unreachable, protocol unreachable. */
#define ICMP_DEST_UNREACH  3
#define ICMP_PROT_UNREACH  2
#define ICMPV6_PARAMPROB   4
#define ICMPV6_UNK_NEXTHDR 1

/* Whether ip_vs had no entry for the packet. With one, it sets ipvs_property: the server is on this
 * node. */
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

/* tcp_v4_send_reset(), tcp_v6_send_reset(). Neither answers a reset or another host's packet. */
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
 * An ICMP error was sent: the answer to an SCTP packet at a node without SCTP
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
