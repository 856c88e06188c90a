// SPDX-License-Identifier: MIT
/*
 * Makes records on one CPU, in a process of its own, with the generator program that a consumer
 * loaded.
 *
 *   producer CPU KEYS
 *
 * Requests come as lines on standard input, each answered by one line of JSON on standard output
 * (producer.ts has the other end); the first line it writes says that it is ready:
 *
 *   feed PROGRAM FIRST RECORDS                with the program of that number RECORDS records, the
 *                                             first of them number FIRST, as fast as it goes, but
 *                                             never more than the ring has room for
 *   pace PROGRAM FIRST RECORDS INTERVAL_NS    one record every INTERVAL_NS
 *   until PROGRAM START_US DURATION_US MOST   as fast as it goes, for as long, from that time on
 *                                             CLOCK_MONOTONIC, at most MOST records
 *
 * Ends with the input. Exit code 1 says that something failed.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "generator.h"
#include "report.h"
#include "ring_room.h"

/* A wait shorter than this is spun through: to sleep and wake takes as long. */
#define SPIN_NS 20000

/* How long a full ring is left alone: who looks at its position all the time slows the consumer. */
#define FULL_NS 2000

static __u32 keys;
static int own_cpu;

struct production {
	__u64 records, start_ns, cpu_ns;
};

static int open_program(__u32 id)
{
	int program = bpf_prog_get_fd_by_id(id);

	if (program < 0)
		fail(EXIT_TROUBLE, "cannot find program %u: %s", id, strerror(errno));
	return program;
}

static void run(int program, __u64 first, __u64 records)
{
	int error = generator_run(program, first, records, keys);

	if (error)
		fail(EXIT_TROUBLE, "cannot run the generator: %s", strerror(-error));
}

static void wait_until(__u64 ns)
{
	struct timespec time = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
	int error = 0;

	if (ns > clock_ns(CLOCK_MONOTONIC) + SPIN_NS)
		error = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL);
	if (error)
		fail(EXIT_TROUBLE, "cannot wait: %s", strerror(error));
	while (clock_ns(CLOCK_MONOTONIC) < ns)
		;
}

static struct production begin(void)
{
	return (struct production){
		.start_ns = clock_ns(CLOCK_MONOTONIC),
		.cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID),
	};
}

/* Points in time in microseconds: in nanoseconds they are no exact numbers after 104 days. */
static void end(struct production production)
{
	__u64 cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID) - production.cpu_ns;
	__u64 wall_ns = clock_ns(CLOCK_MONOTONIC) - production.start_ns;

	printf("{\"records\":%llu,\"startUs\":%llu,\"wallNs\":%llu,\"cpuNs\":%llu}\n",
	       production.records, production.start_ns / 1000, wall_ns, cpu_ns);
}

static void feed(int program, __u64 first, __u64 records)
{
	struct production production;
	struct ring_room room = {};
	int error = ring_room_open(&room, program, own_cpu);

	if (error)
		fail(EXIT_TROUBLE, "cannot look into the ring: %s", strerror(-error));
	production = begin();
	while (production.records < records) {
		__u64 left = records - production.records;
		__u64 count = left < GENERATE_MOST ? left : GENERATE_MOST;

		if (!ring_room_has(&room, count)) {
			wait_until(clock_ns(CLOCK_MONOTONIC) + FULL_NS);
			continue;
		}
		run(program, first + production.records, count);
		production.records += count;
	}
	end(production);
	ring_room_close(&room);
}

static void pace(int program, __u64 first, __u64 records, __u64 interval_ns)
{
	struct production production = begin();

	for (; production.records < records; production.records++) {
		wait_until(production.start_ns + production.records * interval_ns);
		run(program, first + production.records, 1);
	}
	end(production);
}

static void produce_until(int program, __u64 start_ns, __u64 duration_ns, __u64 most)
{
	struct production production;

	wait_until(start_ns);
	production = begin();
	/* Once at least, however late: who made nothing has no cost. */
	do {
		run(program, production.records, GENERATE_MOST);
		production.records += GENERATE_MOST;
	} while (production.records + GENERATE_MOST <= most &&
		 clock_ns(CLOCK_MONOTONIC) < start_ns + duration_ns);
	end(production);
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		fail(EXIT_PREREQUISITE, "cannot run on CPU %d: %s", cpu, strerror(errno));
}

int main(int argc, char **argv)
{
	char line[128];

	if (argc != 3)
		fail(EXIT_TROUBLE, "usage: producer CPU KEYS");
	own_cpu = atoi(argv[1]);
	pin(own_cpu);
	keys = strtoul(argv[2], NULL, 10);
	/* Intervals are kept to the nanosecond, not to the 50 us that the kernel allows itself. */
	if (prctl(PR_SET_TIMERSLACK, 1))
		fail(EXIT_TROUBLE, "cannot set the timer slack: %s", strerror(errno));
	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("{}");

	while (fgets(line, sizeof(line), stdin)) {
		unsigned long long first, records, interval, start, duration, most;
		int program;
		__u32 id;

		if (sscanf(line, "feed %u %llu %llu", &id, &first, &records) == 3) {
			program = open_program(id);
			feed(program, first, records);
		} else if (sscanf(line, "pace %u %llu %llu %llu", &id, &first, &records,
				  &interval) == 4) {
			program = open_program(id);
			pace(program, first, records, interval);
		} else if (sscanf(line, "until %u %llu %llu %llu", &id, &start, &duration, &most) ==
			   4) {
			program = open_program(id);
			produce_until(program, start * 1000, duration * 1000, most);
		} else {
			fail(EXIT_TROUBLE, "cannot make sense of: %s", line);
		}
		if (close(program))
			fail(EXIT_TROUBLE, "cannot close a program: %s", strerror(errno));
	}
	return 0;
}
