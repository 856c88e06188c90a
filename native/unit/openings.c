// SPDX-License-Identifier: MIT
/*
 * Runs the store of opening packets (native/include/ipvscope_openings.h) outside the kernel:
 *
 *   openings CASE
 *
 * Exit code 1 and a line on standard error where it does not do what it says.
 */
#include "ipvscope_openings.h"

#include <err.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECOND (1000000000ULL >> IPVSCOPE_OPENING_TIME_SHIFT)

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition))                                                                  \
			errx(1, "line %d: %s", __LINE__, #condition);                              \
	} while (0)

static struct ipvscope_opening_bucket *buckets;

/* By enum ipvscope_opening_lost. */
static unsigned long lost[IPVSCOPE_OPENING_EVICTED_DROPS + 1];

static struct ipvscope_record tuple(unsigned int client, unsigned int port)
{
	struct ipvscope_record record = {.netns = 4026531840, .protocol = 6};

	record.client_address[0] = 10;
	record.client_address[1] = client >> 16;
	record.client_address[2] = client >> 8;
	record.client_address[3] = client;
	record.client_port = __builtin_bswap16(port);
	record.virtual_address[0] = 10;
	record.virtual_address[1] = 96;
	record.virtual_address[3] = 10;
	record.virtual_port = __builtin_bswap16(80);
	return record;
}

static struct ipvscope_opening note(unsigned int client, unsigned int port, __u32 isn, __u32 now)
{
	struct ipvscope_record record = tuple(client, port);
	struct ipvscope_opening_location location = ipvscope_opening_locate(&record, isn);
	struct ipvscope_opening opening;

	ipvscope_opening_note(&buckets[location.bucket], &location, now, &opening);
	__sync_fetch_and_add(&lost[opening.lost], 1);
	return opening;
}

static bool drop(unsigned int client, unsigned int port, __u32 isn, __u8 cause)
{
	struct ipvscope_record record = tuple(client, port);
	struct ipvscope_opening_location location = ipvscope_opening_locate(&record, isn);

	return ipvscope_opening_drop(&buckets[location.bucket], &location, cause);
}

static __u8 tell(unsigned int client, unsigned int port, __u32 isn)
{
	struct ipvscope_record record = tuple(client, port);
	struct ipvscope_opening_location location = ipvscope_opening_locate(&record, isn);

	return ipvscope_opening_clear_drops(&buckets[location.bucket], &location);
}

static unsigned long remembered(void)
{
	unsigned long ways = 0;

	for (int i = 0; i < IPVSCOPE_OPENING_BUCKETS; i++)
		for (int way = 0; way < IPVSCOPE_OPENING_WAYS; way++)
			ways += buckets[i].tags[way] != 0;
	return ways;
}

static unsigned long remembered_drops(void)
{
	unsigned long ways = 0;

	for (int i = 0; i < IPVSCOPE_OPENING_BUCKETS; i++)
		for (int way = 0; way < IPVSCOPE_OPENING_WAYS; way++)
			ways += buckets[i].tags[way] && buckets[i].drops[way];
	return ways;
}

static unsigned long all_lost(void)
{
	return lost[IPVSCOPE_OPENING_BUSY] + lost[IPVSCOPE_OPENING_EVICTED] +
	       lost[IPVSCOPE_OPENING_EVICTED_DROPS];
}

