// SPDX-License-Identifier: MIT
/*
 * Writes down what passes the director's legs: what comes in from the clients (with the ICMP errors
 * that go back there) and what goes out to each server.
 *
 *   witness FILE CLIENT_LEG SERVER_LEG...
 *
 * Says "ready" when it sees everything, "mark N" for every mark once all that passed before is in
 * the file, N packets that went to servers until then, and at the end of its standard input "lost
 * N": packets that came while its rings were full.
 */
#include <arpa/inet.h>
#include <err.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sighting.h"

#define MOST_LEGS    8
#define FRAME_SIZE   256
#define FRAMES	     (1 << 17)
#define DISCARD_PORT 9
/* Being woken for each packet costs more than the packet; the rings hold a whole stage. */
#define EVERY_MS    20
#define TCP_FLAGS   13
#define FIN_SYN_ACK 0x13

struct leg {
	int descriptor;
	uint8_t *ring;
	unsigned int next;
};

static struct leg legs[MOST_LEGS];
static int leg_count;
static FILE *out;
static unsigned int marks;
static unsigned int went_out;

/* The transport header, its length and protocol; NULL where that is not what the plan sends. */
static const uint8_t *read_network(const uint8_t *at, const uint8_t *end, struct sighting *seen,
				   uint8_t *protocol)
{
	const struct iphdr *ip = (const void *)at;
	const struct ip6_hdr *ip6 = (const void *)at;

	if (at + sizeof(*ip) > end)
		return NULL;
	memset(&seen->source, 0, sizeof(seen->source));
	memset(&seen->target, 0, sizeof(seen->target));
	seen->version = ip->version;
	if (ip->version == 4) {
		memcpy(seen->source.address, &ip->saddr, 4);
		memcpy(seen->target.address, &ip->daddr, 4);
		*protocol = ip->protocol;
		return at + ip->ihl * 4;
	}
	if (ip->version != 6 || at + sizeof(*ip6) > end)
		return NULL;
	memcpy(seen->source.address, &ip6->ip6_src, 16);
	memcpy(seen->target.address, &ip6->ip6_dst, 16);
	*protocol = ip6->ip6_nxt;
	return at + sizeof(*ip6);
}

static bool is_error(const uint8_t *icmp, uint8_t protocol)
{
	if (protocol == IPPROTO_ICMP)
		return icmp[0] == ICMP_DEST_UNREACH;
	return protocol == IPPROTO_ICMPV6 && icmp[0] == ICMP6_DST_UNREACH;
}

/* Fills it from a packet of the plan; false for any other. */
static bool read_packet(const uint8_t *at, const uint8_t *end, struct sighting *seen)
{
	const struct tcphdr *tcp;
	uint8_t protocol = 0, flags;

	at = read_network(at, end, seen, &protocol);
	if (at && at + 8 <= end && is_error(at, protocol)) {
		at = read_network(at + 8, end, seen, &protocol);
		seen->what = SIGHTING_ERROR;
	}
	if (!at || at + 8 > end)
		return false;
	tcp = (const void *)at;
	seen->source.port = tcp->source;
	seen->target.port = tcp->dest;
	if (protocol == IPPROTO_UDP && !seen->what) {
		seen->what = SIGHTING_MARK;
		return ntohs(tcp->dest) == DISCARD_PORT;
	}
	if (protocol != IPPROTO_TCP || at + sizeof(*tcp) > end)
		return false;
	seen->sequence = ntohl(tcp->seq);
	seen->mark = ntohl(tcp->ack_seq);
	flags = at[TCP_FLAGS] & FIN_SYN_ACK;
	if (seen->what)
		return true;
	seen->what = flags == TH_SYN ? SIGHTING_OPENING : SIGHTING_CLOSING;
	return flags == TH_SYN || flags == TH_FIN;
}

