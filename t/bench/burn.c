/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * burn NAME CPU spin			never rests
 * burn NAME CPU light BURN REST	uses BURN us of CPU, rests REST us
 * burn NAME CPU fork BURN		child after child, each using BURN us
 *
 * A load of that name, kept on one processor.
 */
#include <sys/prctl.h>
#include <sys/wait.h>

#include <err.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static uint64_t
used(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void
burn(uint64_t us)
{
	uint64_t end = used() + us * 1000;

	while (used() < end)
		;
}

static void
child(uint64_t us)
{
	pid_t pid = fork();

	if (pid == 0) {
		burn(us);
		_exit(0);
	}
	if (pid == -1 || waitpid(pid, NULL, 0) == -1)
		err(1, "fork");
}

int
main(int argc, char **argv)
{
	uint64_t a = argc > 4 ? strtoull(argv[4], NULL, 10) : 0;
	uint64_t b = argc > 5 ? strtoull(argv[5], NULL, 10) : 0;
	cpu_set_t set;

	if (argc < 4)
		errx(2, "usage: burn NAME CPU spin|light|fork [US [US]]");
	CPU_ZERO(&set);
	CPU_SET(atoi(argv[2]), &set);
	if (sched_setaffinity(0, sizeof(set), &set) == -1 ||
	    prctl(PR_SET_NAME, argv[1]) == -1)
		err(1, "%s", argv[2]);
	for (;;) {
		if (strcmp(argv[3], "fork") == 0)
			child(a);
		else if (strcmp(argv[3], "light") == 0) {
			burn(a);
			usleep(b);
		}
	}
}
