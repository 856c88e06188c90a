/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Packets between lookup and verdict.
 *
 * A packet in the hook is named by {skb, task}. The skb alone is not enough: transmission frees it,
 * and its address may carry another packet before the outer hook returns. The task alone is not
 * enough: a local client's call is interrupted by softirq packets on the same CPU in the same task.
 * A CPU is no name at all: LOCAL_OUT runs in process context, where a task migrates. Functions that
 * get no skb meet the packet of their task through the entry that was found (conn) or through the
 * IP header description on the hook's own stack (iph).
 *
 * A packet has a slot, by its skb, and an entry for each other name. Where one of them is taken, or
 * the program cannot take it (kprobes: compare and swap came with Linux 5.12), it is kept in a map
 * by task instead, each task's packets as a stack: what interrupts a packet is over before the
 * packet goes on.
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
	/* an ICMP error about this packet was sent */
	OBSERVED_ICMP_ERROR = 16,
	/* freed as dropped by a transmit function of ip_vs */
	OBSERVED_FREED = 32,
};

/*
 * Packets live for microseconds, a few per CPU at the most. Those whose exit was not seen stay
 * until the session sweeps them out (native/addon/pending.cc).
 */
struct ipvscope_pending_slot pending_slots[IPVSCOPE_PENDING_SLOTS];
struct ipvscope_pending_name pending_names[IPVSCOPE_PENDING_SLOTS];

/* Not LRU: that would take live ones. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct ipvscope_pending_key);
	__type(value, struct ipvscope_pending);
} pending_packets SEC(".maps");

/* A pointer as a number that stands for it, here and in the other programs. */
static __always_inline __u64 number_of(enum access access, const void *name)
{
	__u64 number = (__u64)(unsigned long)name;

	/* The verifier takes the difference of two pointers for a number, but shifts none. */
	if (access == ACCESS_DIRECT)
		asm volatile("%0 -= %1" : "+r"(number) : "r"(pending_slots));
	return number;
}

static __always_inline struct ipvscope_pending_slot *slot_of(__u64 skb)
{
	return &pending_slots[ipvscope_pending_slot_of(skb)];
}

static __always_inline struct ipvscope_pending_name *name_of(__u64 number)
{
	return &pending_names[ipvscope_pending_slot_of(number)];
}

/* Nearly always true: then the programs on every packet's way return. */
static __always_inline bool none_pending(enum access access, const struct sk_buff *skb)
{
	volatile struct ipvscope_pending_slot *slot = slot_of(number_of(access, skb));

	return !(slot->owner | slot->spilled);
}

static __always_inline bool none_named(enum access access, const struct ip_vs_iphdr *iph)
{
	volatile struct ipvscope_pending_name *name = name_of(number_of(access, iph));

	return !(name->owner | name->spilled);
}

static __always_inline bool take(__u64 *owner, __u64 number)
{
	return !__sync_val_compare_and_swap(owner, 0, number);
}

static __always_inline void give_back(__u64 *owner)
{
	*(volatile __u64 *)owner = 0;
}

static __always_inline bool take_names(__u64 iph, __u64 conn, __u64 owner)
{
	if (!take(&name_of(iph)->owner, owner))
		return false;
	if (take(&name_of(conn)->owner, owner))
		return true;
	give_back(&name_of(iph)->owner);
	return false;
}

static __always_inline void give_back_slot(struct ipvscope_pending_slot *slot)
{
	if (slot->packet.iph) {
		give_back(&name_of(slot->packet.iph)->owner);
		give_back(&name_of(slot->packet.conn)->owner);
	}
	give_back(&slot->owner);
}

/*
 * A slot for the packet, empty but for its names; NULL where it has to be kept by remember(). conn:
 * NULL where it is to be met by its skb alone.
 */
static __always_inline struct ipvscope_pending_slot *
take_slot(const struct sk_buff *skb, const struct ip_vs_iphdr *iph, const struct ip_vs_conn *conn)
{
	__u64 owner = number_of(ACCESS_DIRECT, skb);
	__u64 iph_name = conn ? number_of(ACCESS_DIRECT, iph) : 0;
	__u64 conn_name = conn ? number_of(ACCESS_DIRECT, conn) : 0;
	struct ipvscope_pending_slot *slot = slot_of(owner);

	if (!take(&slot->owner, owner))
		return NULL;
	if (conn && !take_names(iph_name, conn_name, owner)) {
		give_back(&slot->owner);
		return NULL;
	}
	slot->task = bpf_get_current_task();
	__builtin_memset(&slot->packet, 0, sizeof(slot->packet));
	slot->packet.skb = owner;
	slot->packet.conn = conn_name;
	slot->packet.iph = iph_name;
	return slot;
}

