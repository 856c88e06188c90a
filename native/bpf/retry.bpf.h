/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Opening packets that were dropped, until a copy of them gets through: what the client waited. A
 * copy has the same opening number; another number means that the client gave up and began anew.
 */
#ifndef IPVSCOPE_RETRY_BPF_H
#define IPVSCOPE_RETRY_BPF_H

#include "emit.bpf.h"

struct dropped_key {
	__u8 client_address[16];
	__u8 virtual_address[16];
	__be16 client_port;
	__be16 virtual_port;
	__u32 netns;
	__u32 protocol;
};

struct dropped_opening {
	__u64 first_ns;
	__u32 number;
	__u32 drops;
	__u64 cause; /* of the first drop */
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct dropped_key);
	__type(value, struct dropped_opening);
} dropped_openings SEC(".maps");

/* Whether an opening packet was ever dropped: until then nobody needs to look. */
bool openings_dropped;

static __always_inline struct dropped_key dropped_key_of(const struct ipvscope_record *record)
{
	struct dropped_key key = {
		.client_port = record->client_port,
		.virtual_port = record->virtual_port,
		.netns = record->netns,
		.protocol = record->protocol,
	};

	__builtin_memcpy(key.client_address, record->client_address, 16);
	__builtin_memcpy(key.virtual_address, record->virtual_address, 16);
	return key;
}

static __always_inline void note_dropped(const struct ipvscope_record *record, __u32 number)
{
	struct dropped_key key = dropped_key_of(record);
	struct dropped_opening *known = bpf_map_lookup_elem(&dropped_openings, &key);
	struct dropped_opening first = {
		.first_ns = record->time_ns,
		.number = number,
		.drops = 1,
		.cause = record->cause,
	};

	if (known && known->number == number) {
		__sync_fetch_and_add(&known->drops, 1);
		return;
	}
	if (bpf_map_update_elem(&dropped_openings, &key, &first, BPF_ANY))
		count_loss(IPVSCOPE_LOSS_RETRY_FULL);
	else
		*(volatile bool *)&openings_dropped = true;
}

static __always_inline bool may_end_drops(void)
{
	return *(volatile bool *)&openings_dropped;
}

static __always_inline __u32 delay_place(__u32 delay_us)
{
	static const __u32 bounds_ms[] = {
		IPVSCOPE_DELAY_BOUND_MS_0, IPVSCOPE_DELAY_BOUND_MS_1,  IPVSCOPE_DELAY_BOUND_MS_2,
		IPVSCOPE_DELAY_BOUND_MS_3, IPVSCOPE_DELAY_BOUND_MS_4,  IPVSCOPE_DELAY_BOUND_MS_5,
		IPVSCOPE_DELAY_BOUND_MS_6, IPVSCOPE_DELAY_BOUND_MS_7,  IPVSCOPE_DELAY_BOUND_MS_8,
		IPVSCOPE_DELAY_BOUND_MS_9, IPVSCOPE_DELAY_BOUND_MS_10,
	};
	__u32 place = 0;

#pragma unroll
	for (__u32 i = 0; i < sizeof(bounds_ms) / sizeof(*bounds_ms); i++)
		place += delay_us > bounds_ms[i] * 1000;
	return place;
}

/* A packet got through: fills delay and drops, and is true, where copies of it were dropped. */
static __always_inline bool ends_drops(struct ipvscope_record *record, __u32 number)
{
	struct dropped_key key;
	struct dropped_opening *known;
	bool same;

	if (!may_end_drops())
		return false;
	key = dropped_key_of(record);
	known = bpf_map_lookup_elem(&dropped_openings, &key);
	if (!known)
		return false;
	same = known->number == number;
	if (same) {
		record->delay_us = (record->time_ns - known->first_ns) / 1000;
		record->drops = known->drops;
		record->delay_place = delay_place(record->delay_us);
		record->cause = known->cause;
	}
	bpf_map_delete_elem(&dropped_openings, &key);
	return same;
}

#endif
