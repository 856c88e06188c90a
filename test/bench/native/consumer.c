// SPDX-License-Identifier: MIT
/*
 * One row of the benchmark in C: a consumer of the ring by libbpf's ring_buffer.
 *
 *   consumer OBJECT RING_BYTES KEYS MOST_SERIES aggregate|count EVERY_MS
 *
 * EVERY_MS: how often it looks into the ring while it watches; 0: when the ring wakes it.
 *
 * Requests come as lines on standard input, each answered by one line of JSON on standard output
 * (efficiency/protocol.ts and watcher.ts have the other end); the first line it writes says that it
 * is ready and how others find its generator:
 *
 *   round FIRST FILLS RECORDS   FILLS times: fill with RECORDS records, the first of all of them
 *                               number FIRST, and consume them
 *   watch                       from now on wait for records and consume them as they come
 *   finish                      no more come: consume the rest, and tell of all since `watch`
 *   totals                      totals of everything
 *
 * Ends with the input. Exit code 3: the kernel does not take the object; 1: anything else.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <unistd.h>

#include "count_table.h"
#include "generator.h"
#include "report.h"

struct consumer {
	struct generator generator;
	__u32 keys;
	int every_ms; /* 0: woken by the ring */
	struct count_table table;
	__u64 packets;
};

static const struct ipvscope_record *checked(const void *data, size_t size)
{
	if (size != sizeof(struct ipvscope_record))
		fail(EXIT_TROUBLE, "a record has %zu bytes, not %zu", size,
		     sizeof(struct ipvscope_record));
	return data;
}

static int aggregate_record(void *context, void *data, size_t size)
{
	const struct ipvscope_record *record = checked(data, size);
	struct consumer *consumer = context;

	consumer->packets += record->count;
	count_table_add(&consumer->table, record);
	return 0;
}

static int count_record(void *context, void *data, size_t size)
{
	struct consumer *consumer = context;

	consumer->packets += checked(data, size)->count;
	return 0;
}

static void run_round(struct consumer *consumer, __u64 first, __u32 fills, __u32 records)
{
	__u64 fill_ns = 0, cpu_ns = 0, wall_ns = 0;

	for (__u32 i = 0; i < fills; i++) {
		__u64 cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
		__u64 wall;
		int consumed;

		consumed = generator_run(consumer->generator.program, first + (__u64)i * records,
					 records, consumer->keys);
		if (consumed)
			fail(EXIT_TROUBLE, "cannot run the generator: %s", strerror(-consumed));
		wall = clock_ns(CLOCK_MONOTONIC);
		fill_ns += clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu;
		cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
		consumed = ring_buffer__consume(consumer->generator.ring);
		cpu_ns += clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu;
		wall_ns += clock_ns(CLOCK_MONOTONIC) - wall;
		if (consumed < 0 || (__u32)consumed != records)
			fail(EXIT_TROUBLE, "consumed %d records of %u", consumed, records);
	}
	printf("{\"fillNs\":%llu,\"cpuNs\":%llu,\"wallNs\":%llu,\"collections\":0}\n", fill_ns,
	       cpu_ns, wall_ns);
}

static __u64 detail_dropped(const struct consumer *consumer)
{
	__u64 records = 0;
	int error = generator_detail_dropped(&consumer->generator, &records);

	if (error)
		fail(EXIT_TROUBLE, "cannot read what was lost: %s", strerror(-error));
	return records;
}

/* Waits until there is a request, and consumes meanwhile. When the last record came, in us. */
static __u64 consume_until_asked(struct consumer *consumer)
{
	struct pollfd waits[] = {
		{.fd = STDIN_FILENO, .events = POLLIN},
		{.fd = ring_buffer__epoll_fd(consumer->generator.ring), .events = POLLIN},
	};
	__u64 last_us = 0;

	for (;;) {
		__u64 before = consumer->packets;
		int error;

		if (poll(waits, consumer->every_ms ? 1 : 2,
			 consumer->every_ms ? consumer->every_ms : -1) < 0)
			fail(EXIT_TROUBLE, "cannot wait: %s", strerror(errno));
		/* After the last request as well: records that woke nobody may be there. */
		error = ring_buffer__consume(consumer->generator.ring);
		if (error < 0)
			fail(EXIT_TROUBLE, "cannot consume: %s", strerror(-error));
		if (consumer->packets != before)
			last_us = clock_ns(CLOCK_MONOTONIC) / 1000;
		if (waits[0].revents)
			return last_us;
	}
}

