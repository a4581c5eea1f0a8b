/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * mischief WHAT NUMBER...: what a machine should not have to bear, in a measure
 * that it can.  Every kind is bounded in time and number, and at its end no
 * child is left.  Prints "pid PID", and what it did.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "stim.h"

enum {
	LIMIT = 60,			/* seconds, whatever is asked for */
	MAX_PROCS = 2000, MAX_MB = 1024, MAX_FDS = 4096,
};

#define MS	UINT64_C(1000000)

static uint64_t end;

static void
nap(uint64_t ns)
{
	struct timespec ts = { (time_t)(ns / 1000000000),
	    (long)(ns % 1000000000) };

	while (nanosleep(&ts, &ts) == -1)
		must(errno == EINTR);
}

/* Until that moment; 0 once the end has come. */
static int
until(uint64_t t)
{
	uint64_t now = boot_ns();

	if (t > end)
		t = end;
	if (t > now)
		nap(t - now);
	return boot_ns() < end;
}

static long
number(char **argv, int i, long least, long most)
{
	char *rest = NULL;
	long n;

	for (int k = 1; k <= i; k++)
		if (argv[k] == NULL)
			_exit(2);
	n = strtol(argv[i], &rest, 10);
	if (*rest != '\0' || n < least || n > most) {
		fprintf(stderr, "mischief: %s: a number from %ld to %ld\n",
		    argv[i], least, most);
		_exit(2);
	}
	return n;
}

static void
last(long ms)
{
	end = boot_ns() + (uint64_t)ms * MS;
}

