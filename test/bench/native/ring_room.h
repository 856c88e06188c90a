/* SPDX-License-Identifier: MIT */
/* How full the ring is that a program's records go into, seen from a process that did not load it.
 */
#ifndef BENCH_RING_ROOM_H
#define BENCH_RING_ROOM_H

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "ipvscope_record.h"

/* What a record takes: itself and the kernel's header. */
#define RECORD_ROOM (sizeof(struct ipvscope_record) + BPF_RINGBUF_HDR_SZ)

struct ring_room {
	unsigned long bytes; /* of the data area */
	size_t page;
	const unsigned long *consumer, *producer; /* positions, mapped */
};

/* Map "records" itself or, where it has a ring for each CPU, the one of `cpu`; or -errno. */
static inline int ring_room_map(int records, enum bpf_map_type type, __u32 cpu)
{
	__u32 ring;

	if (type == BPF_MAP_TYPE_RINGBUF)
		return dup(records);
	if (bpf_map_lookup_elem(records, &cpu, &ring))
		return -errno;
	return bpf_map_get_fd_by_id(ring);
}

/* 0, or a negative errno value. */
static inline int ring_room_map_positions(struct ring_room *room, int ring)
{
	struct bpf_map_info info = {};
	__u32 length = sizeof(info);
	void *consumer, *producer;

	if (bpf_obj_get_info_by_fd(ring, &info, &length))
		return -errno;
	room->bytes = info.max_entries;
	room->page = sysconf(_SC_PAGESIZE);
	consumer = mmap(NULL, room->page, PROT_READ, MAP_SHARED, ring, 0);
	if (consumer == MAP_FAILED)
		return -errno;
	producer = mmap(NULL, room->page, PROT_READ, MAP_SHARED, ring, room->page);
	if (producer == MAP_FAILED) {
		int error = -errno;

		munmap(consumer, room->page);
		return error;
	}
	room->consumer = consumer;
	room->producer = producer;
	return 0;
}

/* The ring that `program` fills on `cpu`. 0, or a negative errno value. */
static inline int ring_room_open(struct ring_room *room, int program, __u32 cpu)
{
	__u32 maps[64], length = sizeof(struct bpf_prog_info);
	struct bpf_prog_info program_info = {
		.nr_map_ids = sizeof(maps) / sizeof(*maps),
		.map_ids = (__u64)(unsigned long)maps,
	};

	if (bpf_obj_get_info_by_fd(program, &program_info, &length))
		return -errno;
	for (__u32 i = 0; i < program_info.nr_map_ids; i++) {
		int map = bpf_map_get_fd_by_id(maps[i]), error = -ENOENT;
		struct bpf_map_info info = {};
		bool found;

		if (map < 0)
			return map;
		length = sizeof(info);
		if (bpf_obj_get_info_by_fd(map, &info, &length))
			error = -errno;
		found = !strcmp(info.name, "records");
		if (found) {
			int ring = ring_room_map(map, info.type, cpu);

			error = ring < 0 ? ring : ring_room_map_positions(room, ring);
			if (ring >= 0)
				close(ring);
		}
		close(map);
		if (found || error != -ENOENT)
			return error;
	}
	return -ENOENT;
}

static inline void ring_room_close(struct ring_room *room)
{
	munmap((void *)room->consumer, room->page);
	munmap((void *)room->producer, room->page);
}

static inline bool ring_room_has(const struct ring_room *room, unsigned long records)
{
	unsigned long consumer = __atomic_load_n(room->consumer, __ATOMIC_ACQUIRE);
	unsigned long used = __atomic_load_n(room->producer, __ATOMIC_RELAXED) - consumer;

	return used + records * RECORD_ROOM < room->bytes;
}

#endif
