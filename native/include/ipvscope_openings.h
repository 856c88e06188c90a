/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Stores connection-opening packets: for each tuple the initial sequence number (ISN; SCTP:
 * initiate tag) of the last one, when its first copy was observed, and how many copies were
 * dropped.
 *
 * A set-associative table: a tuple has one bucket, and in it any of eight ways. The ports of one
 * client and virtual service are spread evenly over all buckets, so that eight clients that use
 * their whole range of 28,232 ports always find room. A bucket is two cache lines: eight tags and
 * ISNs, and the details. Two tuples of one bucket are confused if their tags, 31 bits of their
 * hashes, are equal.
 *
 * A program acquires a bucket before it uses it. After a few failed attempts it continues without:
 * the packet is counted as one that could not be remembered. A program holds a bucket for a short,
 * bounded time; only a softirq that interrupts it, or another CPU, finds the bucket held.
 * Compare-and-swap would need no ownership, but programs have it since Linux 5.12 only; atomic
 * addition they all have (x86-64: a full barrier).
 *
 * Nothing here depends on the kernel, so that a test can run it on several threads
 * (native/unit/openings.c).
 */
#ifndef IPVSCOPE_OPENINGS_H
#define IPVSCOPE_OPENINGS_H

#include <stdbool.h>

#include "ipvscope_record.h"

/* 4 MiB. */
#define IPVSCOPE_OPENING_BUCKETS (1 << 15)
#define IPVSCOPE_OPENING_WAYS	 8

/* Times are CLOCK_MONOTONIC in units of 2^14 ns (16 us): 32 bits last for 19 hours. */
#define IPVSCOPE_OPENING_TIME_SHIFT 14

/*
 * A tuple expires so long after its first copy: TCP sends the last copy after 127 s
 * (tcp_syn_retries=6), and the entry that it may find lives in SYN_RECV for 60 s.
 */
#define IPVSCOPE_OPENING_LIFE (190000000000ULL >> IPVSCOPE_OPENING_TIME_SHIFT)

/* Tolerance for a program on another CPU that read its clock later but stored first: 1 s. */
#define IPVSCOPE_OPENING_AHEAD (1U << 16)

#define IPVSCOPE_OPENING_TRIES 8

#define IPVSCOPE_OPENING_INLINE static inline __attribute__((always_inline))

struct ipvscope_opening_bucket {
	__u32 tags[IPVSCOPE_OPENING_WAYS]; /* 0: free; else the upper bit is set */
	__u32 isns[IPVSCOPE_OPENING_WAYS];
	__u32 firsts[IPVSCOPE_OPENING_WAYS]; /* when the first copy was observed */
	__u16 drops[IPVSCOPE_OPENING_WAYS];  /* copies dropped since then, or since a retry */
	__u8 causes[IPVSCOPE_OPENING_WAYS];  /* of the last of them (enum ipvscope_cause) */
	__u32 owners;			     /* the owner, and those that try to acquire it */
	__u32 hand;			     /* the way after the one allocated last */
};

/* How a packet relates to the last one of its tuple. */
enum ipvscope_opening_relation {
	/* No earlier one is stored. */
	IPVSCOPE_OPENING_UNKNOWN,
	/* The same ISN: a retransmission. */
	IPVSCOPE_OPENING_SAME,
	/* Another ISN: another connection. */
	IPVSCOPE_OPENING_OTHER,
};

/* What was lost when a packet was stored. */
enum ipvscope_opening_lost {
	IPVSCOPE_OPENING_NOTHING,
	/* The packet itself: its bucket could not be acquired. */
	IPVSCOPE_OPENING_BUSY,
	/* A tuple, of which a copy might still come. */
	IPVSCOPE_OPENING_EVICTED,
	/* ... with dropped copies: their retry. */
	IPVSCOPE_OPENING_EVICTED_DROPS,
};

struct ipvscope_opening {
	__u32 relation; /* enum ipvscope_opening_relation */
	__u32 lost;	/* enum ipvscope_opening_lost */
	/* Of a retransmission's earlier copies, else 0: */
	__u32 age;   /* since the first of them */
	__u32 drops; /* how many were dropped */
};

