// SPDX-License-Identifier: MIT
// Attaches every program of a BPF object, prints "ready" and holds them until it is killed.
#include <bpf/libbpf.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct bpf_object *object;
	struct bpf_program *program;

	if (argc != 2) {
		fprintf(stderr, "usage: attach OBJECT\n");
		return 2;
	}
	object = bpf_object__open_file(argv[1], NULL);
	if (!object || bpf_object__load(object)) {
		perror("attach: cannot load the object");
		return 1;
	}
	bpf_object__for_each_program (program, object) {
		if (!bpf_program__attach(program)) {
			perror("attach: cannot attach a program");
			return 1;
		}
	}
	puts("ready");
	fflush(stdout);
	pause();
	return 0;
}
