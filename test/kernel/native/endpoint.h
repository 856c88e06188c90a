/* SPDX-License-Identifier: MIT */
/* An address (IPv4: the first 4 bytes, the rest 0) and a port, network byte order. 18 bytes. */
#ifndef ENDPOINT_H
#define ENDPOINT_H

#include <stdint.h>

struct endpoint {
	uint8_t address[16];
	uint16_t port;
};

#endif
