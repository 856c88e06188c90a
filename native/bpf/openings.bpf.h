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

/* The finalizer of SplitMix64: every input bit reaches every output bit. */
static __always_inline __u64 mix64(__u64 value)
{
	value ^= value >> 30;
	value *= 0xbf58476d1ce4e5b9ULL;
	value ^= value >> 27;
	value *= 0x94d049bb133111ebULL;
	return value ^ (value >> 31);
}

static __always_inline __u64 opening_hash(const struct netns_ipvs *ipvs,
					  const struct ip_vs_iphdr *iph, __u32 ports)
{
	union nf_inet_addr source = {}, target = {};
	__u64 hash = mix64((__u64)BPF_CORE_READ(ipvs, net, ns.inum) << 32 | ports);

	hash = mix64(hash ^ (__u16)BPF_CORE_READ(iph, protocol));
	BPF_CORE_READ_INTO(&source, iph, saddr);
	BPF_CORE_READ_INTO(&target, iph, daddr);
	hash = mix64(hash ^ ((__u64)source.all[0] << 32 | source.all[1]));
	hash = mix64(hash ^ ((__u64)source.all[2] << 32 | source.all[3]));
	hash = mix64(hash ^ ((__u64)target.all[0] << 32 | target.all[1]));
	return mix64(hash ^ ((__u64)target.all[2] << 32 | target.all[3]));
}

/* How this opening packet's number relates to the last one of its tuple; then remembers it. */
static __always_inline enum opening_relation note_opening(const struct netns_ipvs *ipvs,
							  const struct sk_buff *skb,
							  const struct ip_vs_iphdr *iph,
							  __u32 *opening_number)
{
	enum opening_relation relation = OPENING_UNKNOWN;
	__u32 ports = 0, number = 0, slot;
	__u64 hash, *word, old;

	if (!read_ports(skb, iph, (__be16 *)&ports) || !read_opening_number(skb, iph, &number))
		return OPENING_UNKNOWN;
	*opening_number = number;
	hash = opening_hash(ipvs, iph, ports);
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