static void relations(void)
{
	struct ipvscope_opening opening = note(1, 40001, 7, 100);

	CHECK(opening.relation == IPVSCOPE_OPENING_UNKNOWN && !opening.age && !opening.drops);
	opening = note(1, 40001, 7, 160);
	CHECK(opening.relation == IPVSCOPE_OPENING_SAME && opening.age == 60 && !opening.drops);

	CHECK(drop(1, 40001, 7, 3) && drop(1, 40001, 7, 4));
	opening = note(1, 40001, 7, 220);
	CHECK(opening.age == 120 && opening.drops == 2);
	CHECK(tell(1, 40001, 7) == 4);
	opening = note(1, 40001, 7, 280);
	CHECK(opening.relation == IPVSCOPE_OPENING_SAME && opening.age == 180 && !opening.drops);

	CHECK(drop(1, 40001, 7, 3));
	opening = note(1, 40001, 8, 340);
	CHECK(opening.relation == IPVSCOPE_OPENING_OTHER && !opening.age && !opening.drops);
	CHECK(!drop(1, 40001, 7, 3));
	opening = note(1, 40001, 8, 350);
	CHECK(opening.relation == IPVSCOPE_OPENING_SAME && opening.age == 10 && !opening.drops);

	CHECK(note(1, 40002, 7, 400).relation == IPVSCOPE_OPENING_UNKNOWN);
	CHECK(note(2, 40001, 7, 400).relation == IPVSCOPE_OPENING_UNKNOWN);
	CHECK(!drop(3, 40001, 7, 3));

	/* More drops than a way counts are as many as it counts. */
	for (int i = 0; i < 70000; i++)
		CHECK(drop(1, 40002, 7, 3));
	CHECK(note(1, 40002, 7, 500).drops == 0xffff);
	/* Times wrap. */
	note(1, 40003, 7, -10U);
	CHECK(note(1, 40003, 7, 10).age == 20);
	/* Another CPU's may be a little ahead. */
	CHECK(note(1, 40003, 7, -20U).age == 0);
	CHECK(all_lost() == 0 && remembered() == 4);
}

/* Eight clients use their whole range, twice, with other numbers: none is forgotten. */
static void port_range(void)
{
	for (__u32 isn = 1; isn <= 2; isn++)
		for (unsigned int client = 0; client < 8; client++)
			for (unsigned int port = 32768; port < 61000; port++)
				CHECK(note(client * 77, port, isn, isn).relation ==
				      (isn == 1 ? IPVSCOPE_OPENING_UNKNOWN
						: IPVSCOPE_OPENING_OTHER));
	CHECK(all_lost() == 0 && remembered() == 8 * 28232);
}

/* Ports and clients at random, more than there is room for: each is remembered or counted. */
static void crowd(void)
{
	unsigned long fresh = 0;

	srandom(1);
	for (int i = 0; i < 400000; i++)
		fresh += note(random() % 60000, 1024 + random() % 64000, i, i).relation ==
			 IPVSCOPE_OPENING_UNKNOWN;
	CHECK(remembered() + lost[IPVSCOPE_OPENING_EVICTED] == fresh);
	CHECK(lost[IPVSCOPE_OPENING_EVICTED] && !lost[IPVSCOPE_OPENING_EVICTED_DROPS] &&
	      !lost[IPVSCOPE_OPENING_BUSY]);
	/* A tenth of the ways may be free where this many are taken for each. */
	CHECK(remembered() > 0.8 * IPVSCOPE_OPENING_BUCKETS * IPVSCOPE_OPENING_WAYS);
}

/* A port of each of more clients than fit into one bucket. */
static void eviction(void)
{
	struct ipvscope_record record = tuple(0, 1024);
	__u32 bucket = ipvscope_opening_locate(&record, 0).bucket;
	unsigned int clients[IPVSCOPE_OPENING_WAYS + 3], count = 0;

	for (unsigned int client = 0; count < IPVSCOPE_OPENING_WAYS + 3; client++) {
		record = tuple(client, 1024);
		if (ipvscope_opening_locate(&record, 0).bucket == bucket)
			clients[count++] = client;
	}
	for (unsigned int i = 0; i < IPVSCOPE_OPENING_WAYS; i++)
		note(clients[i], 1024, 1, i * SECOND);
	/* The second is made the youngest: another connection of it. */
	note(clients[1], 1024, 2, 8 * SECOND);
	CHECK(drop(clients[2], 1024, 1, 3));
	CHECK(all_lost() == 0);
	note(clients[8], 1024, 1, 9 * SECOND); /* in place of the first */
	CHECK(lost[IPVSCOPE_OPENING_EVICTED] == 1 && all_lost() == 1);
	note(clients[9], 1024, 1, 10 * SECOND); /* in place of the third */
	CHECK(lost[IPVSCOPE_OPENING_EVICTED_DROPS] == 1 && all_lost() == 2);
	CHECK(!drop(clients[2], 1024, 1, 3));
	CHECK(note(clients[1], 1024, 2, 11 * SECOND).relation == IPVSCOPE_OPENING_SAME);
	CHECK(note(clients[3], 1024, 1, 11 * SECOND).relation == IPVSCOPE_OPENING_SAME);
	/* The fourth, so late that no copy of it comes any more, drops or not. */
	CHECK(drop(clients[3], 1024, 1, 3));
	note(clients[10], 1024, 1, 3 * SECOND + IPVSCOPE_OPENING_LIFE + 1);
	CHECK(all_lost() == 2);
	CHECK(!drop(clients[3], 1024, 1, 3));
}

