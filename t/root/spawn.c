/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * spawn [-f] [-j JOBS] [-s SECONDS | -n COUNT] [COMMAND [ARG...]]
 *
 * Make processes as fast as this machine can: vfork(2) and execve(2) of
 * COMMAND, or with -f fork(2) and _exit(2).  Prints "PARENT CHILD" for each, in
 * the order in which each parent made them.
 */
#include "stim.h"

extern char **environ;
static char **command;
static int plain;

static pid_t
one(void)
{
	pid_t pid;

	if (plain) {
		if ((pid = fork()) == 0)
			_exit(0);
	} else if ((pid = vfork()) == 0) {
		execve(command[0], command, environ);
		_exit(127);
	}
	must(pid != -1);
	return pid;
}

/* No stdio here: what a child inherits unflushed would be said twice. */
static void
work(size_t n, uint64_t end)
{
	pid_t *pids, self = getpid();
	size_t i, made = 0;
	FILE *fp;
	char *text;
	size_t len;

	must((pids = calloc(n, sizeof(*pids))) != NULL);
	for (i = 0; i < n && (end == 0 || boot_ns() < end); i++, made++) {
		pids[i] = one();
		must(stim_reap(pids[i]) == 0);
	}
	must((fp = open_memstream(&text, &len)) != NULL);
	for (i = 0; i < made; i++)
		fprintf(fp, "%d\t%d\n", self, pids[i]);
	must(fclose(fp) == 0);
	/* One write each, so that the lines of two workers do not mix. */
	must(write(STDOUT_FILENO, text, len) == (ssize_t)len);
}

int
main(int argc, char **argv)
{
	size_t n = 1000000, jobs = 1, i;
	uint64_t end = 0;
	int c, bad = 0;

	while ((c = getopt(argc, argv, "+fj:n:s:")) != -1)
		switch (c) {
		case 'f': plain = 1; break;
		case 'j': jobs = strtoul(optarg, NULL, 10); break;
		case 'n': n = strtoul(optarg, NULL, 10); break;
		case 's': end = boot_ns() + strtoull(optarg, NULL, 10) * 1000000000; break;
		default: return 2;
		}
	command = argv + optind;
	if (jobs == 0 || (!plain && *command == NULL))
		return 2;
	for (i = 0; i < jobs; i++)
		if (stim_fork() == 0) {
			work(n / jobs, end);
			_exit(0);
		}
	for (i = 0; i < jobs; i++)
		bad |= stim_reap(-1);
	return bad != 0;
}
