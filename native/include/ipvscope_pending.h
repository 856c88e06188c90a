/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Stores packets between lookup and verdict, shared by programs on every CPU and the session's
 * sweep. pending.bpf.h says when a program may use what it finds here.
 *
 * Each slot has a word, the only part that several may write at the same time:
 *
 *   0                                    free
 *   1 | skb (31 bits) | ticks (32) | 1   busy: one program, or the sweep, owns the slot
 *   1 | skb           | ticks      | 0   live: the packet is in the hook, or its end was missed
 *
 *   1. A slot is acquired, claimed and stolen by compare-and-swap of its word, and by nothing else:
 *      free to busy, live to busy, live to busy with another word.
 *   2. Only the owner of a busy word may rely on the packet in the slot, write it and its names,
 * and end the ownership: live (publish) or free (release). Others may read to find a packet, and
 *      check again after claiming it.
 *   3. Nobody waits: a busy slot belongs to another.
 *   4. Whoever releases a packet accounts for it: once, as a record or as a loss.
 *   5. A packet's name is a word that leads to its slot: acquired with the slot, released before
 *      it, stolen like a slot. If a name is gone at the verdict, an observation was missed.
 *   6. Only old live slots are swept. A word contains its time: equal words are equally old, so a
 *      successful compare-and-swap takes an old packet, whatever happened to the slot meanwhile. A
 *      packet that finds no free slot steals one that is live and old, or that has the same
 * sk_buff: the earlier packet there was freed.
 *
 * x86-64 keeps the order of stores: storing a word releases what was written before.
 */
#ifndef IPVSCOPE_PENDING_H
#define IPVSCOPE_PENDING_H

#include "ipvscope_record.h"

/* Memory operations that others observe; the model of the protocol (test/unit/native) replaces
 * them. */
#ifndef PENDING_SWAP
#define PENDING_SWAP(word, from, to) __sync_val_compare_and_swap(word, from, to)
#define PENDING_LOAD(word)	     (*(volatile __u64 *)(word))
#define PENDING_STORE(word, value)   (*(volatile __u64 *)(word) = (value))
#define PENDING_BARRIER()	     asm volatile("" ::: "memory")
#endif

#ifdef __bpf__
#define PENDING_INLINE static __attribute__((always_inline)) inline
#else
#define PENDING_INLINE static inline
#endif

struct ipvscope_pending {
	struct ipvscope_record record;
	__u64 skb;  /* its names, as numbers (pending.bpf.h) */
	__u64 conn; /* 0, like iph: not to be found by it */
	__u64 iph;
	__u64 task;	  /* in which it is in the hook */
	__u64 task_start; /* tells the task from a later one at the same address */
	__u64 epoch;
	__u32 observed; /* enum observation */
	__u32 isn;	/* of a connection-opening packet (openings.bpf.h) */
	/* Bytes that no transmit function changes, to recognise the packet by. */
	__u32 length;
	__u32 transport; /* of its header, from the start of the packet */
	__u32 network_word;
	__u32 transport_word;
	__be16 source_port;
	__u8 conn_found; /* the lookup found an entry; else it was created for this packet */
	__u8 unnamed;	 /* a name could not be acquired */
	__u32 reserved;
} __attribute__((aligned(64)));

/* A bucket has two slots, or two names. The early exit on every packet's path reads one bucket. */
#define IPVSCOPE_PENDING_BUCKETS 1024
#define IPVSCOPE_PENDING_SLOTS	 (2 * IPVSCOPE_PENDING_BUCKETS)

struct ipvscope_pending_bucket {
	__u64 words[2];
};

struct ipvscope_pending_store {
	struct ipvscope_pending_bucket buckets[IPVSCOPE_PENDING_BUCKETS];
	struct ipvscope_pending_bucket names[IPVSCOPE_PENDING_BUCKETS];
	struct ipvscope_pending slots[IPVSCOPE_PENDING_SLOTS];
} __attribute__((aligned(64)));

#define PENDING_BUSY 1ULL

/* An sk_buff takes 256 bytes: adjacent ones have adjacent buckets. One shift per packet. */
PENDING_INLINE __u32 ipvscope_pending_bucket_of(__u64 skb)
{
	return skb >> 8 & (IPVSCOPE_PENDING_BUCKETS - 1);
}

