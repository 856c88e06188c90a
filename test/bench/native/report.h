/* SPDX-License-Identifier: MIT */
/* How a program here complains, and which clocks it reads. */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <linux/types.h>

#define EXIT_TROUBLE	  1
#define EXIT_PREREQUISITE 3

__attribute__((noreturn, format(printf, 2, 3))) static inline void fail(int code,
									const char *format, ...)
{
	va_list arguments;

	fputs("bench: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	exit(code);
}

static inline __u64 clock_ns(clockid_t clock)
{
	struct timespec now;

	if (clock_gettime(clock, &now))
		fail(EXIT_TROUBLE, "cannot read a clock");
	return (__u64)now.tv_sec * 1000000000 + (__u64)now.tv_nsec;
}

#endif
