/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What a packet says of itself: ports, whether it opens a connection, and its handshake's number.
 */
#ifndef IPVSCOPE_PACKET_BPF_H
#define IPVSCOPE_PACKET_BPF_H

#include "kernel.bpf.h"

#define TCP_FLAGS_OFFSET 13
#define TCP_SYN		 0x02
#define TCP_ACK		 0x10

#define SCTP_CHUNK_OFFSET 12
#define SCTP_CHUNK_INIT	  1

/* The opening number: TCP's initial sequence number, SCTP's initiate tag. Network byte order. */
#define TCP_OPENING_NUMBER_OFFSET  4
#define SCTP_OPENING_NUMBER_OFFSET 16

/* Bytes of the transport header that have to be readable before any of the above is. */
#define TCP_NEEDED   14
#define SCTP_NEEDED  20
#define PORTS_NEEDED 4

enum packet_reading {
	PACKET_ORDINARY,
	PACKET_OPENING,
	PACKET_UNREADABLE,
};

/* iph->len is the transport header's offset from skb->data (net/netfilter/ipvs, all versions). */
static __always_inline bool header_readable(enum access access, const struct sk_buff *skb,
					    const struct ip_vs_iphdr *iph, __u32 needed)
{
	return PEEK(access, iph, len) + needed <=
	       PEEK(access, skb, len) - PEEK(access, skb, data_len);
}

static __always_inline bool read_transport(enum access access, const struct sk_buff *skb,
					   const struct ip_vs_iphdr *iph, __u32 offset, void *to,
					   __u32 size)
{
	return !bpf_probe_read_kernel(to, size,
				      PEEK(access, skb, data) + PEEK(access, iph, len) + offset);
}

/*
 * Whether the packet opens a connection. ip_vs reads the header with skb_header_pointer(), which
 * also finds it outside the packet's linear part; here such a packet is unreadable, and counted.
 */
static __always_inline enum packet_reading
read_opening(enum access access, const struct sk_buff *skb, const struct ip_vs_iphdr *iph)
{
	__u8 byte = 0;

	if (PEEK(access, iph, fragoffs))
		return PACKET_ORDINARY;
	switch (PEEK(access, iph, protocol)) {
	case IPPROTO_TCP:
		if (!header_readable(access, skb, iph, TCP_NEEDED))
			return PACKET_UNREADABLE;
		if (!read_transport(access, skb, iph, TCP_FLAGS_OFFSET, &byte, 1))
			return PACKET_UNREADABLE;
		return (byte & (TCP_SYN | TCP_ACK)) == TCP_SYN ? PACKET_OPENING : PACKET_ORDINARY;
	case IPPROTO_SCTP:
		if (!header_readable(access, skb, iph, SCTP_NEEDED))
			return PEEK(access, iph, len) + SCTP_NEEDED <= PEEK(access, skb, len)
				       ? PACKET_UNREADABLE
				       : PACKET_ORDINARY;
		if (!read_transport(access, skb, iph, SCTP_CHUNK_OFFSET, &byte, 1))
			return PACKET_UNREADABLE;
		return byte == SCTP_CHUNK_INIT ? PACKET_OPENING : PACKET_ORDINARY;
	}
	return PACKET_ORDINARY;
}

/* Source and destination port, network byte order; false when they cannot be read. */
static __always_inline bool read_ports(const struct sk_buff *skb, const struct ip_vs_iphdr *iph,
				       __be16 ports[2])
{
	return header_readable(ACCESS_HELPER, skb, iph, PORTS_NEEDED) &&
	       read_transport(ACCESS_HELPER, skb, iph, 0, ports, PORTS_NEEDED);
}

static __always_inline bool read_opening_number(const struct sk_buff *skb,
						const struct ip_vs_iphdr *iph, __u32 *number)
{
	__u32 offset = BPF_CORE_READ(iph, protocol) == IPPROTO_TCP ? TCP_OPENING_NUMBER_OFFSET
								   : SCTP_OPENING_NUMBER_OFFSET;

	return read_transport(ACCESS_HELPER, skb, iph, offset, number, sizeof(*number));
}

/*
 * The only way to read an address, into 16 bytes that are zero. Of IPv4 the kernel sets the first
 * 4; the other 12 of an ip_vs_iphdr are what the stack held before (ip_vs_fill_iph_skb_off()). What
 * cannot be read stays zero.
 */
static __always_inline void read_address(void *to, int family, const union nf_inet_addr *from)
{
	if (family == AF_INET6)
		bpf_probe_read_kernel(to, 16, from);
	else
		bpf_probe_read_kernel(to, 4, from);
}

#endif