/* Entries and stacks are powers of two apart: a shift would map many to one bucket. */
PENDING_INLINE __u32 ipvscope_pending_name_bucket_of(__u64 name)
{
	return name * 0x9e3779b97f4a7c15ULL >> 54 & (IPVSCOPE_PENDING_BUCKETS - 1);
}

PENDING_INLINE __u64 ipvscope_pending_word(__u64 skb, __u32 ticks)
{
	return 1ULL << 63 | (skb >> 6 & 0x3fffffff) << 33 | (__u64)ticks << 1;
}

PENDING_INLINE __u32 ipvscope_pending_ticks(__u64 word)
{
	return word >> 1;
}

PENDING_INLINE __u64 *ipvscope_pending_slot_word(struct ipvscope_pending_store *store, __u32 slot)
{
	return &store->buckets[slot / 2 & (IPVSCOPE_PENDING_BUCKETS - 1)].words[slot % 2];
}

/* Slot and time: enough to tell a packet's name word from another packet's. */
PENDING_INLINE __u64 ipvscope_pending_name_word(__u32 slot, __u64 word)
{
	return 1ULL << 63 | (__u64)slot << 32 | ipvscope_pending_ticks(word);
}

PENDING_INLINE __u32 ipvscope_pending_name_slot(__u64 name_word)
{
	return name_word >> 32 & (IPVSCOPE_PENDING_SLOTS - 1);
}

PENDING_INLINE int ipvscope_pending_old(__u32 ticks, __u32 now, __u32 limit)
{
	return (__u32)(now - ticks) > limit;
}

PENDING_INLINE int ipvscope_pending_acquire_name(struct ipvscope_pending_store *store, __u64 name,
						 __u64 own, __u32 limit)
{
	__u64 *words = store->names[ipvscope_pending_name_bucket_of(name)].words;

	for (int way = 0; way < 2; way++) {
		__u64 held = PENDING_LOAD(&words[way]);

		if (held && !ipvscope_pending_old(held, own, limit))
			continue;
		if (PENDING_SWAP(&words[way], held, own) == held)
			return 1;
	}
	return 0;
}

/* False where the name no longer belonged to this packet. */
PENDING_INLINE int ipvscope_pending_release_name(struct ipvscope_pending_store *store, __u64 name,
						 __u64 own)
{
	__u64 *words = store->names[ipvscope_pending_name_bucket_of(name)].words;

	if (PENDING_LOAD(&words[0]) == own && PENDING_SWAP(&words[0], own, 0) == own)
		return 1;
	return PENDING_LOAD(&words[1]) == own && PENDING_SWAP(&words[1], own, 0) == own;
}

/* False where a name was lost: an observation of the packet may be missing. */
PENDING_INLINE int ipvscope_pending_release_names(struct ipvscope_pending_store *store, __u32 slot,
						  __u64 word)
{
	struct ipvscope_pending *packet = &store->slots[slot & (IPVSCOPE_PENDING_SLOTS - 1)];
	__u64 own = ipvscope_pending_name_word(slot, word);
	int held = !packet->unnamed;

	if (packet->iph && !ipvscope_pending_release_name(store, packet->iph, own))
		held = 0;
	if (packet->conn && !ipvscope_pending_release_name(store, packet->conn, own))
		held = 0;
	packet->iph = 0;
	packet->conn = 0;
	return held;
}

/* Makes a live slot busy; false where its word has changed. */
PENDING_INLINE int ipvscope_pending_claim(struct ipvscope_pending_store *store, __u32 slot,
					  __u64 live)
{
	return PENDING_SWAP(ipvscope_pending_slot_word(store, slot), live, live | PENDING_BUSY) ==
	       live;
}

PENDING_INLINE void ipvscope_pending_publish(struct ipvscope_pending_store *store, __u32 slot,
					     __u64 live)
{
	PENDING_STORE(ipvscope_pending_slot_word(store, slot), live);
}

PENDING_INLINE void ipvscope_pending_release(struct ipvscope_pending_store *store, __u32 slot)
{
	PENDING_STORE(ipvscope_pending_slot_word(store, slot), 0);
}

