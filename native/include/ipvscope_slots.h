/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Keys that the session knows already: their packets are counted in an array of plain numbers, one
 * a CPU and key, which the session reads in place. What it does not know yet goes another way
 * (native/bpf/output/aggregate.bpf.h), by which it gets to know it.
 */
#ifndef IPVSCOPE_SLOTS_H
#define IPVSCOPE_SLOTS_H

#include "ipvscope_record.h"

#define IPVSCOPE_SLOT_BITS 14
#define IPVSCOPE_SLOTS	   (1 << IPVSCOPE_SLOT_BITS)

#define IPVSCOPE_KEY_WORDS (IPVSCOPE_KEY_SIZE / 8)

/* The one that has the kind: no key has 0 there. */
#define IPVSCOPE_KEY_KIND_WORD 1

/*
 * A cache line. The word that has the kind is written after the others, and cleared before they
 * change: 0 there, and it is no key. In between, every program that runs is waited for: none sees
 * half of one key and half of another (native/addon/aggregate/slots.h).
 */
struct ipvscope_slot_key {
	__u64 words[IPVSCOPE_KEY_WORDS];
	__u64 reserved; /* zero */
};

/* A key has two places: this one and the one whose number differs in the last bit. */
static inline __u32 ipvscope_slot_of(const __u64 *words)
{
	/* IPv4 addresses differ in the upper half of these, and services often in the same way as
	 * their servers. */
	__u64 virtual_word = words[2] ^ words[2] >> 32;
	__u64 destination_word = words[4] ^ words[4] >> 32;
	/* Odd; side by side, so that no product waits for another. */
	__u64 hash = words[0] * 0x9e3779b97f4a7c15ULL + words[1] * 0xc2b2ae3d27d4eb4fULL +
		     virtual_word * 0x165667b19e3779f9ULL + words[3] * 0x85ebca77c2b2ae63ULL +
		     destination_word * 0x27d4eb2f165667c5ULL + words[5] * 0xd6e8feb86659fd93ULL +
		     words[6] * 0xa0761d6478bd642fULL;

	hash ^= hash >> 32;
	return hash * 0xbf58476d1ce4e5b9ULL >> (64 - IPVSCOPE_SLOT_BITS);
}

#endif
