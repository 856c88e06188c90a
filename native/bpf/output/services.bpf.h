/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Finds the virtual service of a packet that ip_vs itself did not look up: one that it passed, or
 * that this node dropped later. The session fills the map from /proc/net/ip_vs at intervals; the
 * first new connection to a service adds it earlier.
 */
#ifndef IPVSCOPE_SERVICES_BPF_H
#define IPVSCOPE_SERVICES_BPF_H

#include "../kernel/kernel.bpf.h"
#include "../../include/ipvscope_record.h"
#include "../../include/ipvscope_services.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024); /* the session sets it */
	__type(key, struct ipvscope_service_key);
	__type(value, __u32); /* unused */
} services SEC(".maps");

/*
 * Finds the service of a packet with the record's netns, family and protocol to that address and
 * port, and fills it in. False where there is none.
 */
static __always_inline bool find_service_at(struct ipvscope_record *record, const __u8 *address,
					    __be16 port, __u32 mark)
{
	struct ipvscope_service_key key = {
		.netns = record->netns,
		.fwmark = mark,
		.family = record->family,
	};

	/* In the order of ip_vs_service_find(): fwmark, port, any port. */
	if (mark && bpf_map_lookup_elem(&services, &key)) {
		record->fwmark = mark;
		record->service_port = 0;
		record->flags |= IPVSCOPE_FLAG_SERVICE_FOUND;
		return true;
	}
	key.fwmark = 0;
	key.port = port;
	key.protocol = record->protocol;
	__builtin_memcpy(key.address, address, 16);
	if (!bpf_map_lookup_elem(&services, &key)) {
		key.port = 0;
		if (!bpf_map_lookup_elem(&services, &key))
			return false;
	}
	record->service_port = key.port;
	record->flags |= IPVSCOPE_FLAG_SERVICE_FOUND;
	return true;
}

/* Adds the service of a record. If the map is full, the session reports that. */
static __noinline int learn_service(const struct ipvscope_record *record)
{
	struct ipvscope_service_key key = {
		.netns = record->netns,
		.fwmark = record->fwmark,
		.family = record->family,
	};

	if (!record->fwmark) {
		__builtin_memcpy(key.address, record->virtual_address, 16);
		key.port = record->service_port;
		key.protocol = record->protocol;
	}
	/* The value is unused. */
	bpf_map_update_elem(&services, &key, &key.netns, BPF_NOEXIST);
	return 0;
}

static __always_inline bool find_service(struct ipvscope_record *record, __u32 mark)
{
	return find_service_at(record, record->virtual_address, record->virtual_port, mark);
}

#endif