/* Makes a free slot busy with the word and returns it; IPVSCOPE_PENDING_SLOTS: there is none. */
PENDING_INLINE __u32 ipvscope_pending_acquire(struct ipvscope_pending_store *store, __u64 skb,
					      __u64 word)
{
	__u32 first = ipvscope_pending_bucket_of(skb) * 2;
	__u64 busy = word | PENDING_BUSY;

	if (!PENDING_SWAP(ipvscope_pending_slot_word(store, first), 0, busy))
		return first;
	if (!PENDING_SWAP(ipvscope_pending_slot_word(store, first + 1), 0, busy))
		return first + 1;
	return IPVSCOPE_PENDING_SLOTS;
}

/*
 * The same with a slot whose packet is older than the limit, or has the same sk_buff, which now
 * belongs to another packet. The caller accounts for the stolen packet.
 */
PENDING_INLINE __u32 ipvscope_pending_steal(struct ipvscope_pending_store *store, __u64 skb,
					    __u64 word, __u32 limit)
{
	__u32 first = ipvscope_pending_bucket_of(skb) * 2;

	for (__u32 way = 0; way < 2; way++) {
		__u64 *at = ipvscope_pending_slot_word(store, first + way);
		__u64 held = PENDING_LOAD(at);

		if (!held || held & PENDING_BUSY)
			continue;
		if ((held ^ word) >> 33 &&
		    !ipvscope_pending_old(ipvscope_pending_ticks(held),
					  ipvscope_pending_ticks(word), limit))
			continue;
		if (PENDING_SWAP(at, held, word | PENDING_BUSY) != held)
			continue;
		ipvscope_pending_release_names(store, first + way, held);
		return first + way;
	}
	return IPVSCOPE_PENDING_SLOTS;
}

/* Evicts a packet that had this live word long ago. */
PENDING_INLINE int ipvscope_pending_sweep(struct ipvscope_pending_store *store, __u32 slot,
					  __u64 live)
{
	if (!ipvscope_pending_claim(store, slot, live))
		return 0;
	ipvscope_pending_release_names(store, slot, live);
	ipvscope_pending_release(store, slot);
	return 1;
}

/* The epoch that a program runs in (pending.bpf.h). */
struct ipvscope_pending_epoch {
	__u64 task;
	__u64 task_start;
	__u64 count;
};

enum ipvscope_pending_name {
	PENDING_SKB,
	PENDING_CONN,
	PENDING_IPH,
};

/* A slot that this program owns. */
struct ipvscope_pending_ref {
	__u32 slot;
	__u64 live; /* its word when it is published */
};

PENDING_INLINE int ipvscope_pending_is_named(const struct ipvscope_pending *packet,
					     enum ipvscope_pending_name kind, __u64 name)
{
	return name == (kind == PENDING_SKB    ? packet->skb
			: kind == PENDING_CONN ? packet->conn
					       : packet->iph);
}

/* Whether the packet is of this task and, unless any_epoch, of this epoch. */
PENDING_INLINE int ipvscope_pending_is_of(const struct ipvscope_pending *packet,
					  const struct ipvscope_pending_epoch *epoch, int any_epoch)
{
	if (packet->task != epoch->task)
		return 0;
	return any_epoch ||
	       (packet->task_start == epoch->task_start && packet->epoch == epoch->count);
}

PENDING_INLINE struct ipvscope_pending *
ipvscope_pending_claim_found(struct ipvscope_pending_store *store, __u32 slot,
			     enum ipvscope_pending_name kind, __u64 name,
			     const struct ipvscope_pending_epoch *epoch, int any_epoch,
			     struct ipvscope_pending_ref *claim)
{
	struct ipvscope_pending *packet = &store->slots[slot & (IPVSCOPE_PENDING_SLOTS - 1)];
	__u64 word = PENDING_LOAD(ipvscope_pending_slot_word(store, slot));