#define THREADS 4
#define NOTES	100000

static unsigned long fresh_of[THREADS], dropped_of[THREADS];

static __u32 clock_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec * 1000000000ULL + now.tv_nsec) >> IPVSCOPE_OPENING_TIME_SHIFT;
}

/* Each its own tuples, so that one tuple's packets come one after another; all in few buckets. */
static void *crowd_few(void *argument)
{
	unsigned long thread = (unsigned long)argument;

	for (__u32 i = 0; i < NOTES; i++) {
		struct ipvscope_opening_location location = {
			.tag = 1U << 31 | (__u32)thread << 20 | (i * 7 + i / 3) % 97,
			.isn = 1,
		};
		struct ipvscope_opening opening;
		struct ipvscope_opening_bucket *bucket = &buckets[location.tag % 4];

		ipvscope_opening_note(bucket, &location, clock_now(), &opening);
		__sync_fetch_and_add(&lost[opening.lost], 1);
		fresh_of[thread] += opening.relation == IPVSCOPE_OPENING_UNKNOWN;
		if (opening.relation == IPVSCOPE_OPENING_UNKNOWN && i % 5 == 0)
			dropped_of[thread] += ipvscope_opening_drop(bucket, &location, 3);
	}
	return NULL;
}

/* What two threads do at once is neither lost uncounted nor counted twice. */
static void threads(void)
{
	pthread_t all[THREADS];
	unsigned long fresh = 0, dropped = 0;

	for (unsigned long i = 0; i < THREADS; i++)
		CHECK(!pthread_create(&all[i], NULL, crowd_few, (void *)i));
	for (int i = 0; i < THREADS; i++) {
		pthread_join(all[i], NULL);
		fresh += fresh_of[i];
		dropped += dropped_of[i];
	}
	printf("%lu new, %lu and %lu with drops evicted, %lu busy, %lu remembered\n", fresh,
	       lost[IPVSCOPE_OPENING_EVICTED], lost[IPVSCOPE_OPENING_EVICTED_DROPS],
	       lost[IPVSCOPE_OPENING_BUSY], remembered());
	CHECK(fresh == remembered() + all_lost());
	/* Whoever takes another's way counts it twice, or not at all. */
	CHECK(dropped == remembered_drops() + lost[IPVSCOPE_OPENING_EVICTED_DROPS]);
	CHECK(remembered() == 4 * IPVSCOPE_OPENING_WAYS);
	for (int i = 0; i < 4; i++)
		CHECK(!buckets[i].owners);
}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{"relations", relations}, {"port-range", port_range}, {"crowd", crowd},
	{"eviction", eviction},	  {"threads", threads},
};

int main(int count, char **arguments)
{
	buckets = calloc(IPVSCOPE_OPENING_BUCKETS, sizeof(*buckets));
	if (!buckets)
		err(1, "memory");
	for (unsigned int i = 0; count == 2 && i < sizeof(cases) / sizeof(*cases); i++) {
		if (strcmp(arguments[1], cases[i].name))
			continue;
		cases[i].run();
		return 0;
	}
	errx(2, "usage: openings CASE");
}