static void watch(struct consumer *consumer)
{
	__u64 cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	__u64 packets = consumer->packets;
	__u64 dropped_before = detail_dropped(consumer);
	char line[128];
	__u64 last_us;

	puts("{}");
	last_us = consume_until_asked(consumer);
	cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu_ns;
	if (!fgets(line, sizeof(line), stdin))
		return;
	if (strcmp(line, "finish\n"))
		fail(EXIT_TROUBLE, "cannot make sense of: %s", line);
	printf("{\"packets\":%llu,\"detailDropped\":%llu,\"lastUs\":%llu,\"cpuNs\":%llu,"
	       "\"collections\":0}"
	       "\n",
	       consumer->packets - packets, detail_dropped(consumer) - dropped_before, last_us,
	       cpu_ns);
}

/* FNV-1a, 32 bits, over a text. */
static __u32 hash_text(const char *text)
{
	__u32 hash = 0x811c9dc5;

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 0x01000193;
	return hash;
}

/* The row as totals.ts writes it, hashed. */
static __u32 hash_row(const struct count_table *table, __u32 row)
{
	char virtual[INET6_ADDRSTRLEN], destination[INET6_ADDRSTRLEN], text[256];
	struct ipvscope_record record = {};

	memcpy((unsigned char *)&record + KEY_START, table->keys[row], KEY_BYTES);
	inet_ntop(record.family, record.virtual_address, virtual, sizeof(virtual));
	inet_ntop(record.destination_family, record.destination_address, destination,
		  sizeof(destination));
	snprintf(text, sizeof(text), "%u %u %s:%u %s:%u %llu", record.netns, record.fwmark, virtual,
		 ntohs(record.service_port), destination, ntohs(record.destination_port),
		 table->counts[row]);
	return hash_text(text);
}

static void print_totals(const struct consumer *consumer)
{
	const struct count_table *table = &consumer->table;
	__u32 checksum = 0;

	for (__u32 row = 0; row < table->size; row++)
		checksum += hash_row(table, row);
	printf("{\"packets\":%llu,\"overflow\":%llu,\"keys\":%u,\"checksum\":%u}\n",
	       consumer->packets, table->overflow, table->size, checksum);
}

int main(int argc, char **argv)
{
	struct consumer consumer = {};
	char line[128];
	int error;

	if (argc != 7)
		fail(EXIT_TROUBLE,
		     "usage: consumer OBJECT RING_BYTES KEYS MOST_SERIES aggregate|count EVERY_MS");
	consumer.keys = strtoul(argv[3], NULL, 10);
	consumer.every_ms = atoi(argv[6]);
	if (count_table_init(&consumer.table, strtoul(argv[4], NULL, 10)))
		fail(EXIT_TROUBLE, "no memory for the table");
	error = generator_open(&consumer.generator, argv[1], strtoul(argv[2], NULL, 10),
			       strcmp(argv[5], "count") ? aggregate_record : count_record,
			       &consumer);
	if (error)
		fail(consumer.generator.refused ? EXIT_PREREQUISITE : EXIT_TROUBLE, "%s: %s",
		     consumer.generator.what, strerror(-error));
	/* poll() must not miss a line that is in a buffer here already. */
	setvbuf(stdin, NULL, _IONBF, 0);
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("{\"program\":%u}\n", consumer.generator.id);

	while (fgets(line, sizeof(line), stdin)) {
		__u32 fills, records;
		__u64 first;

		if (sscanf(line, "round %llu %u %u", &first, &fills, &records) == 3)
			run_round(&consumer, first, fills, records);
		else if (!strcmp(line, "watch\n"))
			watch(&consumer);
		else if (!strcmp(line, "totals\n"))
			print_totals(&consumer);
		else
			fail(EXIT_TROUBLE, "cannot make sense of: %s", line);
	}
	return 0;
}
