/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * idle N [-t]: N processes, or with -t threads, that wait; prints "ready" and
 * ends them all when its input ends.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST = 30000 };

static pid_t pid[MOST];

static void *
wait_for_ever(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static int
thread(void)
{
	pthread_attr_t a;
	pthread_t t;

	return pthread_attr_init(&a) == 0 &&
	    pthread_attr_setstacksize(&a, 16384) == 0 &&
	    pthread_create(&t, &a, wait_for_ever, NULL) == 0 ? 0 : -1;
}

static int
process(pid_t *p)
{
	pid_t parent = getpid();

	if ((*p = fork()) != 0)
		return *p == -1 ? -1 : 0;
	/* Whatever becomes of the one that made it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
	wait_for_ever(NULL);
	return 0;
}

int
main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 0, threads, i, rc = 0;
	char c;

	threads = argc > 2 && strcmp(argv[2], "-t") == 0;
	if (n < 1 || n > MOST)
		return 2;
	for (i = 0; i < n && rc == 0; i++)
		rc = threads ? thread() : process(&pid[i]);
	if (rc == -1)
		perror("idle");
	else {
		puts("ready");
		fflush(stdout);
		while (read(STDIN_FILENO, &c, 1) > 0)
			continue;
	}
	for (i = 0; i < n && !threads && pid[i] > 0; i++)
		kill(pid[i], SIGKILL);
	while (wait(NULL) > 0)
		continue;
	return rc == -1;
}
