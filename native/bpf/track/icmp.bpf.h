/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Observes whether a requested ICMP error about a packet was sent.
 *
 * __icmp_send() and icmp6_send() return nothing, and send nothing beyond the rate limits
 * (net.ipv4.icmp_ratelimit, icmp_msgs_per_sec): by default six at once, then one a second to each
 * client. An error that is sent passes ip_push_pending_frames() or ip6_push_pending_frames() while
 * they run.
 */
#ifndef IPVSCOPE_ICMP_BPF_H
#define IPVSCOPE_ICMP_BPF_H

#include "../output/losses.bpf.h"
#include "../kernel/skb.bpf.h"

/* The errors that a task is sending: its own, and that of a softirq which interrupts it. */
struct icmp_error {
	__u64 sent; /* 0 or 1 */
	__u64 outer_sent;
	__u64 depth;
};

/* By task. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, struct icmp_error);
} icmp_errors SEC(".maps");

/* Small tables by sk_buff: a later packet with the same index replaces an earlier one. */
#define SKB_TABLE_BITS	  8
#define SKB_TABLE_ENTRIES (1 << SKB_TABLE_BITS)

static __always_inline __u64 skb_table_index(__u64 skb)
{
	return skb * 0x9e3779b97f4a7c15ULL >> (64 - SKB_TABLE_BITS);
}

/* Packets about which an error was sent lately. */

struct icmp_sent {
	__u64 skb;
	__u64 identity;
};

static struct icmp_sent icmp_sent[SKB_TABLE_ENTRIES];

/* An ICMP error is requested. */
static __always_inline void on_icmp_begin(void)
{
	__u64 task = bpf_get_current_task();
	struct icmp_error *outer = bpf_map_lookup_elem(&icmp_errors, &task);
	struct icmp_error one = {.depth = 1};

	if (outer) {
		outer->depth++;
		outer->outer_sent = outer->sent;
		outer->sent = 0;
	} else if (bpf_map_update_elem(&icmp_errors, &task, &one, BPF_ANY)) {
		count_loss(IPVSCOPE_LOSS_PENDING_FULL);
	}
}

/* The requested error is sent. */
static __always_inline void on_icmp_push(void)
{
	__u64 task = bpf_get_current_task();
	struct icmp_error *error = bpf_map_lookup_elem(&icmp_errors, &task);

	if (error)
		error->sent = 1;
}

/* The request ends. Returns whether the error was sent, and records that for the packet. */
static __always_inline bool on_icmp_end(const struct sk_buff *skb)
{
	__u64 task = bpf_get_current_task();
	struct icmp_error *error = bpf_map_lookup_elem(&icmp_errors, &task);
	struct skb_view view = {};
	struct icmp_sent *slot;
	__u64 address = address_of(skb);
	bool sent;

	if (!error)
		return false;
	sent = error->sent;
	if (error->depth > 1) {
		error->depth--;
		error->sent = error->outer_sent;
	} else {
		bpf_map_delete_elem(&icmp_errors, &task);
	}
	slot = &icmp_sent[skb_table_index(address)];
	if (sent && view_skb(&view, skb)) {
		slot->identity = view.identity;
		slot->skb = address;
	} else if (slot->skb == address) {
		slot->skb = 0;
	}
	return sent;
}

/* Returns whether an error was sent about this very packet. Clears the record: call it once. */
static __always_inline bool icmp_was_sent(const struct sk_buff *skb, const struct skb_view *view)
{
	__u64 address = address_of(skb);
	struct icmp_sent *slot = &icmp_sent[skb_table_index(address)];

	if (*(volatile __u64 *)&slot->skb != address)
		return false;
	*(volatile __u64 *)&slot->skb = 0;
	return slot->identity == view->identity;
}

#endif
