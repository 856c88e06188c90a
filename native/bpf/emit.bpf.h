/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The way out: one ring for records, one counter per CPU and cause for what did not get into it. */
#ifndef IPVSCOPE_EMIT_BPF_H
#define IPVSCOPE_EMIT_BPF_H

#include "coalesce.bpf.h"
#include "../include/ipvscope_record.h"

/* Kinds whose packets are told one by one (1 << kind); all others are added up. Set before load. */
const volatile __u32 detail_kinds = ~0U;

/* Resized before load to what the session asks for. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} records SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, IPVSCOPE_LOSS_CAUSES);
	__type(key, __u32);
	__type(value, __u64);
} losses SEC(".maps");

/* Types used only through pointers are missing from BTF unless something global has them. */
const struct ipvscope_record *ipvscope_record_type __attribute__((unused));
const enum ipvscope_kind *ipvscope_kind_type __attribute__((unused));
const enum ipvscope_verdict *ipvscope_verdict_type __attribute__((unused));
const enum ipvscope_conntrack *ipvscope_conntrack_type __attribute__((unused));
const enum ipvscope_forwarding *ipvscope_forwarding_type __attribute__((unused));
const enum ipvscope_flag *ipvscope_flag_type __attribute__((unused));
const enum ipvscope_loss *ipvscope_loss_type __attribute__((unused));

static __always_inline void count_loss(__u32 cause)
{
	__u64 *lost = bpf_map_lookup_elem(&losses, &cause);

	/* Atomic: a softirq on this CPU may interrupt a program that runs in a task. */
	if (lost)
		__sync_fetch_and_add(lost, 1);
}

static __always_inline void emit(struct ipvscope_record *record)
{
	if (detail_kinds & 1U << record->kind) {
		if (!bpf_ringbuf_output(&records, record, sizeof(*record), 0))
			return;
		count_loss(IPVSCOPE_LOSS_RING_FULL);
	}
	if (!coalesce(record))
		count_loss(IPVSCOPE_LOSS_COALESCED_FULL);
}

#endif
