/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Which virtual service a packet was sent to, where ip_vs itself did not look: packets that it
 * passed, and those that this node drops later. The session fills the map from /proc/net/ip_vs, now
 * and then; a service whose first connection comes earlier is learned from that.
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
 * Finds the service of packets like the record's that go to that address and port, and says in the
 * record which it is.
 */
static __always_inline bool find_service_at(struct ipvscope_record *record, const __u8 *address,
					    __be16 port, __u32 mark)
{
	struct ipvscope_service_key key = {
		.netns = record->netns,
		.fwmark = mark,
		.family = record->family,
	};

	/* As ip_vs_service_find() does: mark, port, any port. */
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

/* Of a record whose service is known. Where there is no room it stays to the session to say so. */
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
	/* The value says nothing: any will do. */
	bpf_map_update_elem(&services, &key, &key.netns, BPF_NOEXIST);
	return 0;
}

static __always_inline bool find_service(struct ipvscope_record *record, __u32 mark)
{
	return find_service_at(record, record->virtual_address, record->virtual_port, mark);
}

#endif
