/* SPDX-License-Identifier: MIT */
/*
 * What src/aggregate/count-table.ts does, in C: records counted by their full key in an
 * open-addressing table with linear probing, at most half full, same hash, same arrays. The
 * benchmark compares two runtimes, not two algorithms.
 */
#ifndef BENCH_COUNT_TABLE_H
#define BENCH_COUNT_TABLE_H

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "ipvscope_record.h"

#define KEY_START offsetof(struct ipvscope_record, netns)
#define KEY_BYTES (sizeof(struct ipvscope_record) - KEY_START)
#define KEY_WORDS (KEY_BYTES / sizeof(__u32))

_Static_assert(KEY_BYTES % sizeof(__u32) == 0, "the key is whole words");

struct count_table {
	__u32 most_keys;
	__u32 size; /* rows in use */
	__u32 mask;
	__u32 *slots; /* row number + 1, or 0 */
	__u32 (*keys)[KEY_WORDS];
	__u64 *counts;	/* packets, by row */
	__u64 overflow; /* packets whose key found no room */
};

/* 0, or -1 where there is no memory. Freed by the process's end. */
static inline int count_table_init(struct count_table *table, __u32 most_keys)
{
	__u32 slots = 16;

	while (slots < most_keys * 2)
		slots *= 2;
	table->most_keys = most_keys;
	table->size = 0;
	table->mask = slots - 1;
	table->slots = calloc(slots, sizeof(*table->slots));
	table->keys = calloc(most_keys, sizeof(*table->keys));
	table->counts = calloc(most_keys, sizeof(*table->counts));
	table->overflow = 0;
	return table->slots && table->keys && table->counts ? 0 : -1;
}

/* As src/aggregate/count-table.ts has it. */
static inline __u32 count_table_hash(const unsigned char *key)
{
	static const __u32 factors[KEY_WORDS] = {
		0x9e3779b1, 0x85ebca6b, 0xc2b2ae35, 0x27d4eb2f, 0x165667b1, 0xd3a2646d, 0xfd7046c5,
		0xb55a4f09, 0x8cb92ba7, 0xe9b5dba5, 0x3c6ef373, 0xa54ff53b, 0x510e527f, 0x9b05688d,
	};
	__u32 hash = 0;

	for (size_t i = 0; i < KEY_WORDS; i++) {
		__u32 word;

		memcpy(&word, key + i * sizeof(word), sizeof(word));
		hash += word * factors[i];
	}
	hash = (hash ^ hash >> 16) * 0x7feb352d;
	return hash ^ hash >> 15;
}

static inline void count_table_add(struct count_table *table, const struct ipvscope_record *record)
{
	const unsigned char *key = (const unsigned char *)record + KEY_START;

	for (__u32 slot = count_table_hash(key) & table->mask;; slot = (slot + 1) & table->mask) {
		__u32 row = table->slots[slot];

		if (!row) {
			if (table->size == table->most_keys) {
				table->overflow += record->count;
				return;
			}
			memcpy(table->keys[table->size], key, KEY_BYTES);
			table->slots[slot] = ++table->size;
			table->counts[table->size - 1] = record->count;
			return;
		}
		if (!memcmp(table->keys[row - 1], key, KEY_BYTES)) {
			table->counts[row - 1] += record->count;
			return;
		}
	}
}

#endif
