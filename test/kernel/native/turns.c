// SPDX-License-Identifier: MIT
/*
 * A client of this host that sends TCP packets in a tight loop, to several virtual services in
 * turn.
 *
 *   turns SOURCE VIRTUAL ROUNDS PORT:TARGET_PORT:FLAGS...
 *
 * One packet of each PORT:TARGET_PORT:FLAGS a round; FLAGS are letters: S, A, F. Every packet has a
 * sequence number of its own. Prints how many of each were sent and how many of those the kernel
 * refused (EPERM: netfilter dropped it), one line each. Exit code 1 where one failed otherwise.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MOST_TURNS 8

struct packet {
	struct iphdr ip;
	struct tcphdr tcp;
};

static struct packet packets[MOST_TURNS];
static unsigned long refused[MOST_TURNS];

static void fill(struct packet *packet, in_addr_t source, in_addr_t target, const char *turn)
{
	unsigned int from, to;
	char flags[8];

	if (sscanf(turn, "%u:%u:%7s", &from, &to, flags) != 3)
		errx(2, "%s is no PORT:TARGET_PORT:FLAGS", turn);
	packet->ip.version = 4;
	packet->ip.ihl = sizeof(packet->ip) / 4;
	packet->ip.ttl = 64;
	packet->ip.protocol = IPPROTO_TCP;
	packet->ip.saddr = source;
	packet->ip.daddr = target;
	packet->tcp.source = htons(from);
	packet->tcp.dest = htons(to);
	packet->tcp.doff = sizeof(packet->tcp) / 4;
	packet->tcp.window = htons(65535);
	packet->tcp.syn = !!strchr(flags, 'S');
	packet->tcp.ack = !!strchr(flags, 'A');
	packet->tcp.fin = !!strchr(flags, 'F');
}

int main(int count, char **arguments)
{
	int descriptor, turns = count - 4;
	struct sockaddr_in target = {.sin_family = AF_INET};
	struct in_addr source;
	unsigned long rounds;
	uint32_t sequence = (uint32_t)getpid() << 16;

	if (turns < 1 || turns > MOST_TURNS)
		errx(2, "usage: turns SOURCE VIRTUAL ROUNDS PORT:TARGET_PORT:FLAGS...");
	if (inet_pton(AF_INET, arguments[1], &source) != 1 ||
	    inet_pton(AF_INET, arguments[2], &target.sin_addr) != 1)
		errx(2, "an address is wrong");
	rounds = strtoul(arguments[3], NULL, 10);
	for (int i = 0; i < turns; i++)
		fill(&packets[i], source.s_addr, target.sin_addr.s_addr, arguments[4 + i]);
	descriptor = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
	if (descriptor < 0)
		err(1, "raw socket");
	for (unsigned long round = 0; round < rounds; round++) {
		for (int i = 0; i < turns; i++) {
			packets[i].tcp.seq = htonl(sequence++);
			if (sendto(descriptor, &packets[i], sizeof(packets[i]), 0, (void *)&target,
				   sizeof(target)) == sizeof(packets[i]))
				continue;
			if (errno != EPERM)
				err(1, "packet %lu", round);
			refused[i]++;
		}
	}
	for (int i = 0; i < turns; i++)
		printf("%lu %lu\n", rounds, refused[i]);
	return 0;
}
