/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What the stimulus programs share.  Each does a thing and prints what must be
 * said of it, so that stimulus and expectation cannot part. */
#ifndef STIM_H
#define STIM_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A stimulus that could not act says nothing true: end at once. */
#define must(cond) do {							\
	if (!(cond)) {							\
		fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__,	\
		    #cond, strerror(errno));				\
		_exit(99);						\
	}								\
} while (0)

static inline uint64_t
boot_ns(void)
{
	struct timespec ts;

	must(clock_gettime(CLOCK_BOOTTIME, &ts) == 0);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* fork(2) with nothing left in stdio to be said twice. */
static inline pid_t
stim_fork(void)
{
	pid_t pid;

	fflush(stdout);
	must((pid = fork()) != -1);
	return pid;
}

static inline int
stim_reap(pid_t pid)
{
	int st;

	while (waitpid(pid, &st, 0) == -1)
		must(errno == EINTR);
	return st;
}

/* xorshift64*: the same numbers on every machine. */
static inline uint64_t
stim_rand(uint64_t *s)
{
	*s ^= *s >> 12;
	*s ^= *s << 25;
	*s ^= *s >> 27;
	return *s * 2685821657736338717ULL;
}

#endif