static void look(int number, const struct tpacket2_hdr *header)
{
	const struct sockaddr_ll *link =
		(const void *)((const uint8_t *)header + TPACKET_ALIGN(sizeof(*header)));
	const uint8_t *at = (const uint8_t *)header + header->tp_net;
	const uint8_t *end = (const uint8_t *)header + header->tp_mac + header->tp_snaplen;
	bool outgoing = link->sll_pkttype == PACKET_OUTGOING;
	struct sighting seen = {
		.time_ns = (uint64_t)header->tp_sec * 1000000000 + header->tp_nsec,
		.leg = number,
	};

	if (!read_packet(at, end, &seen))
		return;
	if (outgoing != (number > 0 || seen.what == SIGHTING_ERROR))
		return;
	if (seen.what == SIGHTING_MARK) {
		marks += outgoing;
		return;
	}
	went_out += number > 0;
	if (fwrite(&seen, sizeof(seen), 1, out) != 1)
		err(1, "cannot write");
}

static void drain(int number)
{
	struct leg *leg = &legs[number];

	for (;;) {
		struct tpacket2_hdr *header = (void *)(leg->ring + (size_t)leg->next * FRAME_SIZE);

		if (!(__atomic_load_n(&header->tp_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
			return;
		look(number, header);
		__atomic_store_n(&header->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
		leg->next = (leg->next + 1) % FRAMES;
	}
}

static void open_leg(struct leg *leg, const char *name)
{
	struct tpacket_req request = {
		.tp_block_size = 1 << 16,
		.tp_block_nr = (size_t)FRAMES * FRAME_SIZE >> 16,
		.tp_frame_size = FRAME_SIZE,
		.tp_frame_nr = FRAMES,
	};
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = if_nametoindex(name),
	};
	int version = TPACKET_V2;

	leg->descriptor = socket(AF_PACKET, SOCK_DGRAM, 0);
	if (leg->descriptor < 0 || !address.sll_ifindex)
		err(1, "%s", name);
	if (setsockopt(leg->descriptor, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) ||
	    setsockopt(leg->descriptor, SOL_PACKET, PACKET_RX_RING, &request, sizeof(request)))
		err(1, "%s: ring", name);
	leg->ring = mmap(NULL, (size_t)FRAMES * FRAME_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
			 leg->descriptor, 0);
	if (leg->ring == MAP_FAILED)
		err(1, "%s: map", name);
	if (bind(leg->descriptor, (void *)&address, sizeof(address)))
		err(1, "%s: bind", name);
}

static unsigned int lost(void)
{
	unsigned int sum = 0;

	for (int i = 0; i < leg_count; i++) {
		struct tpacket_stats statistics;
		socklen_t length = sizeof(statistics);

		if (getsockopt(legs[i].descriptor, SOL_PACKET, PACKET_STATISTICS, &statistics,
			       &length))
			err(1, "statistics");
		sum += statistics.tp_drops;
	}
	return sum;
}

int main(int count, char **arguments)
{
	struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
	unsigned int told = 0;

	leg_count = count - 2;
	if (leg_count < 2 || leg_count > MOST_LEGS)
		errx(2, "usage: witness FILE CLIENT_LEG SERVER_LEG...");
	out = fopen(arguments[1], "wb");
	if (!out)
		err(1, "%s", arguments[1]);
	setlinebuf(stdout);
	for (int i = 0; i < leg_count; i++)
		open_leg(&legs[i], arguments[i + 2]);
	puts("ready");
	while (!input.revents) {
		unsigned int before;

		if (poll(&input, 1, EVERY_MS) < 0)
			err(1, "poll");
		/* What passed another leg before a mark may have come after that leg's turn. */
		do {
			before = marks;
			for (int i = 0; i < leg_count; i++)
				drain(i);
		} while (marks != before);
		if (told < marks && fflush(out))
			err(1, "cannot write");
		for (; told < marks; told++)
			printf("mark %u\n", went_out);
	}
	printf("lost %u\n", lost());
	return 0;
}
