// SPDX-License-Identifier: MIT
/*
 * One row of the benchmark in C: loads the probe's own object with its record generator alone,
 * fills the ring and times ring_buffer__consume() over it, round after round as the driver asks.
 *
 *   consumer OBJECT RING_BYTES KEYS MOST_SERIES aggregate|count
 *
 * Requests come as lines on standard input, each answered by one line of JSON on standard output
 * (protocol.ts has the other end); the first line it writes says that it is ready:
 *
 *   round FIRST FILLS RECORDS   FILLS times: fill with RECORDS records, the first of all of them
 *                               number FIRST, and consume them
 *   totals                      what all rounds added up to
 *
 * Ends with the input. Exit code 3: the kernel does not take the object; 1: anything else.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "count_table.h"

#define EXIT_TROUBLE	  1
#define EXIT_PREREQUISITE 3

/* Records of one test run. Were it less, the ring would come out short and the round fail. */
#define GENERATE_MOST 1024

struct consumer {
	int generator; /* program descriptor */
	__u32 keys;
	struct ring_buffer *ring;
	struct count_table table;
	__u64 packets;
};

__attribute__((noreturn, format(printf, 2, 3))) static void fail(int code, const char *format, ...)
{
	va_list arguments;

	fputs("bench consumer: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	exit(code);
}

static __u64 clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (__u64)now.tv_sec * 1000000000 + (__u64)now.tv_nsec;
}

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

static void open_consumer(struct consumer *consumer, const char *path, __u32 ring_bytes,
			  ring_buffer_sample_fn on_record)
{
	struct bpf_object *object = bpf_object__open_file(path, NULL);
	struct bpf_program *program;
	struct bpf_map *records;

	if (!object)
		fail(EXIT_PREREQUISITE, "cannot open the probe's object: %s", strerror(errno));
	bpf_object__for_each_program (program, object)
		bpf_program__set_autoload(program, false);
	program = bpf_object__find_program_by_name(object, "generate_records");
	records = bpf_object__find_map_by_name(object, "records");
	if (!program || !records)
		fail(EXIT_TROUBLE, "the probe's object has no generate_records or no records");
	bpf_program__set_autoload(program, true);
	if (bpf_map__set_max_entries(records, ring_bytes))
		fail(EXIT_TROUBLE, "cannot set the ring's size: %s", strerror(errno));
	if (bpf_object__load(object))
		fail(EXIT_PREREQUISITE, "the kernel does not take the generator: %s",
		     strerror(errno));
	consumer->generator = bpf_program__fd(program);
	consumer->ring = ring_buffer__new(bpf_map__fd(records), on_record, consumer, NULL);
	if (!consumer->ring)
		fail(EXIT_TROUBLE, "cannot map the ring: %s", strerror(errno));
}

static void fill(const struct consumer *consumer, __u64 first, __u32 records)
{
	while (records) {
		__u32 count = records < GENERATE_MOST ? records : GENERATE_MOST;
		__u64 arguments[] = {first, count, consumer->keys};
		LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = arguments,
			    .ctx_size_in = sizeof(arguments));

		if (bpf_prog_test_run_opts(consumer->generator, &options))
			fail(EXIT_TROUBLE, "cannot run the generator: %s", strerror(errno));
		first += count;
		records -= count;
	}
}

static void run_round(struct consumer *consumer, __u64 first, __u32 fills, __u32 records)
{
	__u64 cpu_ns = 0, wall_ns = 0;

	for (__u32 i = 0; i < fills; i++) {
		__u64 cpu, wall;
		int consumed;

		fill(consumer, first + (__u64)i * records, records);
		wall = clock_ns(CLOCK_MONOTONIC);
		cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
		consumed = ring_buffer__consume(consumer->ring);
		cpu_ns += clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu;
		wall_ns += clock_ns(CLOCK_MONOTONIC) - wall;
		if (consumed < 0 || (__u32)consumed != records)
			fail(EXIT_TROUBLE, "consumed %d records of %u", consumed, records);
	}
	printf("{\"cpuNs\":%llu,\"wallNs\":%llu,\"collections\":0}\n", cpu_ns, wall_ns);
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
		 ntohs(record.virtual_port), destination, ntohs(record.destination_port),
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
	bool aggregate;

	if (argc != 6)
		fail(EXIT_TROUBLE,
		     "usage: consumer OBJECT RING_BYTES KEYS MOST_SERIES aggregate|count");
	aggregate = !strcmp(argv[5], "aggregate");
	consumer.keys = strtoul(argv[3], NULL, 10);
	if (count_table_init(&consumer.table, strtoul(argv[4], NULL, 10)))
		fail(EXIT_TROUBLE, "no memory for the table");
	open_consumer(&consumer, argv[1], strtoul(argv[2], NULL, 10),
		      aggregate ? aggregate_record : count_record);
	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("{}");

	while (fgets(line, sizeof(line), stdin)) {
		__u32 fills, records;
		__u64 first;

		if (sscanf(line, "round %llu %u %u", &first, &fills, &records) == 3)
			run_round(&consumer, first, fills, records);
		else if (!strcmp(line, "totals\n"))
			print_totals(&consumer);
		else
			fail(EXIT_TROUBLE, "cannot make sense of: %s", line);
	}
	return 0;
}
