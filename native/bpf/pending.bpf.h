/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Packets between lookup and verdict.
 *
 * A packet in the hook is named by {skb, task}. The skb alone is not enough: transmission frees it,
 * and its address may carry another packet before the outer hook returns. The task alone is not
 * enough: a local client's call is interrupted by softirq packets on the same CPU in the same task.
 * A CPU is no name at all: LOCAL_OUT runs in process context, where a task migrates.
 *
 * Functions that get no skb are met through a second name of the same packet: the entry that was
 * found ({conn, task}) or the IP header description on the hook's own stack ({iph, task}).
 */
#ifndef IPVSCOPE_PENDING_BPF_H
#define IPVSCOPE_PENDING_BPF_H

#include "emit.bpf.h"

struct pending_key {
	__u64 object;
	__u64 task;
};

/* The session's sweep (native/addon/session.cc) reads the first member and the last. */
struct pending_packet {
	struct ipvscope_record record;
	__u64 conn; /* its two names; 0 where nothing is to be met through them */
	__u64 iph;
	__u32 observed; /* enum observation */
	__u32 number; /* the opening number (openings.bpf.h), where the packet opens a connection */
	__u32 conn_found; /* the lookup found an entry; else it was made for this packet */
	__u32 decided; /* its verdict is known; only a failed delete leaves such an entry behind */
};

/* What the kernel was seen to do with the packet since the lookup. */
enum observation {
	/* ip_vs_conn_expire_now() on the entry found */
	OBSERVED_EXPIRE = 1,
	/* ip_vs_service_find() for this packet: it is being scheduled */
	OBSERVED_SERVICE_LOOKUP = 2,
	/* ip_vs_schedule() gave an entry */
	OBSERVED_SCHEDULED = 4,
	/* ip_vs_schedule() gave none */
	OBSERVED_SCHEDULE_FAILED = 8,
	/* an ICMP error about this packet was asked for */
	OBSERVED_ICMP_ERROR = 16,
	/* freed as dropped (kfree_skb, not consume_skb) while still in the hook */
	OBSERVED_FREED = 32,
};

/*
 * Entries live for microseconds, a few per CPU at the most. Those whose exit was not seen stay
 * until the session sweeps them out (native/addon/session.cc). Not LRU: that would take live ones.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct pending_key);
	__type(value, struct pending_packet);
} pending_packets SEC(".maps");

/* {conn or iph, task} to the skb. What is left behind here is overwritten or makes room (LRU). */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 32768);
	__type(key, struct pending_key);
	__type(value, __u64);
} pending_names SEC(".maps");

/*
 * How many packets are between lookup and verdict now, never too low. Nearly always 0: then the
 * programs on every packet's way return without touching a map.
 */
__s64 pending_count;

static __always_inline bool nothing_pending(void)
{
	return *(volatile __s64 *)&pending_count == 0;
}

static __always_inline struct pending_key key_of(const void *object)
{
	struct pending_key key = {
		.object = (__u64)(unsigned long)object,
		.task = bpf_get_current_task(),
	};

	return key;
}

static __always_inline struct pending_packet *pending_of(const struct sk_buff *skb)
{
	struct pending_key key = key_of(skb);

	return bpf_map_lookup_elem(&pending_packets, &key);
}

/* The packet in flight that is also known as conn or iph. */
static __always_inline struct pending_packet *pending_named(const void *name)
{
	struct pending_key key = key_of(name);
	__u64 *skb = bpf_map_lookup_elem(&pending_names, &key);

	if (!skb)
		return NULL;
	key.object = *skb;
	return bpf_map_lookup_elem(&pending_packets, &key);
}

/* Once decided, a packet counts no more, even where its entry cannot be deleted. */
static __always_inline void forget(const struct sk_buff *skb, struct pending_packet *packet)
{
	struct pending_key key = key_of(skb);

	if (packet->iph) {
		key.object = packet->conn;
		bpf_map_delete_elem(&pending_names, &key);
		key.object = packet->iph;
		bpf_map_delete_elem(&pending_names, &key);
		key.object = (__u64)(unsigned long)skb;
	}
	if (!packet->decided)
		__sync_fetch_and_add(&pending_count, -1);
	packet->decided = 1;
	bpf_map_delete_elem(&pending_packets, &key);
}

/*
 * A packet whose exit was not seen (its program was skipped because the same program was running
 * on the CPU already) must not lend its record to a later packet at the same address.
 */
static __always_inline void forget_unpaired(const struct sk_buff *skb)
{
	struct pending_packet *packet;

	if (nothing_pending())
		return;
	packet = pending_of(skb);
	if (!packet)
		return;
	if (!packet->decided)
		count_loss(IPVSCOPE_LOSS_UNPAIRED);
	forget(skb, packet);
}

static __always_inline void remember(const struct sk_buff *skb, struct pending_packet *packet)
{
	struct pending_key key = key_of(skb);
	__u64 address = key.object;

	if (bpf_map_update_elem(&pending_packets, &key, packet, BPF_ANY)) {
		count_loss(IPVSCOPE_LOSS_PENDING_FULL);
		return;
	}
	__sync_fetch_and_add(&pending_count, 1);
	if (!packet->iph)
		return;
	key.object = packet->conn;
	if (packet->conn && bpf_map_update_elem(&pending_names, &key, &address, BPF_ANY))
		goto unnamed;
	key.object = packet->iph;
	if (bpf_map_update_elem(&pending_names, &key, &address, BPF_ANY))
		goto unnamed;
	return;
unnamed:
	/* Without its names, what happens to it would not be seen: better no record than a wrong
	 * one. */
	packet = pending_of(skb);
	if (packet)
		forget(skb, packet);
	count_loss(IPVSCOPE_LOSS_PENDING_FULL);
}

#endif
