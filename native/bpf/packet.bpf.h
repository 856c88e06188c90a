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

static __always_inline const void *transport_header(enum access access, const struct sk_buff *skb,
						    const struct ip_vs_iphdr *iph)
{
	return PEEK(access, skb, data) + PEEK(access, iph, len);
}

static __always_inline bool read_transport(enum access access, const struct sk_buff *skb,
					   const struct ip_vs_iphdr *iph, __u32 offset, void *to,
					   __u32 size)
{
	return !bpf_probe_read_kernel(to, size, transport_header(access, skb, iph) + offset);
}

/* The transport header for loads instead of calls, NULL where this program, or kernel, has none. */
static __always_inline const struct tcphdr *
loadable_header(enum access access, const struct sk_buff *skb, const struct ip_vs_iphdr *iph)
{
	if (access != ACCESS_DIRECT || !can_cast)
		return NULL;
	return bpf_rdonly_cast(transport_header(access, skb, iph),
			       bpf_core_type_id_kernel(struct tcphdr));
}

/*
 * Whether the packet opens a connection. ip_vs reads the header with skb_header_pointer(), which
 * also finds it outside the packet's linear part; here such a packet is unreadable, and counted.
 * ip_vs has seen the ports: a header that is cut off behind them is read, and believed only where
 * it says what is rare.
 */
static __always_inline enum packet_reading read_tcp(enum access access, const struct sk_buff *skb,
						    const struct ip_vs_iphdr *iph)
{
	const struct tcphdr *header = loadable_header(access, skb, iph);
	__u8 flags = 0;

	if (header)
		flags = ((const __u8 *)header)[TCP_FLAGS_OFFSET];
	else if (!read_transport(access, skb, iph, TCP_FLAGS_OFFSET, &flags, 1))
		return PACKET_UNREADABLE;
	if (PEEK(access, skb, data_len) || (flags & (TCP_SYN | TCP_ACK)) == TCP_SYN) {
		if (!header_readable(access, skb, iph, TCP_NEEDED))
			return PACKET_UNREADABLE;
	}
	return (flags & (TCP_SYN | TCP_ACK)) == TCP_SYN ? PACKET_OPENING : PACKET_ORDINARY;
}

static __always_inline enum packet_reading read_sctp(enum access access, const struct sk_buff *skb,
						     const struct ip_vs_iphdr *iph)
{
	__u8 chunk = 0;

	if (!header_readable(access, skb, iph, SCTP_NEEDED))
		return PEEK(access, iph, len) + SCTP_NEEDED <= PEEK(access, skb, len)
			       ? PACKET_UNREADABLE
			       : PACKET_ORDINARY;
	if (!read_transport(access, skb, iph, SCTP_CHUNK_OFFSET, &chunk, 1))
		return PACKET_UNREADABLE;
	return chunk == SCTP_CHUNK_INIT ? PACKET_OPENING : PACKET_ORDINARY;
}

/* Of a packet that is no later fragment. */
static __always_inline enum packet_reading
read_opening(enum access access, const struct sk_buff *skb, const struct ip_vs_iphdr *iph)
{
	switch (PEEK(access, iph, protocol)) {
	case IPPROTO_TCP:
		return read_tcp(access, skb, iph);
	case IPPROTO_SCTP:
		return read_sctp(access, skb, iph);
	}
	return PACKET_ORDINARY;
}

static __always_inline bool is_opening(enum access access, const struct sk_buff *skb,
				       const struct ip_vs_iphdr *iph)
{
	return !PEEK(access, iph, fragoffs) && read_opening(access, skb, iph) == PACKET_OPENING;
}

/* Source and destination port, network byte order; false when they cannot be read. */
static __always_inline bool read_ports(enum access access, const struct sk_buff *skb,
				       const struct ip_vs_iphdr *iph, __be16 ports[2])
{
	const struct tcphdr *header;

	if (!header_readable(access, skb, iph, PORTS_NEEDED))
		return false;
	/* Every protocol's header begins with them. */
	header = loadable_header(access, skb, iph);
	if (!header)
		return read_transport(access, skb, iph, 0, ports, PORTS_NEEDED);
	ports[0] = header->source;
	ports[1] = header->dest;
	return true;
}

static __always_inline bool read_opening_number(enum access access, const struct sk_buff *skb,
						const struct ip_vs_iphdr *iph, __u32 *number)
{
	bool tcp = PEEK(access, iph, protocol) == IPPROTO_TCP;
	const struct tcphdr *header = tcp ? loadable_header(access, skb, iph) : NULL;

	if (header) {
		*number = header->seq;
		return true;
	}
	return read_transport(access, skb, iph,
			      tcp ? TCP_OPENING_NUMBER_OFFSET : SCTP_OPENING_NUMBER_OFFSET, number,
			      sizeof(*number));
}

/*
 * The only way to read an address, into 16 bytes that are zero. Of IPv4 the kernel sets the first
 * 4; the other 12 of an ip_vs_iphdr are what the stack held before (ip_vs_fill_iph_skb_off()). What
 * cannot be read stays zero.
 */
static __always_inline void read_address(enum access access, void *to, int family,
					 const union nf_inet_addr *from)
{
	__u32 *words = to;

	if (access == ACCESS_DIRECT) {
		words[0] = from->all[0];
		if (family != AF_INET6)
			return;
		words[1] = from->all[1];
		words[2] = from->all[2];
		words[3] = from->all[3];
	} else if (family == AF_INET6) {
		bpf_probe_read_kernel(to, 16, from);
	} else {
		bpf_probe_read_kernel(to, 4, from);
	}
}

#endif
