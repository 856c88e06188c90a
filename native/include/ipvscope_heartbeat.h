/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Identifies heartbeats: the session's own, and those of another ipvscope on the same kernel. */
#ifndef IPVSCOPE_HEARTBEAT_H
#define IPVSCOPE_HEARTBEAT_H

/*
 * The virtual service of every heartbeat (native/addon/session/heartbeat.h): UDP, host byte order.
 * A loopback address in a separate network namespace: no other service can have it.
 */
#define IPVSCOPE_HEARTBEAT_ADDRESS 0x7f697076 /* 127.105.112.118 */
#define IPVSCOPE_HEARTBEAT_PORT	   9

#endif
