/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Address ranges of the transmit functions of ip_vs. */
#ifndef IPVSCOPE_TRANSMIT_H
#define IPVSCOPE_TRANSMIT_H

#include <linux/types.h>

/* [start, end); both 0: none. */
struct ipvscope_code_range {
	__u64 start;
	__u64 end;
};

/* Capacity: ip_vs_{nat,dr,tunnel,bypass,icmp}_xmit(), the same for IPv6, and parts of them that the
 * compiler moved (.cold). */
#define IPVSCOPE_TRANSMIT_RANGES 20

#endif