/* Where an opening packet is stored, or would be. */
struct ipvscope_opening_location {
	__u32 bucket;
	__u32 tag;
	__u32 isn;
};

/*
 * Returns the location of the record's tuple. The hash is a sum of products. The bucket comes from
 * its upper bits and the client's port, the tag from all of it, by the finalizer of SplitMix64.
 */
IPVSCOPE_OPENING_INLINE struct ipvscope_opening_location
ipvscope_opening_locate(const struct ipvscope_record *record, __u32 isn)
{
	__u16 port = __builtin_bswap16(record->client_port);
	__u64 addresses[4], hash;
	struct ipvscope_opening_location location = {.isn = isn};

	__builtin_memcpy(addresses, record->client_address, 16);
	__builtin_memcpy(addresses + 2, record->virtual_address, 16);
	hash = ((__u64)record->netns << 32 | (__u32)record->protocol << 16 | record->virtual_port) *
		       0x9e3779b97f4a7c15ULL +
	       addresses[0] * 0xc2b2ae3d27d4eb4fULL + addresses[2] * 0x85ebca77c2b2ae63ULL;
	if (addresses[1] | addresses[3]) /* IPv6 */
		hash += addresses[1] * 0x165667b19e3779f9ULL + addresses[3] * 0x27d4eb2f165667c5ULL;
	/* An odd factor: no two of 2^15 consecutive ports share a bucket. */
	location.bucket = ((hash >> 49) + port * 0x9e37U) & (IPVSCOPE_OPENING_BUCKETS - 1);
	hash += port * 0xd6e8feb86659fd93ULL;
	hash ^= hash >> 30;
	hash *= 0xbf58476d1ce4e5b9ULL;
	hash ^= hash >> 27;
	hash *= 0x94d049bb133111ebULL;
	location.tag = hash >> 32 | 1U << 31;
	return location;
}

IPVSCOPE_OPENING_INLINE bool ipvscope_opening_acquire(struct ipvscope_opening_bucket *bucket)
{
#ifdef __clang__
#pragma clang loop unroll(disable)
#endif
	for (int i = 0; i < IPVSCOPE_OPENING_TRIES; i++) {
		/* Of two concurrent attempts the second to add finds both. */
		__sync_fetch_and_add(&bucket->owners, 1);
		if (*(volatile __u32 *)&bucket->owners == 1)
			return true;
		__sync_fetch_and_add(&bucket->owners, -1);
	}
	return false;
}

IPVSCOPE_OPENING_INLINE void ipvscope_opening_release(struct ipvscope_opening_bucket *bucket)
{
	__sync_fetch_and_add(&bucket->owners, -1);
}

/* Returns the tuple's way; IPVSCOPE_OPENING_WAYS where it has none. */
IPVSCOPE_OPENING_INLINE __u32 ipvscope_opening_way(const struct ipvscope_opening_bucket *bucket,
						   __u32 tag)
{
	__u32 way;

	for (way = 0; way < IPVSCOPE_OPENING_WAYS; way++)
		if (bucket->tags[way] == tag)
			break;
	return way;
}

/* Returns the time since the first copy plus IPVSCOPE_OPENING_AHEAD: never negative. */
IPVSCOPE_OPENING_INLINE __u32 ipvscope_opening_age(const struct ipvscope_opening_bucket *bucket,
						   __u32 way, __u32 now)
{
	return now + IPVSCOPE_OPENING_AHEAD - bucket->firsts[way];
}

/* Whether the way is free, or its tuple has expired. */
IPVSCOPE_OPENING_INLINE bool ipvscope_opening_free(const struct ipvscope_opening_bucket *bucket,
						   __u32 way, __u32 now)
{
	return !bucket->tags[way] || ipvscope_opening_age(bucket, way, now) >
					     IPVSCOPE_OPENING_LIFE + IPVSCOPE_OPENING_AHEAD;
}

/* Returns a free way, else the oldest. Almost without branches: the verifier follows every path. */
IPVSCOPE_OPENING_INLINE __u32 ipvscope_opening_oldest(const struct ipvscope_opening_bucket *bucket,
						      __u32 now)
{
	__u64 oldest = 0;

	for (__u32 way = 0; way < IPVSCOPE_OPENING_WAYS; way++) {
		__u64 is_free = bucket->tags[way] >> 31 ^ 1;
		__u64 age = is_free << 32 | ipvscope_opening_age(bucket, way, now);
		__u64 rank = age << 3 | way;

		oldest = rank > oldest ? rank : oldest;
	}
	return oldest & (IPVSCOPE_OPENING_WAYS - 1);
}

