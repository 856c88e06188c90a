// SPDX-License-Identifier: MIT
/*
 * Sends a part of a plan as Ethernet frames.
 *
 *   sender PLAN FROM COUNT CPUS DEVICE OWN_MAC ROUTER_MAC
 *
 * One thread a CPU, bound to it, sends the packets that the plan gives to this CPU, in their order:
 * a veth pair hands a frame to the other end on the CPU that sent it, so the order is kept all the
 * way. Exit code 1: a frame could not be sent.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ether.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "plan.h"

#define MOST_CPUS 8

static const struct planned_packet *first, *end;
static struct ether_header ethernet;
static unsigned int device;

static uint32_t add(uint32_t sum, const void *data, size_t length)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i + 1 < length; i += 2)
		sum += bytes[i] << 8 | bytes[i + 1];
	return sum;
}

static uint16_t checksum(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons(~sum);
}

static size_t write_transport(uint8_t *at, const struct planned_packet *packet)
{
	size_t address = packet->version == 4 ? 4 : 16, length;
	uint32_t sum = packet->protocol;
	struct tcphdr *tcp = (void *)at;
	struct udphdr *udp = (void *)at;

	sum = add(sum, packet->source.address, address);
	sum = add(sum, packet->target.address, address);
	if (packet->protocol == IPPROTO_UDP) {
		length = sizeof(*udp);
		*udp = (struct udphdr){
			.source = packet->source.port,
			.dest = packet->target.port,
			.len = htons(length),
		};
		udp->check = checksum(add(sum + length, udp, length));
		return length;
	}
	length = sizeof(*tcp);
	*tcp = (struct tcphdr){
		.source = packet->source.port,
		.dest = packet->target.port,
		.seq = packet->sequence,
		.ack_seq = packet->mark,
		.doff = length / 4,
		.window = htons(64240),
	};
	at[13] = packet->flags;
	tcp->check = checksum(add(sum + length, tcp, length));
	return length;
}

static size_t write_frame(uint8_t *frame, const struct planned_packet *packet)
{
	struct ether_header *link = (void *)frame;
	struct iphdr *ip = (void *)(link + 1);
	struct ip6_hdr *ip6 = (void *)(link + 1);
	size_t length;

	*link = ethernet;
	if (packet->version == 4) {
		link->ether_type = htons(ETHERTYPE_IP);
		length = sizeof(*ip) + write_transport((void *)(ip + 1), packet);
		*ip = (struct iphdr){
			.version = 4,
			.ihl = 5,
			.tot_len = htons(length),
			.ttl = 64,
			.protocol = packet->protocol,
		};
		memcpy(&ip->saddr, packet->source.address, 4);
		memcpy(&ip->daddr, packet->target.address, 4);
		ip->check = checksum(add(0, ip, sizeof(*ip)));
		return sizeof(*link) + length;
	}
	link->ether_type = htons(ETHERTYPE_IPV6);
	length = write_transport((void *)(ip6 + 1), packet);
	*ip6 = (struct ip6_hdr){
		.ip6_flow = htonl(6U << 28),
		.ip6_plen = htons(length),
		.ip6_nxt = packet->protocol,
		.ip6_hlim = 64,
	};
	memcpy(&ip6->ip6_src, packet->source.address, 16);
	memcpy(&ip6->ip6_dst, packet->target.address, 16);
	return sizeof(*link) + sizeof(*ip6) + length;
}

static void *send_all(void *argument)
{
	unsigned int cpu = (unsigned int)(uintptr_t)argument;
	int descriptor = socket(AF_PACKET, SOCK_RAW, 0);
	struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_ifindex = device, .sll_halen = 6};
	uint8_t frame[128];
	cpu_set_t only;

	CPU_ZERO(&only);
	CPU_SET(cpu, &only);
	if (pthread_setaffinity_np(pthread_self(), sizeof(only), &only))
		errx(1, "cannot run on CPU %u", cpu);
	if (descriptor < 0)
		err(1, "packet socket");
	for (const struct planned_packet *packet = first; packet < end; packet++) {
		size_t length;

		if (packet->cpu != cpu)
			continue;
		length = write_frame(frame, packet);
		if (sendto(descriptor, frame, length, 0, (void *)&to, sizeof(to)) !=
		    (ssize_t)length)
			err(1, "packet %u", ntohl(packet->mark));
	}
	return NULL;
}

int main(int count, char **arguments)
{
	unsigned long from, packets, cpus;
	pthread_t threads[MOST_CPUS];
	struct ether_addr *address;
	struct stat status;
	int plan;

	if (count != 8)
		errx(2, "usage: sender PLAN FROM COUNT CPUS DEVICE OWN_MAC ROUTER_MAC");
	plan = open(arguments[1], O_RDONLY);
	if (plan < 0 || fstat(plan, &status))
		err(1, "%s", arguments[1]);
	from = strtoul(arguments[2], NULL, 10);
	packets = strtoul(arguments[3], NULL, 10);
	cpus = strtoul(arguments[4], NULL, 10);
	if ((from + packets) * sizeof(*first) > (size_t)status.st_size || cpus > MOST_CPUS)
		errx(2, "the plan has no packets from %lu to %lu", from, from + packets);
	first = mmap(NULL, status.st_size, PROT_READ, MAP_PRIVATE, plan, 0);
	if (first == MAP_FAILED)
		err(1, "%s", arguments[1]);
	first += from;
	end = first + packets;

	device = if_nametoindex(arguments[5]);
	if (!device)
		err(1, "%s", arguments[5]);
	address = ether_aton(arguments[6]);
	if (!address)
		errx(2, "%s is no address", arguments[6]);
	memcpy(ethernet.ether_shost, address, 6);
	address = ether_aton(arguments[7]);
	if (!address)
		errx(2, "%s is no address", arguments[7]);
	memcpy(ethernet.ether_dhost, address, 6);

	for (uintptr_t cpu = 0; cpu < cpus; cpu++)
		if (pthread_create(&threads[cpu], NULL, send_all, (void *)cpu))
			errx(1, "thread");
	for (uintptr_t cpu = 0; cpu < cpus; cpu++)
		pthread_join(threads[cpu], NULL);
	return 0;
}
