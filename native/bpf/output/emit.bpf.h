/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Emits records: into a ring of the CPU, so that no two CPUs write to one. A record that is not
 * delivered there is aggregated (aggregate.bpf.h), and where that fails, counted per CPU and cause.
 *
 * The kernel wakes the reader if everything before a record had been released
 * (kernel/bpf/ringbuf.c, bpf_ringbuf_commit()). While records keep coming the session keeps one
 * unreleased and polls by timer (native/addon/ring/ring.h); a half-full ring wakes it all the same.
 */
#ifndef IPVSCOPE_EMIT_BPF_H
#define IPVSCOPE_EMIT_BPF_H

#include "aggregate.bpf.h"
#include "filter.bpf.h"
#include "../../include/ipvscope_heartbeat.h"
#include "../../include/ipvscope_record.h"

/* Kinds delivered per packet (1 << kind), and IPVSCOPE_DETAIL_DROPS; all others are aggregated. Set
 * before load. */
const volatile __u32 detail_kinds = ~0U;

/* The network namespace of this session's heartbeat (native/addon/session/heartbeat.h). Set before
 * load. */
const volatile __u32 heartbeat_netns;

/* How many of its packets were observed up to their verdict. */
__u64 heartbeats_seen;

/* Bytes in a CPU's ring from which on a record wakes the reader. Set before load. */
const volatile __u64 ring_mark = ~0ULL;

/* Rings by CPU. The session creates them and sets their number. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(
		values, struct {
			__uint(type, BPF_MAP_TYPE_RINGBUF);
			__uint(max_entries, 4096);
		});
} records SEC(".maps");

/* A type used only through pointers appears in BTF only if a global variable has it. */
const struct ipvscope_record *ipvscope_record_type __attribute__((unused));
const enum ipvscope_kind *ipvscope_kind_type __attribute__((unused));
const enum ipvscope_verdict *ipvscope_verdict_type __attribute__((unused));
const enum ipvscope_conntrack *ipvscope_conntrack_type __attribute__((unused));
const enum ipvscope_forwarding *ipvscope_forwarding_type __attribute__((unused));
const enum ipvscope_cause *ipvscope_cause_type __attribute__((unused));
const enum ipvscope_scheduler *ipvscope_scheduler_type __attribute__((unused));
const enum ipvscope_cpu *ipvscope_cpu_type __attribute__((unused));
const enum ipvscope_flag *ipvscope_flag_type __attribute__((unused));
const enum ipvscope_loss *ipvscope_loss_type __attribute__((unused));
const enum ipvscope_delay_bound_ms *ipvscope_delay_bound_ms_type __attribute__((unused));
const enum ipvscope_key *ipvscope_key_type __attribute__((unused));
const enum ipvscope_variant *ipvscope_variant_type __attribute__((unused));
const enum ipvscope_detail *ipvscope_detail_type __attribute__((unused));

/* A record with the header that the kernel puts before it. */
#define RING_BYTES_PER_RECORD (sizeof(struct ipvscope_record) + BPF_RINGBUF_HDR_SZ)

/* Returns this CPU's ring; a CPU that came online after the session began uses the first one's. */
static __always_inline void *ring_here(void)
{
	__u32 cpu = bpf_get_smp_processor_id();
	void *ring = bpf_map_lookup_elem(&records, &cpu);

	if (ring)
		return ring;
	cpu = 0;
	return bpf_map_lookup_elem(&records, &cpu);
}

/* Writes the record into the ring; false where there is no room. */
static __always_inline bool output_record(const struct ipvscope_record *record)
{
	void *ring = ring_here();
	__u64 waiting, flags;

	if (!ring)
		return false;
	waiting = bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA);
	flags = waiting < ring_mark && waiting + RING_BYTES_PER_RECORD >= ring_mark
			? BPF_RB_FORCE_WAKEUP
			: 0;
	return !bpf_ringbuf_output(ring, (void *)record, sizeof(*record), flags);
}

/* Wakes an idle reader by a discarded record. */
static __always_inline void wake_reader(void)
{
	void *ring = ring_here();
	void *nothing = ring ? bpf_ringbuf_reserve(ring, 8, 0) : NULL;

	if (nothing)
		bpf_ringbuf_discard(nothing, 0);
}

static __always_inline bool is_refused(const struct ipvscope_record *record)
{
	return record->verdict == IPVSCOPE_VERDICT_DROPPED ||
	       record->verdict == IPVSCOPE_VERDICT_REJECTED;
}

static __always_inline bool is_heartbeat(const struct ipvscope_record *record)
{
	__be32 address;

	__builtin_memcpy(&address, record->virtual_address, sizeof(address));
	return address == bpf_htonl(IPVSCOPE_HEARTBEAT_ADDRESS) &&
	       record->virtual_port == bpf_htons(IPVSCOPE_HEARTBEAT_PORT) &&
	       record->protocol == IPPROTO_UDP && record->family == AF_INET;
}

/* Emits a record. Not inlined, so that its stack is used once. */
static __noinline int emit(const struct ipvscope_record *record)
{
	/* The session's own packets: counted here regardless of the filter, and never reported. */
	if (is_heartbeat(record)) {
		if (record->netns == heartbeat_netns)
			__sync_fetch_and_add(&heartbeats_seen, 1);
		return 0;
	}
	if (!is_wanted(record))
		return 0;
	if (detail_kinds & 1U << record->kind ||
	    (detail_kinds & IPVSCOPE_DETAIL_DROPS && is_refused(record))) {
		if (output_record(record))
			return 0;
		count_loss(IPVSCOPE_LOSS_RING_FULL);
	}
	switch (aggregate(record)) {
	case AGGREGATED_FIRST:
		wake_reader();
		break;
	case AGGREGATION_FAILED:
		count_loss(IPVSCOPE_LOSS_AGGREGATION_FULL);
		break;
	case AGGREGATED:
		break;
	}
	return 0;
}

#endif
