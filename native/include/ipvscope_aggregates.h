/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Aggregation: packets counted by the record's key instead of delivered one by one. The probe adds
 * (native/bpf/output/aggregate.bpf.h), the session reads (native/addon/aggregate).
 *
 * A key that the session has interned has a slot: the probe compares the key and adds to a plain
 * number, one for each CPU, which the session reads in place. All other keys go into a hash map,
 * and where that is full, into an overflow map whose keys have no addresses. Of both maps there
 * are two, an even and an odd side: the probe adds to one while the session empties the other.
 */
#ifndef IPVSCOPE_AGGREGATES_H
#define IPVSCOPE_AGGREGATES_H

#include "ipvscope_record.h"

/* The value of a key without a slot. */
struct ipvscope_aggregate {
	__u64 packets;
	__u64 delay_us; /* sum over all packets */
};

/* Where a packet was counted. The first two are also the sides, as `active_side` numbers them. */
enum ipvscope_aggregate_store {
	IPVSCOPE_AGGREGATES_EVEN = 0,
	IPVSCOPE_AGGREGATES_ODD = 1,
	IPVSCOPE_AGGREGATES_SLOTS = 2,
};

#define IPVSCOPE_AGGREGATE_STORES 3

#define IPVSCOPE_SLOT_BITS 14
#define IPVSCOPE_SLOTS	   (1 << IPVSCOPE_SLOT_BITS)

#define IPVSCOPE_KEY_WORDS (IPVSCOPE_KEY_SIZE / 8)

/* The word that holds the kind: no key has 0 there. */
#define IPVSCOPE_KEY_KIND_WORD 1

/*
 * The key of a slot, one cache line. The kind's word is written last and cleared first: while it is
 * 0 the slot has no key. Between these writes a grace period elapses, so that no program sees half
 * of one key and half of another (native/addon/aggregate/slots.h).
 */
struct ipvscope_slot_key {
	__u64 words[IPVSCOPE_KEY_WORDS];
	__u64 reserved; /* zero */
};

/* Returns the first of a key's two slots; the other one's index differs in the last bit. */
static inline __u32 ipvscope_slot_of(const __u64 *words)
{
	/* IPv4 addresses differ in the upper half of these words, and services often in the same
	 * way as their servers. */
	__u64 virtual_word = words[2] ^ words[2] >> 32;
	__u64 destination_word = words[4] ^ words[4] >> 32;
	/* Odd factors; a sum, so that no product waits for another. */
	__u64 hash = words[0] * 0x9e3779b97f4a7c15ULL + words[1] * 0xc2b2ae3d27d4eb4fULL +
		     virtual_word * 0x165667b19e3779f9ULL + words[3] * 0x85ebca77c2b2ae63ULL +
		     destination_word * 0x27d4eb2f165667c5ULL + words[5] * 0xd6e8feb86659fd93ULL +
		     words[6] * 0xa0761d6478bd642fULL;

	hash ^= hash >> 32;
	return hash * 0xbf58476d1ce4e5b9ULL >> (64 - IPVSCOPE_SLOT_BITS);
}

#endif
