// SPDX-License-Identifier: MIT
/*
 * Listens on TCP ports, both families, and never accepts: `listener FIRST LAST`. Says "ready" and
 * ends with its standard input.
 */
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int count, char **arguments)
{
	char byte;

	if (count != 3)
		errx(2, "usage: listener FIRST LAST");
	for (int port = atoi(arguments[1]); port <= atoi(arguments[2]); port++) {
		struct sockaddr_in6 address = {
			.sin6_family = AF_INET6,
			.sin6_port = htons(port),
		};
		int descriptor = socket(AF_INET6, SOCK_STREAM, 0);

		if (descriptor < 0 || bind(descriptor, (void *)&address, sizeof(address)) ||
		    listen(descriptor, SOMAXCONN))
			err(1, "port %d", port);
	}
	puts("ready");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	return 0;
}
