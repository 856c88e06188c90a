/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Describes a packet outside the hook of ip_vs from its sk_buff alone: where it is freed, or
 * answered with a reset or an ICMP error. Rare: everything is read by helper calls.
 */
#ifndef IPVSCOPE_SKB_BPF_H
#define IPVSCOPE_SKB_BPF_H

#include "describe.bpf.h"

#define IPV4_FRAGMENT_OFFSET 0x1fff
#define IPPROTO_IPIP	     4
#define IPPROTO_IPV6	     41

struct ipv4_header {
	__u8 version_length; /* version in the upper half, length in 32-bit words */
	__u8 tos;
	__be16 length;
	__be16 id;
	__be16 fragment;
	__u8 ttl;
	__u8 protocol;
	__u16 checksum;
	__u32 source;
	__u32 destination;
};

struct ipv6_header {
	__u32 version;
	__be16 length;
	__u8 protocol;
	__u8 hop_limit;
	__u32 source[4];
	__u32 destination[4];
};

/* The network header of a packet, and what follows it. */
struct skb_view {
	const void *network;
	const void *transport; /* NULL: a later fragment, or behind an IPv6 extension header */
	__u64 identity;	       /* differs between any two packets of one time */
	struct ipv4_header ipv4;
	struct ipv6_header ipv6;
	__u8 family; /* 0: neither */
	__u8 protocol;
};

static __always_inline bool view_header(struct skb_view *view, const void *network)
{
	__u8 first = 0;
	__u32 ports[2] = {};

	view->network = network;
	view->transport = NULL;
	view->family = 0;
	if (bpf_probe_read_kernel(&first, 1, network))
		return false;
	if (first >> 4 == 4) {
		if (bpf_probe_read_kernel(&view->ipv4, sizeof(view->ipv4), network))
			return false;
		view->family = AF_INET;
		view->protocol = view->ipv4.protocol;
		if (!(view->ipv4.fragment & bpf_htons(IPV4_FRAGMENT_OFFSET)))
			view->transport = network + (first & 0xf) * 4;
		view->identity = (__u64)view->ipv4.source << 32 | (__u64)view->ipv4.id << 16 |
				 view->ipv4.length;
	} else if (first >> 4 == 6) {
		if (bpf_probe_read_kernel(&view->ipv6, sizeof(view->ipv6), network))
			return false;
		view->family = AF_INET6;
		view->protocol = view->ipv6.protocol;
		view->transport = network + sizeof(view->ipv6);
		view->identity = (__u64)view->ipv6.source[3] << 32 | view->ipv6.length;
	} else {
		return false;
	}
	/* Ports, and of TCP the sequence number. */
	if (view->transport && !bpf_probe_read_kernel(ports, sizeof(ports), view->transport))
		view->identity ^= ((__u64)ports[1] << 32 | ports[0]) * 0x9e3779b97f4a7c15ULL;
	return true;
}

static __always_inline bool view_skb(struct skb_view *view, const struct sk_buff *skb)
{
	return view_header(view, BPF_CORE_READ(skb, head) + BPF_CORE_READ(skb, network_header));
}

/* Returns the inode number of the packet's network namespace; 0 without device and socket. */
static __always_inline __u32 netns_of_skb(const struct sk_buff *skb)
{
	struct net_device *device = BPF_CORE_READ(skb, dev);
	struct sock *socket;

	if (device)
		return BPF_CORE_READ(device, nd_net.net, ns.inum);
	socket = BPF_CORE_READ(skb, sk);
	return socket ? BPF_CORE_READ(socket, __sk_common.skc_net.net, ns.inum) : 0;
}

/* Fills in the source as client and the destination as virtual service; ports if readable. */
static __always_inline void describe_skb(struct ipvscope_record *record,
					 const struct skb_view *view, const struct sk_buff *skb)
{
	__be16 ports[2] = {};
	__u8 byte = 0;

	record->time_ns = bpf_ktime_get_ns();
	record->count = 1;
	record->cpu = bpf_get_smp_processor_id();
	record->netns = netns_of_skb(skb);
	record->protocol = view->protocol;
	record->family = view->family;
	if (view->family == AF_INET) {
		__builtin_memcpy(record->client_address, &view->ipv4.source, 4);
		__builtin_memcpy(record->virtual_address, &view->ipv4.destination, 4);
	} else {
		__builtin_memcpy(record->client_address, view->ipv6.source, 16);
		__builtin_memcpy(record->virtual_address, view->ipv6.destination, 16);
	}
	record->flags |= IPVSCOPE_FLAG_HAS_VIRTUAL;
	if (!view->transport)
		return;
	if (view->protocol == IPPROTO_TCP || view->protocol == IPPROTO_UDP ||
	    view->protocol == IPPROTO_SCTP) {
		bpf_probe_read_kernel(ports, sizeof(ports), view->transport);
		record->client_port = ports[0];
		record->virtual_port = ports[1];
		record->service_port = ports[1];
	}
	if (view->protocol == IPPROTO_TCP &&
	    !bpf_probe_read_kernel(&byte, 1, view->transport + TCP_FLAGS_OFFSET) && opens(byte))
		record->flags |= IPVSCOPE_FLAG_OPENING;
	if (view->protocol == IPPROTO_SCTP &&
	    !bpf_probe_read_kernel(&byte, 1, view->transport + SCTP_CHUNK_OFFSET) &&
	    byte == SCTP_CHUNK_INIT)
		record->flags |= IPVSCOPE_FLAG_OPENING;
}

#endif
