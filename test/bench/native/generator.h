/* SPDX-License-Identifier: MIT */
/*
 * The probe's own object with its record generator alone, as every program here loads it. How many
 * rings there are, and which CPU's records are in which, is known to generator_size_rings() and
 * generator_open_rings() only.
 */
#ifndef BENCH_GENERATOR_H
#define BENCH_GENERATOR_H

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "ipvscope_record.h"

/* Records of one test run: it makes no more (native/bpf/output/generate.bpf.h). */
#define GENERATE_MOST 1024

struct generator {
	struct bpf_object *object;
	struct ring_buffer *ring;
	__u32 ring_bytes; /* of a CPU's */
	int program;	  /* descriptor */
	__u32 id;	  /* the kernel's number of it, by which a producer finds it */
	char what[96];	  /* what failed, when something did */
	bool refused;	  /* by the kernel: the machine lacks something */
};

/* What libbpf says is told where something fails: it warns of much that does not matter. */
static inline int generator_say_nothing(enum libbpf_print_level level, const char *format,
					va_list arguments)
{
	(void)level;
	(void)format;
	(void)arguments;
	return 0;
}

static inline int generator_fail(struct generator *generator, int error, const char *what)
{
	snprintf(generator->what, sizeof(generator->what), "%s", what);
	return error;
}

/* Before the object is loaded: a ring for every CPU that is online, as the session has them. */
static inline int generator_size_rings(struct generator *generator, __u32 bytes)
{
	struct bpf_map *records = bpf_object__find_map_by_name(generator->object, "records");
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	int error = records ? bpf_map__set_max_entries(records, cpus) : -ENOENT;

	generator->ring_bytes = bytes;
	return error ? generator_fail(generator, error, "cannot set the number of rings") : 0;
}

static inline int generator_open_ring(struct generator *generator, int records, __u32 cpu,
				      ring_buffer_sample_fn on_record, void *context)
{
	int ring =
		bpf_map_create(BPF_MAP_TYPE_RINGBUF, "records", 0, 0, generator->ring_bytes, NULL);

	if (ring < 0 || bpf_map_update_elem(records, &cpu, &ring, BPF_ANY))
		return generator_fail(generator, -errno, "cannot make a ring");
	if (generator->ring)
		return ring_buffer__add(generator->ring, ring, on_record, context)
			       ? generator_fail(generator, -errno, "cannot map a ring")
			       : 0;
	generator->ring = ring_buffer__new(ring, on_record, context, NULL);
	return generator->ring ? 0 : generator_fail(generator, -errno, "cannot map a ring");
}

static inline int generator_open_rings(struct generator *generator, ring_buffer_sample_fn on_record,
				       void *context)
{
	struct bpf_map *map = bpf_object__find_map_by_name(generator->object, "records");

	for (__u32 cpu = 0; cpu < bpf_map__max_entries(map); cpu++) {
		int error =
			generator_open_ring(generator, bpf_map__fd(map), cpu, on_record, context);

		if (error)
			return error;
	}
	return 0;
}

static inline int generator_load(struct generator *generator, const char *path, __u32 ring_bytes)
{
	struct bpf_program *program;
	struct bpf_prog_info info = {};
	__u32 length = sizeof(info);
	int error;

	libbpf_set_print(generator_say_nothing);
	generator->refused = true;
	generator->object = bpf_object__open_file(path, NULL);
	if (!generator->object)
		return generator_fail(generator, -errno, "cannot open the probe's object");
	bpf_object__for_each_program (program, generator->object) {
		error = bpf_program__set_autoload(program, false);
		if (error)
			return generator_fail(generator, error, "cannot choose the program");
	}
	program = bpf_object__find_program_by_name(generator->object, "generate_records");
	if (!program)
		return generator_fail(generator, -ENOENT,
				      "the probe's object has no generate_records");
	error = bpf_program__set_autoload(program, true);
	if (error)
		return generator_fail(generator, error, "cannot choose the program");
	error = generator_size_rings(generator, ring_bytes);
	if (error)
		return error;
	error = bpf_object__load(generator->object);
	if (error)
		return generator_fail(generator, error, "the kernel does not take the generator");
	generator->refused = false;
	generator->program = bpf_program__fd(program);
	if (bpf_obj_get_info_by_fd(generator->program, &info, &length))
		return generator_fail(generator, -errno, "cannot read the generator's number");
	generator->id = info.id;
	return 0;
}

/* 0, or a negative errno value with the step that failed in `what`. */
static inline int generator_open(struct generator *generator, const char *path, __u32 ring_bytes,
				 ring_buffer_sample_fn on_record, void *context)
{
	int error = generator_load(generator, path, ring_bytes);

	return error ? error : generator_open_rings(generator, on_record, context);
}

/* Records numbered from `first` on. 0, or a negative errno value. */
static inline int generator_run(int program, __u64 first, __u64 records, __u32 keys)
{
	while (records) {
		__u64 count = records < GENERATE_MOST ? records : GENERATE_MOST;
		__u64 arguments[] = {first, count, keys};
		LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = arguments,
			    .ctx_size_in = sizeof(arguments));

		if (bpf_prog_test_run_opts(program, &options))
			return -errno;
		first += count;
		records -= count;
	}
	return 0;
}

/* Records that found no room in the ring, of all CPUs. 0, or a negative errno value. */
static inline int generator_detail_dropped(const struct generator *generator, __u64 *dropped)
{
	int losses = bpf_object__find_map_fd_by_name(generator->object, "losses");
	int cpus = libbpf_num_possible_cpus();
	__u32 cause = IPVSCOPE_LOSS_RING_FULL;
	__u64 *values;

	if (losses < 0 || cpus < 0)
		return losses < 0 ? losses : cpus;
	values = calloc(cpus, sizeof(*values));
	if (!values)
		return -ENOMEM;
	if (bpf_map_lookup_elem(losses, &cause, values)) {
		int error = -errno;

		free(values);
		return error;
	}
	*dropped = 0;
	for (int cpu = 0; cpu < cpus; cpu++)
		*dropped += values[cpu];
	free(values);
	return 0;
}

#endif