/* Where a packet was found. */
struct pending_place {
	struct ipvscope_pending_slot *slot; /* NULL: in the map, at key */
	struct ipvscope_pending_key key;
};

enum pending_name {
	PENDING_SKB,
	PENDING_CONN,
	PENDING_IPH,
};

static __always_inline bool is_named(const struct ipvscope_pending *packet, enum pending_name kind,
				     __u64 name)
{
	return name == (kind == PENDING_SKB    ? packet->skb
			: kind == PENDING_CONN ? packet->conn
					       : packet->iph);
}

/* The slot of this task's packet that has the name, NULL where no slot has it. */
static __always_inline struct ipvscope_pending_slot *find_slot(enum pending_name kind, __u64 name,
							       __u64 task)
{
	__u64 owner = kind == PENDING_SKB ? name : *(volatile __u64 *)&name_of(name)->owner;
	struct ipvscope_pending_slot *slot = slot_of(owner);

	if (!owner || *(volatile __u64 *)&slot->owner != owner || slot->task != task)
		return NULL;
	return is_named(&slot->packet, kind, name) ? slot : NULL;
}

static __always_inline bool may_be_spilled(enum pending_name kind, __u64 name)
{
	switch (kind) {
	case PENDING_SKB:
		return *(volatile __u64 *)&slot_of(name)->spilled;
	case PENDING_IPH:
		return *(volatile __u64 *)&name_of(name)->spilled;
	case PENDING_CONN:
		/* Asked for so seldom that nobody counts them. */
		return true;
	}
	return true;
}

/* The packet of this task that has the name. */
static __always_inline struct ipvscope_pending *find_pending(enum access access,
							     enum pending_name kind,
							     const void *pointer,
							     struct pending_place *place)
{
	__u64 name = number_of(access, pointer);
	struct ipvscope_pending *packet;

	place->slot = NULL;
	place->key.task = bpf_get_current_task();
	if (access == ACCESS_DIRECT) {
		place->slot = find_slot(kind, name, place->key.task);
		if (place->slot)
			return &place->slot->packet;
	}
	if (!may_be_spilled(kind, name))
		return NULL;
#pragma unroll
	for (__u64 depth = 0; depth < IPVSCOPE_PENDING_DEPTH; depth++) {
		place->key.depth = depth;
		packet = bpf_map_lookup_elem(&pending_packets, &place->key);
		if (!packet)
			return NULL;
		if (is_named(packet, kind, name))
			return packet;
	}
	return NULL;
}

static __always_inline void count_spilled(const struct ipvscope_pending *packet, __u64 by)
{
	__sync_fetch_and_add(&slot_of(packet->skb)->spilled, by);
	if (packet->iph)
		__sync_fetch_and_add(&name_of(packet->iph)->spilled, by);
}

/* Once decided, a packet counts no more, even where its entry cannot be deleted. */
static __always_inline void forget(struct pending_place *place, struct ipvscope_pending *packet)
{
	if (place->slot) {
		give_back_slot(place->slot);
		return;
	}
	if (!packet->decided)
		count_spilled(packet, -1);
	packet->decided = 1;
	bpf_map_delete_elem(&pending_packets, &place->key);
}

/*
 * A packet whose exit was not seen (its program was skipped because the same program was running
 * on the CPU already) must not lend its record to a later packet at the same address.
 */
static __always_inline void forget_unpaired(enum access access, const struct sk_buff *skb)
{
	struct pending_place place;
	struct ipvscope_pending *packet;

	if (none_pending(access, skb))
		return;
	packet = find_pending(access, PENDING_SKB, skb, &place);
	if (!packet)
		return;
	if (!packet->decided)
		count_loss(IPVSCOPE_LOSS_UNPAIRED);
	forget(&place, packet);
}

/* Keeps a packet that has no slot. iph, conn: NULL where it is not to be met by them. */
static __always_inline void remember(enum access access, const struct sk_buff *skb,
				     const struct ip_vs_iphdr *iph, const struct ip_vs_conn *conn,
				     struct ipvscope_pending *packet)
{
	struct ipvscope_pending_key key = {.task = bpf_get_current_task()};

	packet->skb = number_of(access, skb);
	packet->iph = iph ? number_of(access, iph) : 0;
	packet->conn = conn ? number_of(access, conn) : 0;
#pragma unroll
	for (__u64 depth = 0; depth < IPVSCOPE_PENDING_DEPTH; depth++) {
		key.depth = depth;
		if (!bpf_map_update_elem(&pending_packets, &key, packet, BPF_NOEXIST)) {
			count_spilled(packet, 1);
			return;
		}
	}
	count_loss(IPVSCOPE_LOSS_PENDING_FULL);
}

#endif
