/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Virtual services, as the session passes them to the probe. */
#ifndef IPVSCOPE_SERVICES_H
#define IPVSCOPE_SERVICES_H

#include <linux/types.h>

/* A service by address: fwmark 0; by mark: protocol, port and address 0. No padding. */
struct ipvscope_service_key {
	__u32 netns; /* inode number of the network namespace */
	__u32 fwmark;
	__u8 address[16]; /* network byte order; IPv4 in the first 4 bytes, the rest zero */
	__be16 port;	  /* 0: every port */
	__u8 family;	  /* AF_INET or AF_INET6 */
	__u8 protocol;	  /* IPPROTO_* */
};

#endif
