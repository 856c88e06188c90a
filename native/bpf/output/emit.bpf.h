/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The way out: a ring for records on each CPU, so that no two write to one; what is not told there
 * is added up (coalesce.bpf.h), and what is neither, counted per CPU and cause.
 *
 * Who reads is woken by the kernel's own rule: when everything before this record had been given
 * back (kernel/bpf/ringbuf.c, bpf_ringbuf_commit()). While records keep coming the session holds
 * one back, and looks by itself (native/addon/ring/ring.h); a ring that is half full wakes it all
 * the same.
 */
#ifndef IPVSCOPE_EMIT_BPF_H
#define IPVSCOPE_EMIT_BPF_H

#include "aggregate.bpf.h"
#include "filter.bpf.h"
#include "../../include/ipvscope_heartbeat.h"
#include "../../include/ipvscope_record.h"

/* Kinds whose packets are delivered one by one (1 << kind), and IPVSCOPE_DETAIL_DROPS; all others
 * are aggregated. Set before load. */
const volatile __u32 detail_kinds = ~0U;

/* The network namespace of this session's heartbeat (native/addon/session/heartbeat.h). Set before
 * load. */
const volatile __u32 heartbeat_netns;

/* How many of its packets were seen, up to their verdict. */
__u64 heartbeats_seen;

/* Bytes in a CPU's ring at which its reader is woken whatever it does. Set before load. */
const volatile __u64 ring_mark = ~0ULL;

/* By CPU, put in by the session, which also sets their number. */
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

/* Types used only through pointers are missing from BTF unless something global has them. */
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

/* A record and the header that the kernel puts before it. */
#define RING_BYTES_PER_RECORD (sizeof(struct ipvscope_record) + BPF_RINGBUF_HDR_SZ)

/* A CPU that was not there when the session began uses the first one's. */
static __always_inline void *ring_here(void)
{
	__u32 cpu = bpf_get_smp_processor_id();
	void *ring = bpf_map_lookup_elem(&records, &cpu);

	if (ring)
		return ring;
	cpu = 0;
	return bpf_map_lookup_elem(&records, &cpu);
}

/* False where there is no room. */
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

/* Wakes who reads, if it is at rest, by a record that says nothing. */
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

/* A function of its own: what it needs of the stack is needed once. */
static __noinline int emit(const struct ipvscope_record *record)
{
	/* Nobody's packets: counted here, whatever filter there is, and told nowhere. */
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
