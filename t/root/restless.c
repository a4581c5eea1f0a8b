/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * restless SECONDS JOBS DIR... - so many processes that never do the same for
 * long: each goes from one of these cgroups to another, from processor to
 * processor, and has children that run for up to 3 ms, some with another
 * priority or in turns before all others, some as a new program.  When all have
 * ended it prints how many children there were.
 */
#include <sched.h>
#include <sys/mman.h>

#include "stim.h"

struct job {
	uint64_t	 until, seed;
	char		**dir;
	uint32_t	 dirs;
	uint64_t	*made;		/* shared by all */
};

static uint64_t
clock_ns(clockid_t id)
{
	struct timespec ts;

	must(clock_gettime(id, &ts) == 0);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void
burn(uint64_t us)
{
	uint64_t end = clock_ns(CLOCK_THREAD_CPUTIME_ID) + us * 1000;

	while (clock_ns(CLOCK_THREAD_CPUTIME_ID) < end)
		;
}

static uint32_t
pick(struct job *j, uint32_t n)
{
	return (stim_rand(&j->seed) >> 33) % n;
}

static void
move(struct job *j)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/cgroup.procs", j->dir[pick(j, j->dirs)]);
	must((f = fopen(path, "w")) != NULL);
	must(fprintf(f, "%d\n", (int)getpid()) > 0);
	must(fclose(f) == 0);
}

/* One of the processors, or all of them: what is not there is refused. */
static void
roam(struct job *j)
{
	uint32_t n = (uint32_t)sysconf(_SC_NPROCESSORS_CONF), k = pick(j, n + 1);
	cpu_set_t set;

	CPU_ZERO(&set);
	for (uint32_t i = 0; i < n; i++)
		if (k == n || k == i)
			CPU_SET(i, &set);
	must(sched_setaffinity(0, sizeof(set), &set) == 0 || errno == EINVAL);
}

static void
child(struct job *j)
{
	static const struct sched_param turn = { .sched_priority = 1 };
	char us[16], *argv[] = { "restless", us, NULL }, *envp[] = { NULL };

	if (pick(j, 12) == 0)
		must(sched_setscheduler(0, SCHED_RR, &turn) == 0);
	else if (pick(j, 4) == 0)
		must(nice((int)pick(j, 20)) != -1);
	if (pick(j, 3) == 0) {
		snprintf(us, sizeof(us), "%u", pick(j, 3000));
		execve("/proc/self/exe", argv, envp);
		_exit(99);
	}
	burn(pick(j, 3000));
	if (pick(j, 2) == 0)
		usleep(pick(j, 2000));
	_exit(0);
}

static void
work(struct job *j)
{
	pid_t pid;

	while (clock_ns(CLOCK_MONOTONIC) < j->until) {
		move(j);
		if (pick(j, 4) == 0)
			roam(j);
		stim_rand(&j->seed);
		if ((pid = stim_fork()) == 0)
			child(j);
		__sync_fetch_and_add(j->made, 1);
		if (pick(j, 2) == 0)
			burn(pick(j, 1000));
		if (pick(j, 3) != 0)
			stim_reap(pid);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
	while (waitpid(-1, NULL, 0) > 0)
		;
}

int
main(int argc, char **argv)
{
	struct job j = { .dir = argv + 3 };
	int jobs;

	if (argc == 2) {
		burn(strtoull(argv[1], NULL, 10));
		return 0;
	}
	if (argc < 4)
		return 2;
	j.dirs = (uint32_t)argc - 3;
	j.made = mmap(NULL, sizeof(*j.made), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(j.made != MAP_FAILED);
	j.until = clock_ns(CLOCK_MONOTONIC) +
	    strtoull(argv[1], NULL, 10) * 1000000000;
	jobs = atoi(argv[2]);
	for (int i = 0; i < jobs; i++) {
		j.seed = 0x9e3779b97f4a7c15 * (uint64_t)(i + 1);
		if (stim_fork() == 0) {
			work(&j);
			_exit(0);
		}
	}
	for (int i = 0; i < jobs; i++)
		must(stim_reap(-1) == 0);
	printf("%llu\n", (unsigned long long)*j.made);
	return 0;
}
