/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Remembers connection-opening packets and what became of their copies: this tells a retransmission
 * from port reuse, and gives the delay that the client observed. ip_vs itself keeps none of this.
 * The store is described in ipvscope_openings.h.
 */
#ifndef IPVSCOPE_OPENINGS_BPF_H
#define IPVSCOPE_OPENINGS_BPF_H

#include "../output/losses.bpf.h"
#include "../kernel/packet.bpf.h"
#include "../../include/ipvscope_openings.h"

/* BPF_F_MMAPABLE: only then does the kernel align a bucket to cache lines (array_map_alloc()). */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, IPVSCOPE_OPENING_BUCKETS);
	__type(key, __u32);
	__type(value, struct ipvscope_opening_bucket);
} openings SEC(".maps");

static __always_inline __u32 delay_bucket(__u32 delay_us)
{
	static const __u32 bounds_ms[] = {
		IPVSCOPE_DELAY_BOUND_MS_0, IPVSCOPE_DELAY_BOUND_MS_1,  IPVSCOPE_DELAY_BOUND_MS_2,
		IPVSCOPE_DELAY_BOUND_MS_3, IPVSCOPE_DELAY_BOUND_MS_4,  IPVSCOPE_DELAY_BOUND_MS_5,
		IPVSCOPE_DELAY_BOUND_MS_6, IPVSCOPE_DELAY_BOUND_MS_7,  IPVSCOPE_DELAY_BOUND_MS_8,
		IPVSCOPE_DELAY_BOUND_MS_9, IPVSCOPE_DELAY_BOUND_MS_10,
	};
	__u32 location = 0;

#pragma unroll
	for (__u32 i = 0; i < sizeof(bounds_ms) / sizeof(*bounds_ms); i++)
		location += delay_us > bounds_ms[i] * 1000;
	return location;
}

/* Returns an age as microseconds, at least 1: a delay of 0 in a record means none. */
static __always_inline __u32 delay_of(__u32 age)
{
	__u64 delay_us = ((__u64)age << IPVSCOPE_OPENING_TIME_SHIFT) / 1000;

	if (!delay_us)
		return 1;
	return delay_us < 0xffffffff ? delay_us : 0xffffffff;
}

static __always_inline void count_opening_loss(__u32 lost)
{
	if (lost == IPVSCOPE_OPENING_EVICTED_DROPS)
		count_loss(IPVSCOPE_LOSS_RETRY_FULL);
	else if (lost)
		count_loss(IPVSCOPE_LOSS_OPENING_EVICTED);
}

/*
 * Remembers the opening packet, whose tuple and time the record has, and returns its relation to
 * the last one of the tuple (enum ipvscope_opening_relation). For a retransmission the record gets
 * the delay since the first copy and the number of dropped copies.
 */
static __noinline int note_isn(struct ipvscope_record *record, __u32 isn)
{
	struct ipvscope_opening_location location = ipvscope_opening_locate(record, isn);
	struct ipvscope_opening_bucket *bucket = bpf_map_lookup_elem(&openings, &location.bucket);
	struct ipvscope_opening opening;

	if (!bucket)
		return IPVSCOPE_OPENING_UNKNOWN;
	ipvscope_opening_note(bucket, &location, record->time_ns >> IPVSCOPE_OPENING_TIME_SHIFT,
			      &opening);
	if (opening.lost)
		count_opening_loss(opening.lost);
	if (opening.relation == IPVSCOPE_OPENING_SAME) {
		record->delay_us = delay_of(opening.age);
		record->drops = opening.drops;
	}
	return opening.relation;
}

static __always_inline enum ipvscope_opening_relation
note_opening(struct ipvscope_record *record, const struct transport *transport, __u32 *isn)
{
	__u32 value = 0;

	if (!read_isn(transport, &value))
		return IPVSCOPE_OPENING_UNKNOWN;
	*isn = value;
	return note_isn(record, value);
}

/* Remembers that the packet was dropped. */
static __noinline int note_dropped(const struct ipvscope_record *record, __u32 isn)
{
	struct ipvscope_opening_location location = ipvscope_opening_locate(record, isn);
	struct ipvscope_opening_bucket *bucket = bpf_map_lookup_elem(&openings, &location.bucket);

	if (!bucket || !ipvscope_opening_drop(bucket, &location, record->cause))
		count_loss(IPVSCOPE_LOSS_RETRY_FULL);
	return 0;
}

/*
 * Resets the drops of a packet that got through, which a retry reports. Returns the cause of the
 * last one (enum ipvscope_cause).
 */
static __noinline int end_drops(const struct ipvscope_record *record, __u32 isn)
{
	struct ipvscope_opening_location location = ipvscope_opening_locate(record, isn);
	struct ipvscope_opening_bucket *bucket = bpf_map_lookup_elem(&openings, &location.bucket);

	return bucket ? ipvscope_opening_clear_drops(bucket, &location) : IPVSCOPE_CAUSE_NONE;
}

#endif
