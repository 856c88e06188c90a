/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Which packets somebody wants to know of. What does not fit leaves no trace: it is neither told
 * nor counted.
 */
#ifndef IPVSCOPE_FILTER_H
#define IPVSCOPE_FILTER_H

#include <linux/types.h>

/* An address, or a network of them, and a port. All zero: any. */
struct ipvscope_endpoint_filter {
	__u64 address[2]; /* network byte order, as in the record; zero beyond the mask */
	__u64 mask[2];
	__u32 port;   /* network byte order; 0: any */
	__u32 family; /* AF_INET or AF_INET6; 0: any, then there is no address */
};

struct ipvscope_filter {
	struct ipvscope_endpoint_filter client;
	struct ipvscope_endpoint_filter virtual_service;
	struct ipvscope_endpoint_filter
		destination; /* the entry's server, or the one chosen anew */
};

#endif
