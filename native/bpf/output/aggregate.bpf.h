/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Aggregates packets by the record's key: kinds that nobody asked to see per packet, and whatever
 * finds no room in the ring. Detail is dropped, counts are not. The maps and their protocol are
 * described in ipvscope_aggregates.h.
 */
#ifndef IPVSCOPE_AGGREGATE_BPF_H
#define IPVSCOPE_AGGREGATE_BPF_H

#include "losses.bpf.h"
#include "services.bpf.h"
#include "../../include/ipvscope_aggregates.h"

#define AGGREGATION_MAP(name, kind, entries)                                                       \
	struct {                                                                                   \
		__uint(type, kind);                                                                \
		__uint(max_entries, entries);                                                      \
		__uint(key_size, IPVSCOPE_KEY_SIZE);                                               \
		__type(value, struct ipvscope_aggregate);                                          \
	} name SEC(".maps")

/*
 * One value for all CPUs: a key stays here for two seconds, until it has a slot. A value for each
 * possible CPU would take 256 KiB for each of them.
 */
AGGREGATION_MAP(aggregates_even, BPF_MAP_TYPE_HASH, 8192);
AGGREGATION_MAP(aggregates_odd, BPF_MAP_TYPE_HASH, 8192);
/* Few keys, in use when packets are most frequent: a value for each CPU. Additions are atomic all
 * the same: a softirq may interrupt a task's packet. */
AGGREGATION_MAP(overflow_even, BPF_MAP_TYPE_PERCPU_HASH, 1024);
AGGREGATION_MAP(overflow_odd, BPF_MAP_TYPE_PERCPU_HASH, 1024);

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, IPVSCOPE_SLOTS);
	__type(key, __u32);
	__type(value, struct ipvscope_slot_key);
} slot_keys SEC(".maps");

/* Packets: of CPU c and slot s at c * IPVSCOPE_SLOTS + s. The session sets the size. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, IPVSCOPE_SLOTS);
	__type(key, __u32);
	__type(value, __u64);
} slot_counts SEC(".maps");

/* The side that is added to now: IPVSCOPE_AGGREGATES_EVEN or _ODD. Set by the session. */
__u32 active_side;

/* Whether anything was added to a store since the session last read it. */
bool aggregates_used[IPVSCOPE_AGGREGATE_STORES];

/* In place of a store: no room in any. */
#define AGGREGATES_NO_ROOM IPVSCOPE_AGGREGATE_STORES

/* Adds one packet to a key of a map; false where the map has no room for the key. */
static __always_inline bool add_to_map(void *map, const void *key, __u32 delay_us)
{
	struct ipvscope_aggregate one = {.packets = 1, .delay_us = delay_us};
	struct ipvscope_aggregate *sum = bpf_map_lookup_elem(map, key);

	if (!sum) {
		if (!bpf_map_update_elem(map, key, &one, BPF_NOEXIST))
			return true;
		/* Another CPU has just inserted it, or the map is full. */
		sum = bpf_map_lookup_elem(map, key);
		if (!sum)
			return false;
	}
	__sync_fetch_and_add(&sum->packets, 1);
	if (delay_us)
		__sync_fetch_and_add(&sum->delay_us, delay_us);
	return true;
}

static __always_inline const void *key_of(const struct ipvscope_record *record)
{
	return (const void *)record + IPVSCOPE_KEY_OFFSET;
}

/* Adds one packet to its overflow bucket: the key without what has too many values. */
static __always_inline bool add_to_overflow(void *map, const struct ipvscope_record *record)
{
	/* The key alone, at its place in a record: the stack has no room for a second record. */
	__u64 words[IPVSCOPE_KEY_WORDS] = {};
	struct ipvscope_record *bucket = (void *)words - IPVSCOPE_KEY_OFFSET;

	bucket->kind = record->kind;
	bucket->verdict = record->verdict;
	bucket->conn_state = record->conn_state;
	bucket->protocol = record->protocol;
	bucket->forwarding = record->forwarding;
	bucket->delay_bucket = record->delay_bucket;
	bucket->flags = record->flags;
	bucket->cause = record->cause;
	bucket->scheduler = record->scheduler;
	if (!add_to_map(map, words, record->delay_us))
		return false;
	count_loss(IPVSCOPE_LOSS_OVERFLOW);
	return true;
}

static __always_inline bool slot_has_key(const struct ipvscope_slot_key *slot, const __u64 *words)
{
	__u64 difference = 0;

#pragma unroll
	for (int i = 0; i < IPVSCOPE_KEY_WORDS; i++)
		difference |= slot->words[i] ^ words[i];
	return !difference;
}

/* Counts a packet in its key's slot; false where the key has none (yet). */
static __always_inline bool count_in_slot(const struct ipvscope_record *record)
{
	const __u64 *words = key_of(record);
	__u32 first = ipvscope_slot_of(words);

#pragma unroll
	for (__u32 way = 0; way < 2; way++) {
		__u32 at = first ^ way;
		struct ipvscope_slot_key *slot = bpf_map_lookup_elem(&slot_keys, &at);
		__u64 *packets;

		if (!slot || !slot_has_key(slot, words))
			continue;
		at += bpf_get_smp_processor_id() * IPVSCOPE_SLOTS;
		packets = bpf_map_lookup_elem(&slot_counts, &at);
		/* A CPU that came online after the session began. */
		if (!packets)
			return false;
		__sync_fetch_and_add(packets, 1);
		return true;
	}
	return false;
}

/* Counts a packet somewhere and returns where; AGGREGATES_NO_ROOM where it could not. */
static __always_inline __u32 add_to_store(const struct ipvscope_record *record)
{
	/* A slot has no sum of delays. */
	if (!record->delay_us && count_in_slot(record))
		return IPVSCOPE_AGGREGATES_SLOTS;
	/* Rare from here on: the key has no slot yet, or lost it. */
	if (record->kind == IPVSCOPE_KIND_NEW)
		learn_service(record);
	if (*(volatile __u32 *)&active_side)
		return add_to_map(&aggregates_odd, key_of(record), record->delay_us) ||
				       add_to_overflow(&overflow_odd, record)
			       ? IPVSCOPE_AGGREGATES_ODD
			       : AGGREGATES_NO_ROOM;
	return add_to_map(&aggregates_even, key_of(record), record->delay_us) ||
			       add_to_overflow(&overflow_even, record)
		       ? IPVSCOPE_AGGREGATES_EVEN
		       : AGGREGATES_NO_ROOM;
}

enum aggregation {
	AGGREGATED,
	/* The first of its store since the session last read it. */
	AGGREGATED_FIRST,
	AGGREGATION_FAILED,
};

/*
 * Aggregates one packet. The flag is read before it is written: a cache line that is only read
 * stays with every CPU. And after the addition, which is a full barrier on x86-64: the session
 * clears the flag first and reads then. Elsewhere a missed packet is read with the next one.
 */
static __always_inline enum aggregation aggregate(const struct ipvscope_record *record)
{
	__u32 store = add_to_store(record);

	if (store >= IPVSCOPE_AGGREGATE_STORES)
		return AGGREGATION_FAILED;
	if (*(volatile bool *)&aggregates_used[store])
		return AGGREGATED;
	*(volatile bool *)&aggregates_used[store] = true;
	return AGGREGATED_FIRST;
}

#endif
