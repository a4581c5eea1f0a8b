/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * storm COUNT JOBS: make COUNT processes by vfork(2) and execve(2) of this
 * program itself, JOBS at a time.  Prints the wall time, and the CPU time of
 * all of them together, in nanoseconds.
 */
#include <sys/resource.h>
#include <sys/wait.h>

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void
work(long n)
{
	static const char *const argv[] = { "storm", "one", "two", "three",
	    NULL };
	char *envp[] = { NULL };
	pid_t pid;

	while (n-- > 0) {
		if ((pid = vfork()) == 0) {
			execve("/proc/self/exe", (char **)argv, envp);
			_exit(127);
		}
		if (pid == -1 || waitpid(pid, NULL, 0) == -1)
			err(1, "storm");
	}
}

static double
cpu(int who)
{
	struct rusage r;

	getrusage(who, &r);
	return (r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1e9 +
	    (r.ru_utime.tv_usec + r.ru_stime.tv_usec) * 1e3;
}

int
main(int argc, char **argv)
{
	struct timespec a, b;
	long count, jobs;

	if (argc == 4 && strcmp(argv[1], "one") == 0)
		return 0;
	if (argc != 3 || (count = atol(argv[1])) < 1 ||
	    (jobs = atol(argv[2])) < 1)
		errx(2, "usage: storm COUNT JOBS");
	clock_gettime(CLOCK_MONOTONIC, &a);
	for (long j = 0; j < jobs; j++)
		if (fork() == 0) {
			work(count / jobs);
			_exit(0);
		}
	while (wait(NULL) != -1)
		continue;
	clock_gettime(CLOCK_MONOTONIC, &b);
	printf("%.0f %.0f\n",
	    (b.tv_sec - a.tv_sec) * 1e9 + (b.tv_nsec - a.tv_nsec),
	    cpu(RUSAGE_SELF) + cpu(RUSAGE_CHILDREN));
	return 0;
}
