/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * family SCENE: processes lose their parents, and tell who they have now.
 * Prints "PID OLD NEW" for each that got a new parent (what the reparent
 * records of the scene must be, and no others), "fork PID PPID CREATOR" where
 * the maker is not the parent, "children PID N" for what a dying parent leaves.
 * All pids are those of the initial pid namespace.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "stim.h"

enum { MANY = 300, CROWD = 400 };	/* more than are looked at in one go */

static int out = STDOUT_FILENO;

/* What many processes write to one pipe must be one write each. */
static void
say(const char *fmt, int a, int b, int c)
{
	char buf[128];
	int n = snprintf(buf, sizeof(buf), fmt, a, b, c);

	must(write(out, buf, (size_t)n) == n);
}

/* In a pid namespace getpid() is not what the host says: ask its /proc. */
static int
real_pid(void)
{
	char buf[32];
	ssize_t n = readlink("/proc/self", buf, sizeof(buf) - 1);

	must(n > 0);
	buf[n] = '\0';
	return atoi(buf);
}

static int
real_ppid(void)
{
	char buf[4096], *p;
	int fd = open("/proc/self/status", O_RDONLY), ppid;
	ssize_t n = read(fd, buf, sizeof(buf) - 1);

	must(n > 0);
	close(fd);
	buf[n] = '\0';
	must((p = strstr(buf, "\nPPid:")) != NULL);
	must(sscanf(p, "\nPPid: %d", &ppid) == 1);
	return ppid;
}

/* An orphan says who it belongs to now. */
static void
orphan(int old)
{
	int now;

	while ((now = real_ppid()) == old)
		usleep(200);
	say("%d\t%d\t%d\n", real_pid(), old, now);
	_exit(0);
}

/* A parent that leaves n living children. */
static void
leave(int n)
{
	int i, me = real_pid();

	for (i = 0; i < n; i++)
		if (stim_fork() == 0)
			orphan(me);
	say("children\t%d\t%d\n", me, n, 0);
	_exit(0);
}

/* Orphans that came to us. */
static void
reap_all(void)
{
	while (wait(NULL) > 0)
		;
}

static void
subreaper(void)
{
	must(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
}

static void
leave_and_reap(int n)
{
	pid_t pid;

	if ((pid = stim_fork()) == 0)
		leave(n);
	stim_reap(pid);
}

/* To whoever reaps where the test runs: all of them must have spoken before we
 * end, so they hold a pipe. */
static void
scene_double_fork(void)
{
	int fds[2];
	char c;

	must(pipe(fds) == 0);
	leave_and_reap(1);
	close(fds[1]);
	must(read(fds[0], &c, 1) == 0);
}

static void
scene_subreaper(void)
{
	subreaper();
	leave_and_reap(1);
	reap_all();
}

static void
scene_many(void)
{
	subreaper();
	leave_and_reap(MANY);
	reap_all();
}

static void
scene_crowd(void)
{
	subreaper();
	leave_and_reap(CROWD);
	reap_all();
}

/* The inner reaper dies with its orphan: that goes on to the outer one. */
static void
scene_two_reapers(void)
{
	int told[2];
	pid_t pid;
	char c;

	subreaper();
	must(pipe(told) == 0);
	if ((pid = stim_fork()) == 0) {
		int inner = getpid();

		subreaper();
		if (stim_fork() == 0) {
			int middle = getpid();

			if (stim_fork() == 0) {
				while (getppid() == middle)
					usleep(200);
				say("%d\t%d\t%d\n", getpid(), middle, getppid());
				must(write(told[1], "x", 1) == 1);
				orphan(inner);
			}
			say("children\t%d\t%d\n", middle, 1, 0);
			_exit(0);
		}
		must(read(told[0], &c, 1) == 1);
		stim_reap(-1);
		say("children\t%d\t%d\n", inner, 1, 0);
		_exit(0);
	}
	stim_reap(pid);
	reap_all();
}

static void
scene_pid_namespace(void)
{
	pid_t pid;

	must(unshare(CLONE_NEWPID) == 0);
	if ((pid = stim_fork()) == 0) {
		must(getpid() == 1);
		leave_and_reap(3);
		reap_all();
		_exit(0);
	}
	stim_reap(pid);
}

/* A child that is dead already has no use for a new parent. */
static void
scene_zombie(void)
{
	siginfo_t si;
	pid_t pid;

	subreaper();
	if ((pid = stim_fork()) == 0) {
		pid_t z = stim_fork();

		if (z == 0)
			_exit(0);
		must(waitid(P_PID, (id_t)z, &si, WEXITED | WNOWAIT) == 0);
		leave(1);
	}
	stim_reap(pid);
	reap_all();
}

static void *
fork_here(void *arg)
{
	int *fds = arg;
	char c;

	if (stim_fork() == 0) {
		close(fds[1]);
		_exit(read(fds[0], &c, 1) != 0);
	}
	return NULL;
}

/* The thread that forked ends, its process does not: nothing to be told. */
static void
scene_thread_ends(void)
{
	pthread_t t;
	int fds[2];

	must(pipe(fds) == 0);
	must(pthread_create(&t, NULL, fork_here, fds) == 0);
	must(pthread_join(t, NULL) == 0);
	usleep(20000);
	close(fds[1]);
	must(stim_reap(-1) == 0);
}

/* The leader ends first, its thread later: the child stays until then. */
static void *
end_late(void *arg)
{
	(void)arg;
	usleep(20000);
	_exit(0);
}

static void
scene_leader_first(void)
{
	pid_t pid;

	subreaper();
	if ((pid = stim_fork()) == 0) {
		pthread_t t;

		say("children\t%d\t%d\n", getpid(), 1, 0);
		if (stim_fork() == 0)
			orphan(getppid());
		must(pthread_create(&t, NULL, end_late, NULL) == 0);
		syscall(SYS_exit, 0);
	}
	stim_reap(pid);
	reap_all();
}

static void
scene_clone_parent(void)
{
	pid_t pid, child;

	if ((pid = stim_fork()) == 0) {
		child = (pid_t)syscall(SYS_clone, CLONE_PARENT | SIGCHLD, NULL,
		    NULL, NULL, NULL);
		must(child != -1);
		if (child == 0) {
			usleep(10000);
			_exit(0);
		}
		say("fork\t%d\t%d\t", child, getppid(), 0);
		say("%d\n", getpid(), 0, 0);
		_exit(0);
	}
	must(stim_reap(-1) == 0);
	must(stim_reap(-1) == 0);
}

#define SCENE(name, fn) { name, scene_##fn }
static const struct {
	const char *name;
	void (*act)(void);
} scenes[] = {
	SCENE("crowd", crowd), SCENE("double-fork", double_fork), SCENE("subreaper", subreaper),
	SCENE("many", many), SCENE("two-reapers", two_reapers),
	SCENE("pid-namespace", pid_namespace), SCENE("zombie", zombie),
	SCENE("thread-ends", thread_ends), SCENE("leader-first", leader_first),
	SCENE("clone-parent", clone_parent),
};

int
main(int argc, char **argv)
{
	size_t i;

	if (argc != 2)
		return 2;
	for (i = 0; i < sizeof(scenes) / sizeof(*scenes); i++)
		if (strcmp(scenes[i].name, argv[1]) == 0) {
			scenes[i].act();
			return 0;
		}
	return 2;
}
