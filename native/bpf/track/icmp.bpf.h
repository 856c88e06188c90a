/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Whether the ICMP error that was asked for about a packet was sent.
 *
 * __icmp_send() and icmp6_send() return nothing, and send nothing beyond the limits of
 * net.ipv4.icmp_ratelimit, icmp_msgs_per_sec and their like: by default six at once, then one a
 * second to each client. What they do send passes ip_push_pending_frames(), or
 * ip6_push_pending_frames(), in between: this is what is looked for.
 */
#ifndef IPVSCOPE_ICMP_BPF_H
#define IPVSCOPE_ICMP_BPF_H

#include "../output/losses.bpf.h"
#include "../kernel/skb.bpf.h"

/* An error about to be sent by this task, and that of the one it interrupted (a softirq's packet
 * in a task that sends one itself). */
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

/* Packets about which an error was sent lately, by their sk_buff. */
#define ICMP_SENT_SLOTS 256

struct icmp_sent {
	__u64 skb;
	__u64 identity;
};

static struct icmp_sent icmp_sent[ICMP_SENT_SLOTS];

static __always_inline struct icmp_sent *icmp_sent_slot(__u64 skb)
{
	return &icmp_sent[skb * 0x9e3779b97f4a7c15ULL >> 56];
}

/* An ICMP error is asked for. */
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

/* What was asked for is sent. */
static __always_inline void on_icmp_push(void)
{
	__u64 task = bpf_get_current_task();
	struct icmp_error *error = bpf_map_lookup_elem(&icmp_errors, &task);

	if (error)
		error->sent = 1;
}

/* True where the error that was asked for was sent; it is remembered for the packet. */
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
	slot = icmp_sent_slot(address);
	if (sent && view_skb(&view, skb)) {
		slot->identity = view.identity;
		slot->skb = address;
	} else if (slot->skb == address) {
		slot->skb = 0;
	}
	return sent;
}

/* Whether an error was sent about this very packet. To be asked once for each. */
static __always_inline bool icmp_was_sent(const struct sk_buff *skb, const struct skb_view *view)
{
	__u64 address = address_of(skb);
	struct icmp_sent *slot = icmp_sent_slot(address);

	if (*(volatile __u64 *)&slot->skb != address)
		return false;
	*(volatile __u64 *)&slot->skb = 0;
	return slot->identity == view->identity;
}

#endif
