/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Packets added up by the record's key instead of told one by one: kinds that nobody asked to see,
 * and whatever finds no room in the ring. Detail is shed, numbers are not.
 *
 * Keys that the session knows have numbers of their own (ipvscope_slots.h): a hash, a comparison
 * and an addition. All others go into a table by which the session gets to know them, and where
 * that is full, into one without addresses. Of these tables there are two each: one is added to
 * while the session empties the other (native/addon/aggregate/aggregates.cc), so that nothing is
 * added to an element that is being taken away.
 */
#ifndef IPVSCOPE_AGGREGATE_BPF_H
#define IPVSCOPE_AGGREGATE_BPF_H

#include "losses.bpf.h"
#include "services.bpf.h"
#include "../../include/ipvscope_slots.h"

/* Of a key that is not known. */
struct aggregate_sum {
	__u64 packets;
	__u64 delay_us; /* of all of them together */
};

#define AGGREGATION_MAP(name, kind, entries)                                                       \
	struct {                                                                                   \
		__uint(type, kind);                                                                \
		__uint(max_entries, entries);                                                      \
		__uint(key_size, IPVSCOPE_KEY_SIZE);                                               \
		__type(value, struct aggregate_sum);                                               \
	} name SEC(".maps")

/*
 * One value for all CPUs: a key is here for two seconds, then it is known; a value for each CPU
 * that there could be would take 256 KiB of each.
 */
AGGREGATION_MAP(aggregates_even, BPF_MAP_TYPE_HASH, 8192);
AGGREGATION_MAP(aggregates_odd, BPF_MAP_TYPE_HASH, 8192);
/* Few keys, in use when there are most packets: a value for each CPU. It is added to atomically all
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

/* Packets: of CPU c and place p at c * IPVSCOPE_SLOTS + p. The session sets the number. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, IPVSCOPE_SLOTS);
	__type(key, __u32);
	__type(value, __u64);
} slot_counts SEC(".maps");

/* Which tables are added to now: 0 even, 1 odd; set by the session. */
__u32 active_side;

enum aggregate_store {
	AGGREGATES_EVEN,
	AGGREGATES_ODD,
	AGGREGATES_SLOTS,
	AGGREGATE_STORES,
	/* No room anywhere. */
	AGGREGATES_NO_ROOM = AGGREGATE_STORES,
};

/* Whether anything was added there since the session last looked: else it need not look again. */
bool aggregates_used[AGGREGATE_STORES];

static __always_inline bool add_to_map(void *table, const void *key, __u32 delay_us)
{
	struct aggregate_sum one = {.packets = 1, .delay_us = delay_us};
	struct aggregate_sum *sum = bpf_map_lookup_elem(table, key);

	if (!sum) {
		if (!bpf_map_update_elem(table, key, &one, BPF_NOEXIST))
			return true;
		/* Added by another CPU just now, or no room. */
		sum = bpf_map_lookup_elem(table, key);
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

/* The same without what there is too much of. */
static __always_inline bool add_to_overflow(void *table, const struct ipvscope_record *record)
{
	/* The key alone, where a record would have it: the stack has no room for another record. */
	__u64 words[IPVSCOPE_KEY_WORDS] = {};
	struct ipvscope_record *folded = (void *)words - IPVSCOPE_KEY_OFFSET;

	folded->kind = record->kind;
	folded->verdict = record->verdict;
	folded->conn_state = record->conn_state;
	folded->protocol = record->protocol;
	folded->forwarding = record->forwarding;
	folded->delay_bucket = record->delay_bucket;
	folded->flags = record->flags;
	folded->cause = record->cause;
	folded->scheduler = record->scheduler;
	if (!add_to_map(table, words, record->delay_us))
		return false;
	count_loss(IPVSCOPE_LOSS_OVERFLOW);
	return true;
}

static __always_inline bool slot_has_key(const struct ipvscope_slot_key *known, const __u64 *words)
{
	__u64 difference = 0;

#pragma unroll
	for (int i = 0; i < IPVSCOPE_KEY_WORDS; i++)
		difference |= known->words[i] ^ words[i];
	return !difference;
}

/* False where the session does not know the key (yet). */
static __always_inline bool count_in_slot(const struct ipvscope_record *record)
{
	const __u64 *words = key_of(record);
	__u32 place = ipvscope_slot_of(words);

#pragma unroll
	for (__u32 way = 0; way < 2; way++) {
		__u32 at = place ^ way;
		struct ipvscope_slot_key *known = bpf_map_lookup_elem(&slot_keys, &at);
		__u64 *packets;

		if (!known || !slot_has_key(known, words))
			continue;
		at += bpf_get_smp_processor_id() * IPVSCOPE_SLOTS;
		packets = bpf_map_lookup_elem(&slot_counts, &at);
		/* A CPU that was not there when the session began. */
		if (!packets)
			return false;
		__sync_fetch_and_add(packets, 1);
		return true;
	}
	return false;
}

static __always_inline enum aggregate_store add_to_store(const struct ipvscope_record *record)
{
	/* Of a delay there is more to add up than one number. */
	if (!record->delay_us && count_in_slot(record))
		return AGGREGATES_SLOTS;
	/* Not yet, or no longer, known: seldom. */
	if (record->kind == IPVSCOPE_KIND_NEW)
		learn_service(record);
	if (*(volatile __u32 *)&active_side)
		return add_to_map(&aggregates_odd, key_of(record), record->delay_us) ||
				       add_to_overflow(&overflow_odd, record)
			       ? AGGREGATES_ODD
			       : AGGREGATES_NO_ROOM;
	return add_to_map(&aggregates_even, key_of(record), record->delay_us) ||
			       add_to_overflow(&overflow_even, record)
		       ? AGGREGATES_EVEN
		       : AGGREGATES_NO_ROOM;
}

enum aggregation {
	AGGREGATED,
	/* The first since the session last looked. */
	AGGREGATED_FIRST,
	AGGREGATION_FAILED,
};

/*
 * Looks before it writes: a line that is only read stays with every CPU. After the addition, which
 * is a full barrier: the session clears first and reads then (x86-64; elsewhere what is missed is
 * read with the next packet's).
 */
static __always_inline enum aggregation aggregate(const struct ipvscope_record *record)
{
	enum aggregate_store place = add_to_store(record);

	if (place >= AGGREGATE_STORES)
		return AGGREGATION_FAILED;
	if (*(volatile bool *)&aggregates_used[place])
		return AGGREGATED;
	*(volatile bool *)&aggregates_used[place] = true;
	return AGGREGATED_FIRST;
}

#endif
