/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Selects packets. One that does not match leaves no trace: it is neither reported nor counted. */
#ifndef IPVSCOPE_FILTER_H
#define IPVSCOPE_FILTER_H

#include <linux/types.h>

/* An address or network, and a port. All zero: any. */
struct ipvscope_endpoint_filter {
	__u32 address[4]; /* network byte order, as in the record; zero beyond the mask */
	__u32 mask[4];
	__u32 port;	 /* network byte order; 0: any */
	__u32 family;	 /* AF_INET or AF_INET6; 0: any, then there is no address */
	__u32 port_zero; /* 1: a virtual service of every port */
	__u32 reserved;	 /* zero */
};

/* Bits of ipvscope_filter.protocols. */
enum ipvscope_filter_protocol {
	IPVSCOPE_FILTER_TCP = 1,
	IPVSCOPE_FILTER_UDP = 2,
	IPVSCOPE_FILTER_SCTP = 4,
};

#define IPVSCOPE_FILTER_MOST 8

/* A packet matches if one filter of each kind matches; none of a kind: any. */
struct ipvscope_filter {
	struct ipvscope_endpoint_filter client[IPVSCOPE_FILTER_MOST];
	struct ipvscope_endpoint_filter virtual_service[IPVSCOPE_FILTER_MOST];
	/* where the entry sends its packets, or the new one of a rescheduled packet */
	struct ipvscope_endpoint_filter destination[IPVSCOPE_FILTER_MOST];
	__u32 fwmark[IPVSCOPE_FILTER_MOST];
	__u32 netns[IPVSCOPE_FILTER_MOST]; /* inode numbers */
	/* How many of each there are. */
	__u32 clients;
	__u32 virtual_services;
	__u32 destinations;
	__u32 fwmarks;
	__u32 namespaces;
	__u32 protocols; /* enum ipvscope_filter_protocol, 0: any */
};

#endif
