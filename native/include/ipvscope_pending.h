/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * A packet between lookup and verdict: what the probe keeps of it, and the session sweeps out where
 * a verdict was never seen.
 */
#ifndef IPVSCOPE_PENDING_H
#define IPVSCOPE_PENDING_H

#include "ipvscope_record.h"

struct ipvscope_pending_key {
	__u64 task;
	__u64 depth; /* 0, or more where a softirq interrupted a packet of the same task */
};

struct ipvscope_pending {
	struct ipvscope_record record;
	__u64 skb;
	__u64 conn; /* its other names; 0 where nothing is to be met through them */
	__u64 iph;
	__u32 observed; /* enum observation */
	__u32 number; /* the opening number (openings.bpf.h), where the packet opens a connection */
	__u16 conn_found; /* the lookup found an entry; else it was made for this packet */
	__u16 decided; /* its verdict is known; only a failed delete leaves such an entry behind */
	__u16 skb_gate;
	__u16 iph_gate;
};

/* Packets of one task that may be pending at once: its own, a softirq's, and two left behind. */
#define IPVSCOPE_PENDING_DEPTH 4

/*
 * Gates: how many pending packets have a name that leads to this one, never too few. Several, so
 * that CPUs do not all write to one.
 */
#define IPVSCOPE_PENDING_GATES 1024

#endif
