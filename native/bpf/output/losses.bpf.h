/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Counts, per CPU and cause, packets without a record of their own, or with less detail in it. */
#ifndef IPVSCOPE_LOSSES_BPF_H
#define IPVSCOPE_LOSSES_BPF_H

#include "../kernel/kernel.bpf.h"
#include "../../include/ipvscope_record.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, IPVSCOPE_LOSS_CAUSES);
	__type(key, __u32);
	__type(value, __u64);
} losses SEC(".maps");

static __always_inline void count_loss(__u32 cause)
{
	__u64 *lost = bpf_map_lookup_elem(&losses, &cause);

	/* Atomic: a softirq on this CPU may interrupt a program that runs in a task. */
	if (lost)
		__sync_fetch_and_add(lost, 1);
}

#endif
