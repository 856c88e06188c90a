/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Finds out why a virtual service had no server for a packet. */
#ifndef IPVSCOPE_UNSCHEDULED_BPF_H
#define IPVSCOPE_UNSCHEDULED_BPF_H

#include "../kernel/kernel.bpf.h"
#include "../../include/ipvscope_record.h"

/* How many servers are examined; of a service with more the reason may stay unknown. */
#define SERVERS_MOST 512

/* In place of a number of servers. */
#define SERVERS_UNKNOWN 0xffff

/*
 * Counts the servers of the service at that address. Bits 0 to 15: those with a weight above 0; 16
 * to 31: those above their thresholds; bit 32: at least one that a scheduler could choose; bit 63:
 * there are more than SERVERS_MOST. A global function, so that the verifier walks the loop once.
 *
 * Reads the list without its lock, as schedulers do (RCU; ip_vs_{rr,wlc,sh}_schedule()).
 */
__noinline __u64 count_servers(__u64 address)
{
	/* One variable for all reads: the stack limit includes the caller's frame. */
	__u64 value = 0;
	__u64 head = address + bpf_core_field_offset(struct ip_vs_service, destinations);
	__u64 node, with_weight = 0, overloaded = 0, eligible = 0;

	if (bpf_probe_read_kernel(&value, sizeof(value), (const void *)head))
		return 1ULL << 63;
	node = value;
	for (__u32 i = 0; i < SERVERS_MOST; i++) {
		__u64 dest = node - bpf_core_field_offset(struct ip_vs_dest, n_list);
		bool weighs, full;

		if (!node || node == head)
			return with_weight | overloaded << 16 | eligible << 32;
		value = 0;
		bpf_probe_read_kernel(
			&value, 4,
			(const void *)(dest + bpf_core_field_offset(struct ip_vs_dest, weight)));
		weighs = (__s32)value > 0;
		bpf_probe_read_kernel(
			&value, 4,
			(const void *)(dest + bpf_core_field_offset(struct ip_vs_dest, flags)));
		full = value & IP_VS_DEST_F_OVERLOAD;
		with_weight += weighs;
		overloaded += full;
		eligible |= weighs && !full;
		value = 0;
		bpf_probe_read_kernel(&value, sizeof(value), (const void *)node);
		node = value;
	}
	return with_weight | overloaded << 16 | eligible << 32 | 1ULL << 63;
}

/* A scheduler's name as a word, in memory order: none is longer than 7 letters. */
#define NAME(a, b, c, d, e)                                                                        \
	((__u64)(a) | (__u64)(b) << 8 | (__u64)(c) << 16 | (__u64)(d) << 24 | (__u64)(e) << 32)

static __always_inline __u8 scheduler_of(struct ip_vs_service *service)
{
	const char *name = BPF_CORE_READ(service, scheduler, name);
	__u64 word = 0;

	if (!name || bpf_probe_read_kernel_str(&word, sizeof(word), name) <= 0)
		return IPVSCOPE_SCHEDULER_UNKNOWN;
	switch (word) {
	case NAME('r', 'r', 0, 0, 0):
		return IPVSCOPE_SCHEDULER_RR;
	case NAME('w', 'r', 'r', 0, 0):
		return IPVSCOPE_SCHEDULER_WRR;
	case NAME('l', 'c', 0, 0, 0):
		return IPVSCOPE_SCHEDULER_LC;
	case NAME('w', 'l', 'c', 0, 0):
		return IPVSCOPE_SCHEDULER_WLC;
	case NAME('l', 'b', 'l', 'c', 0):
		return IPVSCOPE_SCHEDULER_LBLC;
	case NAME('l', 'b', 'l', 'c', 'r'):
		return IPVSCOPE_SCHEDULER_LBLCR;
	case NAME('d', 'h', 0, 0, 0):
		return IPVSCOPE_SCHEDULER_DH;
	case NAME('s', 'h', 0, 0, 0):
		return IPVSCOPE_SCHEDULER_SH;
	case NAME('s', 'e', 'd', 0, 0):
		return IPVSCOPE_SCHEDULER_SED;
	case NAME('n', 'q', 0, 0, 0):
		return IPVSCOPE_SCHEDULER_NQ;
	case NAME('f', 'o', 0, 0, 0):
		return IPVSCOPE_SCHEDULER_FO;
	case NAME('o', 'v', 'f', 0, 0):
		return IPVSCOPE_SCHEDULER_OVF;
	case NAME('m', 'h', 0, 0, 0):
		return IPVSCOPE_SCHEDULER_MH;
	case NAME('t', 'w', 'o', 's', 0):
		return IPVSCOPE_SCHEDULER_TWOS;
	}
	return IPVSCOPE_SCHEDULER_UNKNOWN;
}

/* Fills in the record's scheduler, numbers of servers and cause. */
static __always_inline void describe_failure(struct ipvscope_record *record,
					     struct ip_vs_service *service)
{
	__u32 servers = BPF_CORE_READ(service, num_dests);
	__u64 counts = count_servers(address_of(service));
	bool all = !(counts >> 63);

	record->scheduler = scheduler_of(service);
	record->servers = servers < SERVERS_UNKNOWN ? servers : SERVERS_UNKNOWN;
	record->servers_with_weight = all ? counts : SERVERS_UNKNOWN;
	record->servers_overloaded = all ? counts >> 16 : SERVERS_UNKNOWN;
	if (!servers)
		record->cause = IPVSCOPE_CAUSE_NO_SERVER;
	else if (counts >> 32 & 1)
		record->cause = IPVSCOPE_CAUSE_SCHEDULER;
	else if (!all)
		record->cause = IPVSCOPE_CAUSE_UNSCHEDULED;
	else if (!record->servers_with_weight)
		record->cause = IPVSCOPE_CAUSE_NO_WEIGHT;
	else
		record->cause = IPVSCOPE_CAUSE_OVERLOADED;
}

#endif
