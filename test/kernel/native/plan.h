/* SPDX-License-Identifier: MIT */
/*
 * One packet of the sender's plan (test/kernel/exact/plan-file.ts writes it). Multi-byte members in
 * network byte order; an IPv4 address takes the first 4 bytes. 48 bytes.
 */
#ifndef PLAN_H
#define PLAN_H

#include "endpoint.h"

struct planned_packet {
	struct endpoint source;
	struct endpoint target;
	uint32_t sequence;
	uint32_t mark; /* becomes the acknowledgement number, which a SYN without ACK leaves unused
			*/
	uint8_t version;  /* 4 or 6 */
	uint8_t protocol; /* TCP, or UDP: a datagram without content */
	uint8_t flags;	  /* of TCP */
	uint8_t cpu;
};

_Static_assert(sizeof(struct planned_packet) == 48, "as plan-file.ts writes it");

#endif
