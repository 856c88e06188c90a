/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Packets added up by the record's key instead of told one by one: kinds that nobody asked to see,
 * and whatever finds no room in the ring. Detail is shed, numbers are not.
 *
 * Two tables: one is added to while the session empties the other (native/addon/coalesced.cc), so
 * that nothing is added to an element that is being taken away.
 */
#ifndef IPVSCOPE_COALESCE_BPF_H
#define IPVSCOPE_COALESCE_BPF_H

#include "kernel.bpf.h"
#include "../include/ipvscope_record.h"

/* Per CPU, and added to atomically all the same: a softirq may interrupt a task's packet. */
#define COALESCED_TABLE(name)                                                                      \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_PERCPU_HASH);                                            \
		__uint(max_entries, 16384);                                                        \
		__uint(key_size, IPVSCOPE_KEY_SIZE);                                               \
		__type(value, __u64);                                                              \
	} name SEC(".maps")

COALESCED_TABLE(coalesced_even);
COALESCED_TABLE(coalesced_odd);

/* Which table is added to now: 0 or 1, set by the session. */
__u32 coalesced_active;

/* Whether anything was added to each since the session last looked: else it need not look again. */
bool coalesced_used[2];

enum coalesced {
	COALESCED,
	/* The first since the session last looked. */
	COALESCED_FIRST,
	/* The table has no room for another key. */
	COALESCED_NOT,
};

static __always_inline enum coalesced add_to(void *table, volatile bool *used,
					     const struct ipvscope_record *record)
{
	const void *key = (const void *)record + IPVSCOPE_KEY_OFFSET;
	__u64 *packets = bpf_map_lookup_elem(table, key);
	__u64 one = 1;

	if (!packets) {
		if (bpf_map_update_elem(table, key, &one, BPF_NOEXIST)) {
			/* Added by another CPU just now, or no room. */
			packets = bpf_map_lookup_elem(table, key);
			if (!packets)
				return COALESCED_NOT;
		}
	}
	if (packets)
		__sync_fetch_and_add(packets, 1);
	if (*used)
		return COALESCED;
	*used = true;
	return COALESCED_FIRST;
}

static __always_inline enum coalesced coalesce(const struct ipvscope_record *record)
{
	if (*(volatile __u32 *)&coalesced_active)
		return add_to(&coalesced_odd, &coalesced_used[1], record);
	return add_to(&coalesced_even, &coalesced_used[0], record);
}

#endif
