/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Emits records on demand, through the same functions and ring as the probe, driven by
 * BPF_PROG_TEST_RUN: tests the ring, the addon and the decoder on any kernel, and measures the
 * batch path.
 */
#ifndef IPVSCOPE_GENERATE_BPF_H
#define IPVSCOPE_GENERATE_BPF_H

#include "emit.bpf.h"

#define GENERATE_MOST 1024

/*
 * Emits record number n: client 10.0.(n's low 16 bits), client port n's low 16 bits, time n, expiry
 * n's low 16 bits; virtual service and server n % keys. Even ones are dropped, odd ones forwarded
 * with weight 1. A global function, so that the verifier walks it once, not once per record.
 */
__noinline int generate_one(__u64 number, __u32 keys)
{
	struct ipvscope_record record = {};
	__u32 key = keys ? number % keys : 0;

	record.time_ns = number;
	record.count = 1;
	record.expires_in_ms = number & 0xffff;
	record.weight = key & 1;
	record.cpu = bpf_get_smp_processor_id();
	record.client_address[0] = 10;
	record.client_address[2] = number >> 8;
	record.client_address[3] = number;
	record.client_port = bpf_htons(number);
	record.netns = 1;
	record.kind = IPVSCOPE_KIND_REUSE;
	record.verdict = key & 1 ? IPVSCOPE_VERDICT_FORWARDED : IPVSCOPE_VERDICT_DROPPED;
	record.conn_state = IP_VS_TCP_S_TIME_WAIT;
	record.protocol = IPPROTO_TCP;
	record.family = AF_INET;
	record.destination_family = AF_INET;
	record.conntrack = IPVSCOPE_CONNTRACK_CONFIRMED;
	record.flags = IPVSCOPE_FLAG_OPENING | IPVSCOPE_FLAG_HAS_ENTRY |
		       IPVSCOPE_FLAG_HAS_DESTINATION | IPVSCOPE_FLAG_SERVER_KNOWN |
		       IPVSCOPE_FLAG_AVAILABLE | IPVSCOPE_FLAG_HAS_VIRTUAL |
		       IPVSCOPE_FLAG_SERVICE_FOUND;
	if (record.verdict == IPVSCOPE_VERDICT_DROPPED)
		record.cause = IPVSCOPE_CAUSE_CONNTRACK;
	record.virtual_address[0] = 10;
	record.virtual_address[1] = 96;
	record.virtual_address[2] = key >> 8;
	record.virtual_address[3] = key;
	record.destination_address[0] = 10;
	record.destination_address[1] = 244;
	record.destination_address[2] = key >> 8;
	record.destination_address[3] = key;
	record.virtual_port = bpf_htons(80);
	record.service_port = bpf_htons(80);
	record.destination_port = bpf_htons(8080);
	emit(&record);
	return 0;
}

static __always_inline void generate(__u64 first, __u32 count, __u32 keys)
{
	for (__u32 i = 0; i < GENERATE_MOST; i++) {
		if (i >= count)
			break;
		generate_one(first + i, keys);
	}
}

#endif
