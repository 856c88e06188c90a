/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Remembers the opening number (TCP initial sequence number, SCTP initiate tag) last seen for a
 * client and virtual service, so that the same handshake's packet sent again is told from a new
 * connection on the same port. ip_vs itself keeps no such number.
 *
 * A direct-mapped table: one 64-bit word a slot, upper half a tag, lower half the number, written
 * and read whole. A newer opening packet takes the slot of an older one; what is forgotten reads as
 * unknown, never as another connection's number (but for two tuples with equal 47-bit hashes).
 */
#ifndef IPVSCOPE_OPENINGS_BPF_H
#define IPVSCOPE_OPENINGS_BPF_H

#include "packet.bpf.h"
#include "../include/ipvscope_record.h"

#define OPENING_SLOTS (1 << 16)

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, OPENING_SLOTS);
	__type(key, __u32);
	__type(value, __u64);
} openings SEC(".maps");

enum opening_relation {
	OPENING_UNKNOWN,
	OPENING_SAME,
	OPENING_OTHER,
};

/* Sums of products first, side by side, then the finalizer of SplitMix64. */
static __always_inline __u64 opening_hash(const struct ipvscope_record *record)
{
	__u32 ports = (__u32)record->client_port << 16 | record->virtual_port;
	__u64 addresses[4], hash;

	__builtin_memcpy(addresses, record->client_address, 16);
	__builtin_memcpy(addresses + 2, record->virtual_address, 16);
	hash = ((__u64)record->netns << 32 | ports) * 0x9e3779b97f4a7c15ULL +
	       addresses[0] * 0xc2b2ae3d27d4eb4fULL + addresses[1] * 0x165667b19e3779f9ULL +
	       addresses[2] * 0x85ebca77c2b2ae63ULL + addresses[3] * 0x27d4eb2f165667c5ULL +
	       record->protocol * 0xd6e8feb86659fd93ULL;
	hash ^= hash >> 30;
	hash *= 0xbf58476d1ce4e5b9ULL;
	hash ^= hash >> 27;
	hash *= 0x94d049bb133111ebULL;
	return hash ^ hash >> 31;
}

/*
 * How this opening packet's number relates to the last one of its tuple, which the record holds
 * already; then remembers it.
 */
static __always_inline enum opening_relation note_opening(const struct ipvscope_record *record,
							  const struct transport *transport,
							  __u32 *opening_number)
{
	enum opening_relation relation = OPENING_UNKNOWN;
	__u64 hash = opening_hash(record), *word, old;
	__u32 number = 0, slot;

	if (!read_opening_number(transport, &number))
		return OPENING_UNKNOWN;
	*opening_number = number;
	slot = hash & (OPENING_SLOTS - 1);
	word = bpf_map_lookup_elem(&openings, &slot);
	if (!word)
		return OPENING_UNKNOWN;
	old = *(volatile __u64 *)word;
	/* A tag of zero would make an empty slot look like a number seen. */
	hash |= 1ULL << 63;
	if (old >> 32 == hash >> 32)
		relation = (__u32)old == number ? OPENING_SAME : OPENING_OTHER;
	*(volatile __u64 *)word = (hash >> 32 << 32) | number;
	return relation;
}

#endif
