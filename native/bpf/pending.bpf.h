/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Packets between lookup and verdict.
 *
 * A packet in the hook is named by {skb, task}. The skb alone is not enough: transmission frees it,
 * and its address may carry another packet before the outer hook returns. The task alone is not
 * enough: a local client's call is interrupted by softirq packets on the same CPU in the same task.
 * A CPU is no name at all: LOCAL_OUT runs in process context, where a task migrates.
 *
 * So they are kept by task, each task's as a stack: what interrupts a packet is over before the
 * packet goes on. Functions that get no skb meet the packet of their task through the entry that
 * was found (conn) or through the IP header description on the hook's own stack (iph).
 */
#ifndef IPVSCOPE_PENDING_BPF_H
#define IPVSCOPE_PENDING_BPF_H

#include "emit.bpf.h"
#include "../include/ipvscope_pending.h"

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
	__type(key, struct ipvscope_pending_key);
	__type(value, struct ipvscope_pending);
} pending_packets SEC(".maps");

/* Nearly always all 0: then the programs on every packet's way return without touching a map. */
__u32 pending_gates[IPVSCOPE_PENDING_GATES];

static __always_inline __u16 gate_of(enum access access, const void *name)
{
	__u64 number = (__u64)(unsigned long)name;

	/* The verifier takes the difference of two pointers for a number, but shifts none. */
	if (access == ACCESS_DIRECT)
		asm volatile("%0 -= %1" : "+r"(number) : "r"(pending_gates));
	/* An sk_buff takes 256 bytes. */
	return number >> 8 & (IPVSCOPE_PENDING_GATES - 1);
}

static __always_inline bool none_pending(enum access access, const void *name)
{
	return *(volatile __u32 *)&pending_gates[gate_of(access, name)] == 0;
}

static __always_inline void pass_gates(const struct ipvscope_pending *packet, __u32 by)
{
	__sync_fetch_and_add(&pending_gates[packet->skb_gate & (IPVSCOPE_PENDING_GATES - 1)], by);
	if (packet->iph)
		__sync_fetch_and_add(
			&pending_gates[packet->iph_gate & (IPVSCOPE_PENDING_GATES - 1)], by);
}

enum pending_name {
	PENDING_SKB,
	PENDING_CONN,
	PENDING_IPH,
};

/* The packet of this task that has the name; key is where it is. */
static __always_inline struct ipvscope_pending *
find_pending(enum pending_name kind, const void *name, struct ipvscope_pending_key *key)
{
	__u64 wanted = (__u64)(unsigned long)name;
	struct ipvscope_pending *packet;

	key->task = bpf_get_current_task();
#pragma unroll
	for (__u64 depth = 0; depth < IPVSCOPE_PENDING_DEPTH; depth++) {
		key->depth = depth;
		packet = bpf_map_lookup_elem(&pending_packets, key);
		if (!packet)
			return NULL;
		if (wanted == (kind == PENDING_SKB    ? packet->skb
			       : kind == PENDING_CONN ? packet->conn
						      : packet->iph))
			return packet;
	}
	return NULL;
}

/* Once decided, a packet counts no more, even where its entry cannot be deleted. */
static __always_inline void forget(const struct ipvscope_pending_key *key,
				   struct ipvscope_pending *packet)
{
	if (!packet->decided)
		pass_gates(packet, -1);
	packet->decided = 1;
	bpf_map_delete_elem(&pending_packets, key);
}

/*
 * A packet whose exit was not seen (its program was skipped because the same program was running
 * on the CPU already) must not lend its record to a later packet at the same address.
 */
static __always_inline void forget_unpaired(enum access access, const struct sk_buff *skb)
{
	struct ipvscope_pending_key key;
	struct ipvscope_pending *packet;

	if (none_pending(access, skb))
		return;
	packet = find_pending(PENDING_SKB, skb, &key);
	if (!packet)
		return;
	if (!packet->decided)
		count_loss(IPVSCOPE_LOSS_UNPAIRED);
	forget(&key, packet);
}

/* iph: the packet's other name, NULL where it is not to be met through it. */
static __always_inline void remember(enum access access, const struct sk_buff *skb,
				     const struct ip_vs_iphdr *iph, struct ipvscope_pending *packet)
{
	struct ipvscope_pending_key key = {.task = bpf_get_current_task()};

	packet->skb = (__u64)(unsigned long)skb;
	packet->skb_gate = gate_of(access, skb);
	if (iph) {
		packet->iph = (__u64)(unsigned long)iph;
		packet->iph_gate = gate_of(access, iph);
	}
#pragma unroll
	for (__u64 depth = 0; depth < IPVSCOPE_PENDING_DEPTH; depth++) {
		key.depth = depth;
		if (!bpf_map_update_elem(&pending_packets, &key, packet, BPF_NOEXIST)) {
			pass_gates(packet, 1);
			return;
		}
	}
	count_loss(IPVSCOPE_LOSS_PENDING_FULL);
}

#endif
