/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * work SECONDS CPU WHAT... - enter the cgroups whose directories WORK_IN lists,
 * stop (SIGSTOP), then use a processor (-1: any) for so long at most.
 * spin; light BURN SLEEP, in us, as an interactive task does; alternate US,
 * from one processor to the next; fork BURN, one child after the other; many N,
 * as many children that spin; sleepers N, as many threads that sleep; exec
 * PROGRAM ARGUMENT..., by a thread that is not the first, without a stop.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>

#include "stim.h"

static uint64_t until;

static uint64_t
clock_ns(clockid_t clock)
{
	struct timespec ts;

	must(clock_gettime(clock, &ts) == 0);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static int
go_on(void)
{
	return clock_ns(CLOCK_MONOTONIC) < until;
}

static void
pin(int cpu)
{
	cpu_set_t set;

	if (cpu < 0)
		return;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	must(sched_setaffinity(0, sizeof(set), &set) == 0);
}

/* So much time on a processor. */
static void
burn(uint64_t us)
{
	uint64_t end = clock_ns(CLOCK_THREAD_CPUTIME_ID) + us * 1000;

	while (clock_ns(CLOCK_THREAD_CPUTIME_ID) < end && go_on())
		;
}

static void
alternate(uint64_t us)
{
	int n = (int)sysconf(_SC_NPROCESSORS_ONLN);
	uint64_t end;

	for (int i = 0; go_on(); i = (i + 1) % n) {
		pin(i);
		end = clock_ns(CLOCK_MONOTONIC) + us * 1000;
		while (clock_ns(CLOCK_MONOTONIC) < end)
			;
	}
}

static void
forks(uint64_t us)
{
	pid_t pid;

	while (go_on()) {
		if ((pid = stim_fork()) == 0) {
			burn(us);
			_exit(0);
		}
		stim_reap(pid);
	}
}

static void
many(int n)
{
	for (int i = 0; i < n; i++)
		if (stim_fork() == 0) {
			must(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
			while (go_on())
				;
			_exit(0);
		}
	for (int i = 0; i < n; i++)
		stim_reap(-1);
}

static void *
sleeper(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static void
sleepers(int n)
{
	pthread_attr_t small;
	pthread_t t;

	must(pthread_attr_init(&small) == 0);
	must(pthread_attr_setstacksize(&small, 16384) == 0);
	while (n-- > 0)
		must(pthread_create(&t, &small, sleeper, NULL) == 0);
	while (go_on())
		usleep(100000);
}

static void *
execs(void *arg)
{
	char **argv = arg;

	execvp(argv[0], argv);
	must(0);
	return NULL;
}

static void
enter(char *dirs)
{
	char *dir, *save, path[4096];
	FILE *f;

	for (dir = strtok_r(dirs, " ", &save); dir != NULL;
	    dir = strtok_r(NULL, " ", &save)) {
		snprintf(path, sizeof(path), "%s/cgroup.procs", dir);
		must((f = fopen(path, "w")) != NULL);
		must(fprintf(f, "%d\n", (int)getpid()) > 0);
		must(fclose(f) == 0);
	}
}

int
main(int argc, char **argv)
{
	const char *what = argc > 3 ? argv[3] : "";
	long a = argc > 4 ? atol(argv[4]) : 0, b = argc > 5 ? atol(argv[5]) : 0;

	if (argc < 4)
		return 2;
	if (getenv("WORK_IN") != NULL)
		enter(getenv("WORK_IN"));
	pin(atoi(argv[2]));
	raise(SIGSTOP);
	until = clock_ns(CLOCK_MONOTONIC) +
	    (uint64_t)atoi(argv[1]) * 1000000000;
	if (strcmp(what, "spin") == 0)
		while (go_on())
			;
	else if (strcmp(what, "light") == 0)
		while (go_on()) {
			burn(a);
			usleep(b);
		}
	else if (strcmp(what, "alternate") == 0)
		alternate(a);
	else if (strcmp(what, "fork") == 0)
		forks(a);
	else if (strcmp(what, "many") == 0)
		many(a);
	else if (strcmp(what, "sleepers") == 0)
		sleepers(a);
	else if (strcmp(what, "exec") == 0 && argc > 4) {
		pthread_t t;

		must(pthread_create(&t, NULL, execs, argv + 4) == 0);
		sleeper(NULL);
	} else
		return 2;
	return 0;
}
