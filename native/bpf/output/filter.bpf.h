/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Matches records against the session's filter. Without one the verifier removes all of this. */
#ifndef IPVSCOPE_FILTER_BPF_H
#define IPVSCOPE_FILTER_BPF_H

#include "../kernel/kernel.bpf.h"
#include "../../include/ipvscope_filter.h"
#include "../../include/ipvscope_record.h"

/* Set before load. */
const volatile struct ipvscope_filter filter;

static __always_inline bool fits(const volatile struct ipvscope_endpoint_filter *wanted,
				 __u8 family, const __u8 *address, __be16 port)
{
	/* Every address in a record is aligned to 4 bytes. */
	const __u32 *words = (const void *)address;

	if (wanted->port && wanted->port != port)
		return false;
	if (!wanted->family)
		return true;
	return wanted->family == family && !(((words[0] & wanted->mask[0]) ^ wanted->address[0]) |
					     ((words[1] & wanted->mask[1]) ^ wanted->address[1]) |
					     ((words[2] & wanted->mask[2]) ^ wanted->address[2]) |
					     ((words[3] & wanted->mask[3]) ^ wanted->address[3]));
}

/* True if there are no such filters, or one of them (i) matches. */
#define FITS_ANY(number, fits_one)                                                                 \
	({                                                                                         \
		bool found = !(number);                                                            \
		for (__u32 i = 0; i < IPVSCOPE_FILTER_MOST && !found; i++)                         \
			found = i < (number) && (fits_one);                                        \
		found;                                                                             \
	})

/* Matches the port that the packet was sent to; with port_zero, services whose port in the table
 * is 0 (every port). */
static __always_inline bool fits_virtual(const volatile struct ipvscope_endpoint_filter *wanted,
					 const struct ipvscope_record *record)
{
	if (!(record->flags & IPVSCOPE_FLAG_HAS_VIRTUAL))
		return false;
	if (wanted->port_zero && (record->service_port || record->fwmark ||
				  !(record->flags & IPVSCOPE_FLAG_SERVICE_FOUND)))
		return false;
	return fits(wanted, record->family, record->virtual_address, record->virtual_port);
}

/* Without a server, family and port are zero, and match no filter. */
static __always_inline bool fits_destination(const volatile struct ipvscope_endpoint_filter *wanted,
					     const struct ipvscope_record *record)
{
	return fits(wanted, record->destination_family, record->destination_address,
		    record->destination_port) ||
	       fits(wanted, record->new_destination_family, record->new_destination_address,
		    record->new_destination_port);
}

static __always_inline bool fits_protocol(__u8 protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return filter.protocols & IPVSCOPE_FILTER_TCP;
	case IPPROTO_UDP:
		return filter.protocols & IPVSCOPE_FILTER_UDP;
	case IPPROTO_SCTP:
		return filter.protocols & IPVSCOPE_FILTER_SCTP;
	}
	return false;
}

static __always_inline bool is_wanted(const struct ipvscope_record *record)
{
	return FITS_ANY(filter.clients, fits(&filter.client[i], record->family,
					     record->client_address, record->client_port)) &&
	       FITS_ANY(filter.virtual_services,
			fits_virtual(&filter.virtual_service[i], record)) &&
	       FITS_ANY(filter.destinations, fits_destination(&filter.destination[i], record)) &&
	       FITS_ANY(filter.fwmarks, filter.fwmark[i] == record->fwmark) &&
	       FITS_ANY(filter.namespaces, filter.netns[i] == record->netns) &&
	       (!filter.protocols || fits_protocol(record->protocol));
}

#endif