static pid_t
make(void)
{
	pid_t pid = stim_fork();

	if (pid == 0)
		must(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
	return pid;
}

/* ---- processes ---- */

/* Each makes more, and they too: N in all, in MS.  All but the first live for
 * LIFE.  Where a cgroup allows no more, they go on trying. */
static void
breed(atomic_long *made, long most, uint64_t life)
{
	uint64_t all = end;
	pid_t pid;

	while (boot_ns() < end) {
		pid = -1;
		if (atomic_fetch_add(made, 1) < most)
			pid = fork();
		if (pid == -1)
			atomic_fetch_sub(made, 1);
		if (pid == 0 && (end = boot_ns() + life) > all)
			end = all;
		nap(20 * MS);
	}
}

static void
bomb(char **argv)
{
	atomic_long *made = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	long most = number(argv, 2, 1, MAX_PROCS);
	uint64_t life = (uint64_t)number(argv, 4, 1, LIMIT * 1000) * MS;
	pid_t me = getpid();

	must(made != MAP_FAILED);
	last(number(argv, 3, 1, LIMIT * 1000));
	signal(SIGCHLD, SIG_IGN);
	must(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
	breed(made, most, life);
	if (getpid() != me)
		_exit(0);
	while (wait(NULL) > 0 || errno == EINTR)
		;
	printf("forks\t%ld\n", atomic_load(made));
}

/* N children, RATE each second, which stay for MS. */
static void
storm(char **argv)
{
	long n = number(argv, 2, 1, MAX_PROCS), rate = number(argv, 3, 1, 100000);
	uint64_t stay = (uint64_t)number(argv, 4, 0, LIMIT * 1000) * MS;
	uint64_t begun = boot_ns();

	signal(SIGCHLD, SIG_IGN);
	last(LIMIT * 1000);
	for (long i = 0; i < n; i++) {
		until(begun + (uint64_t)i * 1000000000 / (uint64_t)rate);
		if (make() == 0) {
			nap(stay);
			_exit(0);
		}
	}
	printf("forks\t%ld\n", n);
	until(boot_ns() + stay + 20 * MS);
}

/* The command, N times, MS from one start to the next. */
static void
again(char **argv)
{
	long n = number(argv, 2, 1, MAX_PROCS);
	uint64_t gap = (uint64_t)number(argv, 3, 0, LIMIT * 1000) * MS;
	uint64_t begun = boot_ns();
	int st = 0;

	if (argv[4] == NULL)
		_exit(2);
	last(LIMIT * 1000);
	for (long i = 0; i < n && until(begun + (uint64_t)i * gap); i++) {
		pid_t pid = make();

		if (pid == 0) {
			execvp(argv[4], argv + 4);
			_exit(127);
		}
		st = stim_reap(pid);
	}
	printf("status\t%d\t%d\n", WIFEXITED(st) ? WEXITSTATUS(st) : -1,
	    WIFSIGNALED(st) ? WTERMSIG(st) : -1);
}

/* N children that nobody asks how they ended, for MS. */
static void
zombies(char **argv)
{
	long n = number(argv, 2, 1, MAX_PROCS);

	last(number(argv, 3, 1, LIMIT * 1000));
	for (long i = 0; i < n; i++)
		if (make() == 0)
			_exit(0);
	until(end);
	while (wait(NULL) > 0)
		;
}

/* vfork(2) does not return before the child ends, and the wait for it is not
 * one that signals interrupt: state D. */
static void
dstate(char **argv)
{
	volatile uint64_t stay =
	    (uint64_t)number(argv, 2, 1, LIMIT * 1000) * MS;
	pid_t pid;

	fflush(stdout);
	must((pid = vfork()) != -1);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		nap(stay);
		_exit(0);
	}
	stim_reap(pid);
}

/* ---- things ---- */

/* MB in MS, a page after the other, and then still there for MS. */
static void
leak(char **argv)
{
	size_t size = (size_t)number(argv, 2, 1, MAX_MB) << 20, done = 0, to;
	uint64_t ms = (uint64_t)number(argv, 3, 1, LIMIT * 1000) * MS, begun;
	uint64_t stay = (uint64_t)number(argv, 4, 0, LIMIT * 1000) * MS;
	volatile char *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must((void *)(uintptr_t)p != MAP_FAILED);
	begun = boot_ns();
	end = begun + ms + stay;
	while (done < size) {
		uint64_t spent;

		until(boot_ns() + 10 * MS);
		spent = boot_ns() - begun;
		to = spent >= ms ? size : (size_t)((double)size * spent / ms);
		for (; done < to; done += 4096)
			p[done] = 1;
	}
	printf("bytes\t%zu\nms\t%lu\n", size,
	    (unsigned long)((boot_ns() - begun) / MS));
	fflush(stdout);
	until(end);
}

/* N files in MS, of a limit of MAX, and then still open for MS. */
static void
fds(char **argv)
{
	long n = number(argv, 2, 1, MAX_FDS), max = number(argv, 4, 8, MAX_FDS);
	uint64_t ms = (uint64_t)number(argv, 3, 1, LIMIT * 1000) * MS;
	uint64_t stay = (uint64_t)number(argv, 5, 0, LIMIT * 1000) * MS;
	struct rlimit r;
	uint64_t begun = boot_ns();
	long i;

	must(getrlimit(RLIMIT_NOFILE, &r) == 0);
	r.rlim_cur = (rlim_t)max;
	must(setrlimit(RLIMIT_NOFILE, &r) == 0);
	end = begun + ms + stay;
	for (i = 0; i < n && until(begun + (uint64_t)i * ms / (uint64_t)n); i++)
		if (open("/dev/null", O_RDONLY) == -1) {
			must(errno == EMFILE);
			break;
		}
	printf("opened\t%ld\n", i);
	fflush(stdout);
	until(end);
}

/* No system call at all, so that nothing is given up by itself. */
static volatile sig_atomic_t rung;

static void
on_alarm(int sig)
{
	(void)sig;
	rung = 1;
}

static void
spin(char **argv)
{
	long ms = number(argv, 2, 1, LIMIT * 1000);
	timer_t timer;
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL,
	    .sigev_signo = SIGUSR1 };
	struct itimerspec when = { .it_value = { ms / 1000,
	    ms % 1000 * 1000000 } };
	volatile unsigned long n = 0;

	signal(SIGUSR1, on_alarm);
	must(timer_create(CLOCK_MONOTONIC, &ev, &timer) == 0);
	must(timer_settime(timer, 0, &when, NULL) == 0);
	while (!rung)
		n++;
}

static const struct {
	const char *name;
	void (*act)(char **argv);
} kinds[] = {
	{ "bomb", bomb }, { "storm", storm }, { "again", again },
	{ "zombies", zombies }, { "dstate", dstate }, { "leak", leak },
	{ "fds", fds }, { "spin", spin },
};

int
main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	alarm(2 * LIMIT);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strcmp(kinds[i].name, argv[1]) == 0) {
			printf("pid\t%d\n", getpid());
			fflush(stdout);
			kinds[i].act(argv + 0);
			return fflush(stdout) != 0;
		}
	return 2;
}
