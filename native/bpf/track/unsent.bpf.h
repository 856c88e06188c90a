/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Reports packets that IPVS had a server for and that did not leave this node. They are observed
 * where the kernel frees them as dropped (tracepoint kfree_skb). Ordinary packets are freed by
 * consume_skb(), and cost nothing here.
 */
#ifndef IPVSCOPE_UNSENT_BPF_H
#define IPVSCOPE_UNSENT_BPF_H

#include "../output/emit.bpf.h"
#include "icmp.bpf.h"
#include "openings.bpf.h"
#include "pending.bpf.h"
#include "../output/services.bpf.h"
#include "../../include/ipvscope_transmit.h"

/* Code of the transmit functions of ip_vs; all zero: unknown. Set before load. */
const volatile struct ipvscope_code_range transmit_functions[IPVSCOPE_TRANSMIT_RANGES];
/* Spans all of them. */
const volatile struct ipvscope_code_range transmit_code;

/* The entry made last for a packet. */
struct scheduled {
	__u64 skb;
	__u64 conn;
};

static struct scheduled scheduled[SKB_TABLE_ENTRIES];

static __always_inline void note_scheduled(const struct sk_buff *skb, const struct ip_vs_conn *conn)
{
	__u64 id = id_of(skb);
	struct scheduled *slot = &scheduled[skb_table_index(id)];

	if (TYPED_ARGUMENTS)
		note_pending_address();
	slot->conn = id_of(conn);
	slot->skb = id;
}

static __always_inline bool freed_by_transmit(__u64 location)
{
	if (location < transmit_code.start || location >= transmit_code.end)
		return false;
#pragma unroll
	for (int i = 0; i < IPVSCOPE_TRANSMIT_RANGES; i++)
		if (location >= transmit_functions[i].start && location < transmit_functions[i].end)
			return true;
	return false;
}

static __always_inline bool is_entry_of(struct ip_vs_conn *conn,
					const struct ipvscope_record *record)
{
	__u8 client[16] = {}, virtual_address[16] = {};

	if (BPF_CORE_READ(conn, cport) != record->client_port ||
	    BPF_CORE_READ(conn, vport) != record->virtual_port)
		return false;
	read_address(POINTERS_RAW, client, record->family, &conn->caddr);
	read_address(POINTERS_RAW, virtual_address, record->family, &conn->vaddr);
	return same_address(client, record->client_address) &&
	       same_address(virtual_address, record->virtual_address);
}

/*
 * Fills in the server, where the entry was made for this packet. The table's element may belong to
 * an earlier packet at the same address, and its entry be freed: it counts only if the entry has
 * this packet's addresses and ports.
 */
static __always_inline void describe_scheduled(struct ipvscope_record *record,
					       const struct sk_buff *skb)
{
	__u64 id = id_of(skb);
	struct scheduled *slot = &scheduled[skb_table_index(id)];
	struct ip_vs_conn *conn;
	struct ip_vs_dest *dest;

	if (slot->skb != id || !slot->conn)
		return;
	conn = (void *)pointer_of(slot->conn);
	if (!is_entry_of(conn, record))
		return;
	describe_entry(POINTERS_RAW, record, conn);
	dest = BPF_CORE_READ(conn, dest);
	if (dest)
		describe_server(POINTERS_RAW, record, dest, dest_available(POINTERS_RAW, dest));
}

/* Remembers the drop: a later copy that gets through ends what the client waits. */
static __always_inline void note_unsent_opening(const struct ipvscope_record *record,
						const struct skb_view *view)
{
	__u32 offset = view->protocol == IPPROTO_TCP ? TCP_ISN_OFFSET : SCTP_ISN_OFFSET;
	__u32 isn = 0;

	if (!(record->flags & IPVSCOPE_FLAG_OPENING) ||
	    !(record->flags & IPVSCOPE_FLAG_HAS_VIRTUAL) ||
	    bpf_probe_read_kernel(&isn, sizeof(isn), view->transport + offset))
		return;
	note_dropped(record, isn);
}

/* Emits the record of an unsent packet, and remembers a connection-opening one as dropped. */
static __always_inline void emit_unsent(struct ipvscope_record *record, struct skb_view *view,
					const struct sk_buff *skb, __u8 cause, __u16 reason)
{
	describe_conntrack(POINTERS_RAW, record, skb);
	record->kind = IPVSCOPE_KIND_UNSENT;
	record->verdict =
		icmp_was_sent(skb, view) ? IPVSCOPE_VERDICT_REJECTED : IPVSCOPE_VERDICT_DROPPED;
	record->cause = cause;
	record->drop_reason = reason;
	emit(record);
	note_unsent_opening(record, view);
}

