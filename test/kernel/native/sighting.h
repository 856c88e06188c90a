/* SPDX-License-Identifier: MIT */
/*
 * One packet on one leg, as the witness saw it (test/kernel/exact/sightings.ts reads it), in host
 * byte order. Of an ICMP error: the packet it quotes. 56 bytes.
 */
#ifndef SIGHTING_H
#define SIGHTING_H

#include "endpoint.h"

enum sighting_what {
	SIGHTING_OPENING = 1, /* TCP SYN without ACK */
	SIGHTING_CLOSING = 2, /* TCP FIN without ACK: only the plan's sender sends these */
	SIGHTING_ERROR = 3,   /* ICMP error */
	SIGHTING_MARK = 4,    /* UDP to the discard port: what is sent later is another stage's */
};

struct sighting {
	uint64_t time_ns;
	uint32_t sequence;
	uint32_t mark;
	struct endpoint source;
	struct endpoint target;
	uint8_t leg; /* number of the argument, from 0 */
	uint8_t what;
	uint8_t version;
	uint8_t reserved;
};

_Static_assert(sizeof(struct sighting) == 56, "as sightings.ts reads it");

#endif
