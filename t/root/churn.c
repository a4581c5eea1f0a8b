/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * churn JOBS: make processes without end: some die at once, some make others
 * first and leave them, one in 64 stays.  SIGUSR1 stops the making; SIGTERM ends
 * all that stays.  Orphans come to churn, not to init, who may be slow to reap.
 */
#include <signal.h>
#include <sys/prctl.h>

#include "stim.h"

enum {
	STAY = 300, MAX_JOBS = 8,
	LIMIT = 60,		/* seconds, if nobody says SIGTERM */
};

static volatile sig_atomic_t enough;

static void
on_usr1(int sig)
{
	(void)sig;
	enough = 1;
}

static void
stay(void)
{
	for (;;)
		pause();
}

static void
live(uint64_t r, int staying)
{
	if (r % 64 == 0 && staying)
		stay();
	if (r % 8 == 1 && fork() == 0)
		_exit(0);
	if (r % 8 == 2 && fork() == 0 && fork() == 0)
		_exit(0);
	_exit(0);
}

static void
work(uint64_t seed)
{
	int stayed = 0;

	while (!enough) {
		uint64_t r = stim_rand(&seed);
		pid_t pid = fork();

		if (pid == 0)
			live(r, stayed < STAY);
		if (pid > 0 && r % 64 == 0 && stayed < STAY)
			stayed++;
		else if (pid > 0)
			stim_reap(pid);
	}
	stay();
}

static void
worker(const sigset_t *mine)
{
	struct sigaction sa = { .sa_handler = on_usr1 };

	must(sigaction(SIGUSR1, &sa, NULL) == 0);
	signal(SIGCHLD, SIG_DFL);
	must(sigprocmask(SIG_UNBLOCK, mine, NULL) == 0);
	work((uint64_t)getpid());
}

int
main(int argc, char **argv)
{
	pid_t pids[MAX_JOBS];
	sigset_t mine;
	int i, sig, jobs = argc == 2 ? atoi(argv[1]) : 0;

	if (jobs < 1 || jobs > MAX_JOBS)
		return 2;
	sigemptyset(&mine);
	sigaddset(&mine, SIGUSR1);
	sigaddset(&mine, SIGTERM);
	sigaddset(&mine, SIGALRM);
	must(sigprocmask(SIG_BLOCK, &mine, NULL) == 0);
	must(setpgid(0, 0) == 0);
	must(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
	signal(SIGCHLD, SIG_IGN);
	for (i = 0; i < jobs; i++)
		if ((pids[i] = stim_fork()) == 0)
			worker(&mine);
	alarm(LIMIT);
	while (sigwait(&mine, &sig) == 0 && sig == SIGUSR1)
		for (i = 0; i < jobs; i++)
			kill(pids[i], SIGUSR1);
	kill(0, SIGTERM);
	while (wait(NULL) > 0 || errno == EINTR)
		;
	return 0;
}
