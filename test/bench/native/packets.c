// SPDX-License-Identifier: MIT
/*
 * Sends TCP packets from this host in a tight loop, each an IPv4 header and a TCP header without
 * options, and reports the cost per packet in the sending thread, softirqs on its way included.
 *
 *   packets SOURCE SOURCE_PORT TARGET TARGET_PORT syn|ack|new WARMUPS COUNT
 *
 * Every SYN has a sequence number of its own; of `new`, SYNs as well, each comes from the next
 * port. Prints the CPU time of COUNT packets in nanoseconds, those of the warm-up left out. Exit
 * code 1 where a packet could not be sent.
 */
#include <arpa/inet.h>
#include <err.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct packet {
	struct iphdr ip;
	struct tcphdr tcp;
};

static struct packet packet;
static struct sockaddr_in target;
static int descriptor;
static int next_port; /* from one packet to the next */

static void send_some(unsigned long count)
{
	for (unsigned long i = 0; i < count; i++) {
		if (packet.tcp.syn)
			packet.tcp.seq = htonl(ntohl(packet.tcp.seq) + 1);
		packet.tcp.source = htons(ntohs(packet.tcp.source) + next_port);
		if (sendto(descriptor, &packet, sizeof(packet), 0, (void *)&target,
			   sizeof(target)) != sizeof(packet))
			err(1, "packet %lu", i);
	}
}

static uint64_t cpu_time(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now))
		err(1, "clock");
	return (uint64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int main(int count, char **arguments)
{
	struct in_addr source;
	uint64_t start;

	if (count != 8)
		errx(2, "usage: packets SOURCE SOURCE_PORT TARGET TARGET_PORT syn|ack|new "
			"WARMUPS COUNT");
	target.sin_family = AF_INET;
	if (inet_pton(AF_INET, arguments[1], &source) != 1 ||
	    inet_pton(AF_INET, arguments[3], &target.sin_addr) != 1)
		errx(2, "an address is wrong");
	packet.ip.version = 4;
	packet.ip.ihl = sizeof(packet.ip) / 4;
	packet.ip.ttl = 64;
	packet.ip.protocol = IPPROTO_TCP;
	packet.ip.saddr = source.s_addr;
	packet.ip.daddr = target.sin_addr.s_addr;
	packet.tcp.source = htons(atoi(arguments[2]));
	packet.tcp.dest = htons(atoi(arguments[4]));
	packet.tcp.doff = sizeof(packet.tcp) / 4;
	packet.tcp.window = htons(65535);
	next_port = !strcmp(arguments[5], "new");
	packet.tcp.ack = !strcmp(arguments[5], "ack");
	packet.tcp.syn = !packet.tcp.ack;
	/* Numbers differ from one run to the next, too. */
	packet.tcp.seq = htonl((uint32_t)getpid() << 16);

	descriptor = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
	if (descriptor < 0)
		err(1, "raw socket");
	send_some(strtoul(arguments[6], NULL, 10));
	start = cpu_time();
	send_some(strtoul(arguments[7], NULL, 10));
	printf("%llu\n", (unsigned long long)(cpu_time() - start));
	return 0;
}
