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
#ifndef IPVSCOPE_COALESCE_BPF_H
#define IPVSCOPE_COALESCE_BPF_H

#include "losses.bpf.h"
#include "services.bpf.h"
#include "../../include/ipvscope_slots.h"

/* Of a key that is not known. */
struct coalesced_sum {
	__u64 packets;
	__u64 delay_us; /* of all of them together */
};

#define COALESCED_TABLE(name, kind, entries)                                                       \
	struct {                                                                                   \
		__uint(type, kind);                                                                \
		__uint(max_entries, entries);                                                      \
		__uint(key_size, IPVSCOPE_KEY_SIZE);                                               \
		__type(value, struct coalesced_sum);                                               \
	} name SEC(".maps")

/*
 * One value for all CPUs: a key is here for two seconds, then it is known; a value for each CPU
 * that there could be would take 256 KiB of each.
 */
COALESCED_TABLE(coalesced_even, BPF_MAP_TYPE_HASH, 8192);
COALESCED_TABLE(coalesced_odd, BPF_MAP_TYPE_HASH, 8192);
/* Few keys, in use when there are most packets: a value for each CPU. It is added to atomically all
 * the same: a softirq may interrupt a task's packet. */
COALESCED_TABLE(folded_even, BPF_MAP_TYPE_PERCPU_HASH, 1024);
COALESCED_TABLE(folded_odd, BPF_MAP_TYPE_PERCPU_HASH, 1024);

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, IPVSCOPE_KNOWN_KEYS);
	__type(key, __u32);
	__type(value, struct ipvscope_known_key);
} known_keys SEC(".maps");

/* Packets: of CPU c and place p at c * IPVSCOPE_KNOWN_KEYS + p. The session sets the number. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, IPVSCOPE_KNOWN_KEYS);
	__type(key, __u32);
	__type(value, __u64);
} known_counts SEC(".maps");

/* Which tables are added to now: 0 even, 1 odd; set by the session. */
__u32 coalesced_active;

enum coalesced_place {
	COALESCED_EVEN,
	COALESCED_ODD,
	COALESCED_KNOWN,
	COALESCED_PLACES,
	/* No room anywhere. */
	COALESCED_NOWHERE = COALESCED_PLACES,
};

/* Whether anything was added there since the session last looked: else it need not look again. */
bool coalesced_used[COALESCED_PLACES];

static __always_inline bool add_to(void *table, const void *key, __u32 delay_us)
{
	struct coalesced_sum one = {.packets = 1, .delay_us = delay_us};
	struct coalesced_sum *sum = bpf_map_lookup_elem(table, key);

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
static __always_inline bool add_folded(void *table, const struct ipvscope_record *record)
{
	/* The key alone, where a record would have it: the stack has no room for another record. */
	__u64 words[IPVSCOPE_KEY_WORDS] = {};
	struct ipvscope_record *folded = (void *)words - IPVSCOPE_KEY_OFFSET;

	folded->kind = record->kind;
	folded->verdict = record->verdict;
	folded->conn_state = record->conn_state;
	folded->protocol = record->protocol;
	folded->forwarding = record->forwarding;
	folded->delay_place = record->delay_place;
	folded->flags = record->flags;
	folded->cause = record->cause;
	folded->scheduler = record->scheduler;
	if (!add_to(table, words, record->delay_us))
		return false;
	count_loss(IPVSCOPE_LOSS_FOLDED);
	return true;
}

static __always_inline bool is_key(const struct ipvscope_known_key *known, const __u64 *words)
{
	__u64 difference = 0;

#pragma unroll
	for (int i = 0; i < IPVSCOPE_KEY_WORDS; i++)
		difference |= known->words[i] ^ words[i];
	return !difference;
}

/* False where the session does not know the key (yet). */
static __always_inline bool count_known(const struct ipvscope_record *record)
{
	const __u64 *words = key_of(record);
	__u32 place = ipvscope_known_place(words);

#pragma unroll
	for (__u32 way = 0; way < 2; way++) {
		__u32 at = place ^ way;
		struct ipvscope_known_key *known = bpf_map_lookup_elem(&known_keys, &at);
		__u64 *packets;

		if (!known || !is_key(known, words))
			continue;
		at += bpf_get_smp_processor_id() * IPVSCOPE_KNOWN_KEYS;
		packets = bpf_map_lookup_elem(&known_counts, &at);
		/* A CPU that was not there when the session began. */
		if (!packets)
			return false;
		__sync_fetch_and_add(packets, 1);
		return true;
	}
	return false;
}

static __always_inline enum coalesced_place add_up(const struct ipvscope_record *record)
{
	/* Of a delay there is more to add up than one number. */
	if (!record->delay_us && count_known(record))
		return COALESCED_KNOWN;
	/* Not yet, or no longer, known: seldom. */
	if (record->kind == IPVSCOPE_KIND_NEW)
		learn_service(record);
	if (*(volatile __u32 *)&coalesced_active)
		return add_to(&coalesced_odd, key_of(record), record->delay_us) ||
				       add_folded(&folded_odd, record)
			       ? COALESCED_ODD
			       : COALESCED_NOWHERE;
	return add_to(&coalesced_even, key_of(record), record->delay_us) ||
			       add_folded(&folded_even, record)
		       ? COALESCED_EVEN
		       : COALESCED_NOWHERE;
}

enum coalesced {
	COALESCED,
	/* The first since the session last looked. */
	COALESCED_FIRST,
	COALESCED_NOT,
};

/*
 * Looks before it writes: a line that is only read stays with every CPU. After the addition, which
 * is a full barrier: the session clears first and reads then (x86-64; elsewhere what is missed is
 * read with the next packet's).
 */
static __always_inline enum coalesced coalesce(const struct ipvscope_record *record)
{
	enum coalesced_place place = add_up(record);

	if (place >= COALESCED_PLACES)
		return COALESCED_NOT;
	if (*(volatile bool *)&coalesced_used[place])
		return COALESCED;
	*(volatile bool *)&coalesced_used[place] = true;
	return COALESCED_FIRST;
}

#endif
