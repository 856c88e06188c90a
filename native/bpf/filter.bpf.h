/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Leaves out what nobody asked for. Without a filter the verifier takes all of this away. */
#ifndef IPVSCOPE_FILTER_BPF_H
#define IPVSCOPE_FILTER_BPF_H

#include "kernel.bpf.h"
#include "../include/ipvscope_filter.h"
#include "../include/ipvscope_record.h"

/* Set before load. */
const volatile struct ipvscope_filter filter;

static __always_inline bool any(const volatile struct ipvscope_endpoint_filter *wanted)
{
	return !wanted->family && !wanted->port;
}

static __always_inline bool fits(const volatile struct ipvscope_endpoint_filter *wanted,
				 __u8 family, const __u8 *address, __be16 port)
{
	__u64 words[2];

	if (wanted->port && wanted->port != port)
		return false;
	if (!wanted->family)
		return true;
	__builtin_memcpy(words, address, 16);
	return wanted->family == family && !(((words[0] & wanted->mask[0]) ^ wanted->address[0]) |
					     ((words[1] & wanted->mask[1]) ^ wanted->address[1]));
}

/* Where there is no server, family and port are zero, and fit no filter. */
static __always_inline bool fits_destination(const struct ipvscope_record *record)
{
	return fits(&filter.destination, record->destination_family, record->destination_address,
		    record->destination_port) ||
	       fits(&filter.destination, record->new_destination_family,
		    record->new_destination_address, record->new_destination_port);
}

static __always_inline bool is_wanted(const struct ipvscope_record *record)
{
	if (!any(&filter.client) &&
	    !fits(&filter.client, record->family, record->client_address, record->client_port))
		return false;
	if (!any(&filter.virtual_service) && !fits(&filter.virtual_service, record->family,
						   record->virtual_address, record->virtual_port))
		return false;
	return any(&filter.destination) || fits_destination(record);
}

#endif
