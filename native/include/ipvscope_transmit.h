/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Where the transmit functions of ip_vs are, and what was scheduled for a packet. */
#ifndef IPVSCOPE_TRANSMIT_H
#define IPVSCOPE_TRANSMIT_H

#include <linux/types.h>

/* From start on, up to but without end; both 0: none. */
struct ipvscope_code_range {
	__u64 start;
	__u64 end;
};

/* ip_vs_{nat,dr,tunnel,bypass,icmp}_xmit() and the same for IPv6, and parts of them that a
 * compiler put elsewhere (.cold). */
#define IPVSCOPE_TRANSMIT_RANGES 20

#endif
