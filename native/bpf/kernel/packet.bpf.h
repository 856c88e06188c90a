/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Reads a packet's headers: ports, whether it opens a connection, and its ISN. */
#ifndef IPVSCOPE_PACKET_BPF_H
#define IPVSCOPE_PACKET_BPF_H

#include "kernel.bpf.h"

#define TCP_FLAGS_OFFSET 13
#define TCP_SYN		 0x02
#define TCP_ACK		 0x10

#define SCTP_CHUNK_OFFSET 12
#define SCTP_CHUNK_INIT	  1

/* The ISN: TCP's initial sequence number, SCTP's initiate tag. Network byte order. */
#define TCP_ISN_OFFSET	4
#define SCTP_ISN_OFFSET 16

/* Bytes of the transport header that must be readable before any of the above is read. */
#define TCP_NEEDED   14
#define SCTP_NEEDED  20
#define PORTS_NEEDED 4

enum packet_reading {
	PACKET_ORDINARY,
	PACKET_OPENING,
	PACKET_UNREADABLE,
};

/* The transport header of a packet. */
struct transport {
	const void *start;
	/* The same for direct loads; NULL where this object or kernel has no typed cast. */
	const struct tcphdr *loadable;
	__s64 readable; /* bytes in the packet's linear part from the header on */
	__s64 length;	/* ... in the whole packet */
	__s16 protocol;
	bool fragment; /* a later fragment: it has no transport header */
};

static __always_inline const struct tcphdr *loadable_header(const void *start)
{
	if (!TYPED_ARGUMENTS || !can_cast)
		return NULL;
	return bpf_rdonly_cast(start, bpf_core_type_id_kernel(struct tcphdr));
}

/* Reads once what all functions below need. iph->len is the transport header's offset from
 * skb->data (net/netfilter/ipvs, all versions). */
static __always_inline struct transport transport_of(const struct sk_buff *skb,
						     const struct ip_vs_iphdr *iph)
{
	__u32 offset = PEEK(iph, len);
	struct transport transport = {
		.start = PEEK(skb, data) + offset,
		.length = (__s64)PEEK(skb, len) - offset,
		.protocol = PEEK(iph, protocol),
		.fragment = PEEK(iph, fragoffs) != 0,
	};

	transport.readable = transport.length - PEEK(skb, data_len);
	transport.loadable = loadable_header(transport.start);
	return transport;
}

static __always_inline bool read_transport(const struct transport *transport, __u32 offset,
					   void *to, __u32 size)
{
	return !bpf_probe_read_kernel(to, size, transport->start + offset);
}

/* Loads the flags. The barrier keeps clang from merging this load with a stack load: the verifier
 * rejects a pointer that may be either. */
static __always_inline __u8 load_tcp_flags(const struct tcphdr *header)
{
	__u8 flags = ((const __u8 *)header)[TCP_FLAGS_OFFSET];

	barrier_var(flags);
	return flags;
}

static __always_inline bool opens(__u8 flags)
{
	return (flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
}

/*
 * Returns whether the packet opens a connection. ip_vs reads the header with skb_header_pointer(),
 * which also finds it outside the packet's linear part; here such a packet is unreadable, and
 * counted.
 */
static __always_inline enum packet_reading read_opening(const struct transport *transport)
{
	__u8 byte = 0;

	if (transport->fragment)
		return PACKET_ORDINARY;
	switch (transport->protocol) {
	case IPPROTO_TCP:
		if (transport->readable < TCP_NEEDED)
			return PACKET_UNREADABLE;
		if (transport->loadable)
			byte = load_tcp_flags(transport->loadable);
		else if (!read_transport(transport, TCP_FLAGS_OFFSET, &byte, 1))
			return PACKET_UNREADABLE;
		return opens(byte) ? PACKET_OPENING : PACKET_ORDINARY;
	case IPPROTO_SCTP:
		if (transport->readable < SCTP_NEEDED)
			return transport->length >= SCTP_NEEDED ? PACKET_UNREADABLE
								: PACKET_ORDINARY;
		if (!read_transport(transport, SCTP_CHUNK_OFFSET, &byte, 1))
			return PACKET_UNREADABLE;
		return byte == SCTP_CHUNK_INIT ? PACKET_OPENING : PACKET_ORDINARY;
	}
	return PACKET_ORDINARY;
}

/*
 * The same on every packet's path, with as few loads as possible: false only if the packet is
 * certainly ordinary. ip_vs has read the ports: a TCP header that is truncated behind them is read
 * here all the same, and checked again later. Data of a local sender or of GRO may lie outside the
 * linear part; the header rarely does.
 */
static __always_inline bool may_open(const struct sk_buff *skb, const struct ip_vs_iphdr *iph)
{
	const struct tcphdr *header;
	const void *start;
	__u32 offset, outside;
	__u8 flags = 0;

	switch (PEEK(iph, protocol)) {
	case IPPROTO_TCP:
		offset = PEEK(iph, len);
		start = PEEK(skb, data) + offset;
		header = loadable_header(start);
		if (header)
			flags = load_tcp_flags(header);
		else if (bpf_probe_read_kernel(&flags, 1, start + TCP_FLAGS_OFFSET))
			return true;
		if (opens(flags))
			return true;
		outside = PEEK(skb, data_len);
		return outside && PEEK(skb, len) - outside < offset + TCP_NEEDED;
	case IPPROTO_SCTP:
		return true;
	}
	return false;
}

/* Reads source and destination port, network byte order; false where they are unreadable. */
static __always_inline bool read_ports(const struct transport *transport, __be16 ports[2])
{
	if (transport->readable < PORTS_NEEDED)
		return false;
	if (!transport->loadable)
		return read_transport(transport, 0, ports, PORTS_NEEDED);
	/* The header of every protocol begins with them. */
	ports[0] = transport->loadable->source;
	ports[1] = transport->loadable->dest;
	return true;
}

/* Reads the ISN of a connection-opening packet, network byte order; false where unreadable. */
static __always_inline bool read_isn(const struct transport *transport, __u32 *isn)
{
	if (transport->protocol != IPPROTO_TCP)
		return read_transport(transport, SCTP_ISN_OFFSET, isn, sizeof(*isn));
	if (!transport->loadable)
		return read_transport(transport, TCP_ISN_OFFSET, isn, sizeof(*isn));
	*isn = transport->loadable->seq;
	return true;
}

/*
 * Reads an address into 16 zero bytes. Every address is read here: for IPv4 the kernel sets 4
 * bytes, and the other 12 of an ip_vs_iphdr are uninitialised (ip_vs_fill_iph_skb_off()). An
 * unreadable address stays zero.
 */
static __always_inline void read_address(enum pointers pointers, void *to, int family,
					 const union nf_inet_addr *from)
{
	__u32 *words = to;

	if (pointers == POINTERS_TYPED) {
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