/*
 * Allocates a way for a new tuple, in turn: the next one is nearly always free, or the oldest. Only
 * where it is not, all are examined.
 */
IPVSCOPE_OPENING_INLINE __u32 ipvscope_opening_allocate(struct ipvscope_opening_bucket *bucket,
							__u32 now, __u32 *lost)
{
	__u32 way = bucket->hand & (IPVSCOPE_OPENING_WAYS - 1);

	if (!ipvscope_opening_free(bucket, way, now)) {
		way = ipvscope_opening_oldest(bucket, now);
		if (!ipvscope_opening_free(bucket, way, now))
			*lost = bucket->drops[way] ? IPVSCOPE_OPENING_EVICTED_DROPS
						   : IPVSCOPE_OPENING_EVICTED;
	}
	bucket->hand = way + 1;
	return way;
}

/* Stores an opening packet, and returns in `opening` what was known of its tuple. */
IPVSCOPE_OPENING_INLINE void ipvscope_opening_note(struct ipvscope_opening_bucket *bucket,
						   const struct ipvscope_opening_location *location,
						   __u32 now, struct ipvscope_opening *opening)
{
	__u32 way;

	*opening = (struct ipvscope_opening){.relation = IPVSCOPE_OPENING_UNKNOWN};
	if (!ipvscope_opening_acquire(bucket)) {
		opening->lost = IPVSCOPE_OPENING_BUSY;
		return;
	}
	way = ipvscope_opening_way(bucket, location->tag);
	if (way < IPVSCOPE_OPENING_WAYS && bucket->isns[way] == location->isn) {
		__u32 age = ipvscope_opening_age(bucket, way, now);

		opening->relation = IPVSCOPE_OPENING_SAME;
		opening->age = age > IPVSCOPE_OPENING_AHEAD ? age - IPVSCOPE_OPENING_AHEAD : 0;
		opening->drops = bucket->drops[way];
	} else {
		if (way < IPVSCOPE_OPENING_WAYS) {
			opening->relation = IPVSCOPE_OPENING_OTHER;
		} else {
			way = ipvscope_opening_allocate(bucket, now, &opening->lost);
			bucket->tags[way] = location->tag;
		}
		bucket->isns[way] = location->isn;
		bucket->firsts[way] = now;
		bucket->drops[way] = 0;
	}
	ipvscope_opening_release(bucket);
}

/* Stores that the packet was dropped; false where the packet itself is not stored. */
IPVSCOPE_OPENING_INLINE bool ipvscope_opening_drop(struct ipvscope_opening_bucket *bucket,
						   const struct ipvscope_opening_location *location,
						   __u8 cause)
{
	bool known = false;
	__u32 way;

	if (!ipvscope_opening_acquire(bucket))
		return false;
	way = ipvscope_opening_way(bucket, location->tag);
	if (way < IPVSCOPE_OPENING_WAYS && bucket->isns[way] == location->isn) {
		known = true;
		bucket->drops[way] += bucket->drops[way] != 0xffff;
		bucket->causes[way] = cause;
	}
	ipvscope_opening_release(bucket);
	return known;
}

/*
 * Clears the drops, which a retry reports, and returns the cause of the last one; 0 where it is not
 * stored any more. A later copy's delay still counts from the first copy.
 */
IPVSCOPE_OPENING_INLINE __u8 ipvscope_opening_clear_drops(
	struct ipvscope_opening_bucket *bucket, const struct ipvscope_opening_location *location)
{
	__u8 cause = 0;
	__u32 way;

	if (!ipvscope_opening_acquire(bucket))
		return 0;
	way = ipvscope_opening_way(bucket, location->tag);
	if (way < IPVSCOPE_OPENING_WAYS && bucket->isns[way] == location->isn) {
		cause = bucket->causes[way];
		bucket->drops[way] = 0;
	}
	ipvscope_opening_release(bucket);
	return cause;
}

#endif
