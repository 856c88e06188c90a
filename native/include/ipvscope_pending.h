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
	__u64 skb;  /* its names, as numbers (pending.bpf.h) */
	__u64 conn; /* 0, as iph, where nothing is to be met through it */
	__u64 iph;
	__u32 observed; /* enum observation */
	__u32 number; /* the opening number (openings.bpf.h), where the packet opens a connection */
	__u32 conn_found; /* the lookup found an entry; else it was made for this packet */
	__u32 decided; /* its verdict is known; only a failed delete leaves such an entry behind */
};

/* Packets of one task that may be pending at once: its own, a softirq's, and two left behind. */
#define IPVSCOPE_PENDING_DEPTH 4

/* A name leads to one of so many slots. */
#define IPVSCOPE_PENDING_SLOTS 1024

static inline __u32 ipvscope_pending_slot_of(__u64 name)
{
	/* An sk_buff takes 256 bytes. */
	return name >> 8 & (IPVSCOPE_PENDING_SLOTS - 1);
}

/* Where a packet is kept while it is pending. */
struct ipvscope_pending_slot {
	__u64 owner;   /* the packet's skb, 0: free */
	__u64 spilled; /* packets that would have it and are kept elsewhere, never too few */
	__u64 task;
	struct ipvscope_pending packet;
};

/* Which slot a packet is in that is met by another name. */
struct ipvscope_pending_name {
	__u64 owner;   /* as in its slot, 0: free */
	__u64 spilled; /* as in a slot */
};

#endif