/* A transmit function could not send the packet, which is as it came to ip_vs. */
static __always_inline void on_transmit_failed(const struct sk_buff *skb, __u16 reason)
{
	struct ipvscope_record record = {};
	struct skb_view view = {};

	if (!view_skb(&view, skb)) {
		count_loss(IPVSCOPE_LOSS_UNREADABLE);
		return;
	}
	describe_skb(&record, &view, skb);
	describe_scheduled(&record, skb);
	if (!(record.flags & IPVSCOPE_FLAG_SERVICE_FOUND))
		find_service(&record, BPF_CORE_READ(skb, mark));
	emit_unsent(&record, &view, skb, IPVSCOPE_CAUSE_TRANSMIT, reason);
}

/* Whether the real server is on this node: a drop by its socket is no failure to send. */
static __always_inline bool delivered_here(const struct sk_buff *skb, __u8 family)
{
	const void *route = (const void *)(BPF_CORE_READ(skb, _skb_refdst) & SKB_DST_PTRMASK);

	if (!route)
		return false;
	if (family == AF_INET)
		return BPF_CORE_READ((const struct rtable *)route, rt_flags) & RTCF_LOCAL;
	return BPF_CORE_READ((const struct rt6_info *)route, rt6i_flags) & RTF_LOCAL;
}

/*
 * Fills in client and virtual service of a packet that may have been translated: the original tuple
 * of its nf_conntrack entry, if that went to a virtual service.
 */
static __always_inline void describe_original(struct ipvscope_record *record,
					      const struct sk_buff *skb)
{
	__u8 address[16] = {};
	struct nf_conn *ct;
	__be16 port;

	if (!bpf_core_field_exists(skb->_nfct) || !bpf_core_type_exists(struct nf_conn))
		return;
	ct = (void *)(BPF_CORE_READ(skb, _nfct) & ~NFCT_INFO_MASK);
	if (!ct || BPF_CORE_READ(ct, tuplehash[0].tuple.src.l3num) != record->family)
		return;
	port = BPF_CORE_READ(ct, tuplehash[0].tuple.dst.u.all);
	read_address(POINTERS_RAW, address, record->family, &ct->tuplehash[0].tuple.dst.u3);
	if (!find_service_at(record, address, port, BPF_CORE_READ(skb, mark)))
		return;
	record->flags |= IPVSCOPE_FLAG_HAS_VIRTUAL;
	record->virtual_port = port;
	__builtin_memcpy(record->virtual_address, address, 16);
	record->client_port = BPF_CORE_READ(ct, tuplehash[0].tuple.src.u.all);
	read_address(POINTERS_RAW, record->client_address, record->family,
		     &ct->tuplehash[0].tuple.src.u3);
}

/*
 * A packet that ip_vs forwarded was freed as dropped before it left this namespace: by a later
 * hook, a queue, an unresolved neighbour. Where a packet does leave, skb_scrub_packet() clears
 * ipvs_property.
 */
static __always_inline void on_dropped_after(const struct sk_buff *skb, __u16 reason)
{
	struct ipvscope_record record = {};
	struct skb_view view = {};

	if (!view_skb(&view, skb) || delivered_here(skb, view.family))
		return;
	if (view.family == AF_INET && view.protocol == IPPROTO_IPIP) {
		/* A tunnel of ip_vs: the outer destination is the real server, the inner one the
		 * virtual service. */
		__u32 server = view.ipv4.destination;

		if (!view.transport || !view_header(&view, view.transport))
			return;
		describe_skb(&record, &view, skb);
		__builtin_memcpy(record.destination_address, &server, 4);
		record.destination_family = AF_INET;
		record.flags |= IPVSCOPE_FLAG_HAS_DESTINATION;
		find_service(&record, BPF_CORE_READ(skb, mark));
	} else {
		describe_skb(&record, &view, skb);
		/* Direct routing keeps the virtual service's address; masquerading replaces it by
		 * the real server's. */
		if (!find_service(&record, 0)) {
			__builtin_memcpy(record.destination_address, record.virtual_address, 16);
			__builtin_memset(record.virtual_address, 0, 16);
			record.destination_port = record.virtual_port;
			record.destination_family = record.family;
			record.virtual_port = 0;
			record.service_port = 0;
			record.flags &= ~IPVSCOPE_FLAG_HAS_VIRTUAL;
			record.flags |= IPVSCOPE_FLAG_HAS_DESTINATION;
			describe_original(&record, skb);
		}
	}
	emit_unsent(&record, &view, skb, IPVSCOPE_CAUSE_NODE, reason);
}

#endif