	if (!word || word & PENDING_BUSY)
		return 0;
	if (!ipvscope_pending_is_named(packet, kind, name) ||
	    !ipvscope_pending_is_of(packet, epoch, any_epoch))
		return 0;
	if (!ipvscope_pending_claim(store, slot, word))
		return 0;
	/* Rule 2. */
	PENDING_BARRIER();
	if (!ipvscope_pending_is_named(packet, kind, name) ||
	    !ipvscope_pending_is_of(packet, epoch, any_epoch)) {
		ipvscope_pending_publish(store, slot, word);
		return 0;
	}
	claim->slot = slot;
	claim->live = word;
	return packet;
}

/* Claims and returns the packet of this epoch that has the name; NULL where there is none. */
PENDING_INLINE struct ipvscope_pending *
ipvscope_pending_find(struct ipvscope_pending_store *store, enum ipvscope_pending_name kind,
		      __u64 name, const struct ipvscope_pending_epoch *epoch, int any_epoch,
		      struct ipvscope_pending_ref *claim)
{
	__u32 bucket = kind == PENDING_SKB ? ipvscope_pending_bucket_of(name)
					   : ipvscope_pending_name_bucket_of(name);

	for (__u32 way = 0; way < 2; way++) {
		struct ipvscope_pending *packet;
		__u32 slot = bucket * 2 + way;

		if (kind != PENDING_SKB) {
			__u64 word = PENDING_LOAD(&store->names[bucket].words[way]);

			if (!word)
				continue;
			slot = ipvscope_pending_name_slot(word);
		}
		packet = ipvscope_pending_claim_found(store, slot, kind, name, epoch, any_epoch,
						      claim);
		if (packet)
			return packet;
	}
	return 0;
}

/*
 * Acquires a slot for the packet, with an empty record and its names; NULL where there is none.
 * iph, conn: 0 where the packet is not to be found by them. *stolen: the caller has to account for
 * the packet that was there.
 */
PENDING_INLINE struct ipvscope_pending *
ipvscope_pending_begin(struct ipvscope_pending_store *store, __u64 skb, __u64 iph, __u64 conn,
		       __u32 ticks, __u32 limit, struct ipvscope_pending_ref *claim, int *stolen)
{
	struct ipvscope_pending *packet;
	__u64 own;

	*stolen = 0;
	claim->live = ipvscope_pending_word(skb, ticks);
	claim->slot = ipvscope_pending_acquire(store, skb, claim->live);
	if (claim->slot == IPVSCOPE_PENDING_SLOTS) {
		claim->slot = ipvscope_pending_steal(store, skb, claim->live, limit);
		if (claim->slot == IPVSCOPE_PENDING_SLOTS)
			return 0;
		*stolen = 1;
	}
	packet = &store->slots[claim->slot & (IPVSCOPE_PENDING_SLOTS - 1)];
	/* The caller fills in the rest. */
	__builtin_memset(&packet->record, 0, sizeof(packet->record));
	packet->observed = 0;
	packet->isn = 0;
	packet->conn_found = 0;
	packet->unnamed = 0;
	packet->skb = skb;
	packet->iph = iph;
	packet->conn = conn;
	own = ipvscope_pending_name_word(claim->slot, claim->live);
	if (iph && !ipvscope_pending_acquire_name(store, iph, own, limit))
		packet->unnamed = 1;
	if (conn && !ipvscope_pending_acquire_name(store, conn, own, limit))
		packet->unnamed = 1;
	return packet;
}

/* Takes out a claimed packet; false where an observation of it may be missing. */
PENDING_INLINE int ipvscope_pending_withdraw(struct ipvscope_pending_store *store,
					     const struct ipvscope_pending_ref *claim)
{
	return ipvscope_pending_release_names(store, claim->slot, claim->live);
}

/*
 * Where programs have no compare-and-swap (kprobes also run on kernels before 5.12), packets are in
 * a map by task instead, each task's as a stack. The map's insertion and deletion take the place of
 * compare-and-swap, and a bucket's first word counts the packets in the map.
 */
struct ipvscope_pending_key {
	__u64 task;
	__u64 depth; /* 0, or more where a softirq interrupted a packet of the same task */
};

/* Packets of one task that may be pending at once: its own, a softirq's, and two stale ones. */
#define IPVSCOPE_PENDING_DEPTH 4

#endif
