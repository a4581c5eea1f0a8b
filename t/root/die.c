/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * die [-c] COUNT SEED: make COUNT processes end in every way there is, mixed by
 * SEED, one in 50 with a core dump in the working directory if -c.
 *
 * Prints its own pid, and for each death what wait4(2) and /proc say:
 * pid way code signal core utime_us+stime_us maxrss_kb minflt majflt rchar
 * wchar born_ns ended_ns, "-" for what does not apply.  The end of the process
 * lies between the last two.
 *
 * die -x CODE: end with CODE (what the exec of a thread runs).
 */
#include <linux/seccomp.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include "stim.h"

static const char *self;
static int code;		/* the child's: what it is to end with */
static int killer;		/* the child's: what the signal scenes raise */
static pthread_barrier_t bar;

static void
forever(void)
{
	for (;;)
		pause();
}

static void
exit_thread(int c)
{
	syscall(SYS_exit, c);
}

static void *
wait_forever(void *arg)
{
	(void)arg;
	forever();
	return NULL;
}

static void *
join_only(void *arg)
{
	(void)arg;
	return NULL;
}

static void *
group_exit(void *arg)
{
	(void)arg;
	_exit(code);
}

/* The leader must be dead, not just told to die. */
static void *
group_exit_late(void *arg)
{
	char path[64], buf[256] = "", *p;
	int fd;

	(void)arg;
	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", getpid());
	do {
		sched_yield();
		must((fd = open(path, O_RDONLY)) != -1);
		must(read(fd, buf, sizeof(buf) - 1) > 0);
		close(fd);
		must((p = strrchr(buf, ')')) != NULL);
	} while (p[2] != 'Z');
	_exit(code);
}

static void *
exit_late(void *arg)
{
	usleep(1000);
	exit_thread((int)(intptr_t)arg);
	return NULL;
}

static void *
exit_together(void *arg)
{
	pthread_barrier_wait(&bar);
	exit_thread((int)(intptr_t)arg);
	return NULL;
}

static void *
raise_it(void *arg)
{
	(void)arg;
	kill(getpid(), killer);
	forever();
	return NULL;
}

static void *
exec_it(void *arg)
{
	char text[16];

	(void)arg;
	snprintf(text, sizeof(text), "%d", code);
	execl(self, self, "-x", text, (char *)NULL);
	must(!"execl");
	return NULL;
}

static void
threads(int n, void *(*fn)(void *))
{
	pthread_t t;
	pthread_attr_t at;
	int i;

	must(pthread_attr_init(&at) == 0);
	must(pthread_attr_setstacksize(&at, 65536) == 0);
	for (i = 1; i <= n; i++)
		must(pthread_create(&t, &at, fn, (void *)(intptr_t)(code + i)) == 0);
}

static void way_exit(void) { _exit(code); }
static void way_worker_exits(void) { threads(1, group_exit); forever(); }
static void way_worker_of_9(void) { threads(7, wait_forever); threads(1, group_exit); forever(); }
static void way_leader_first(void) { threads(1, group_exit_late); exit_thread(3); }
static void way_leader_first_9(void) { threads(7, wait_forever); threads(1, group_exit_late); exit_thread(3); }
static void way_worker_last(void) { threads(1, exit_late); exit_thread(code); }
static void way_exec(void) { threads(1, exec_it); forever(); }
static void way_exec_of_9(void) { threads(7, wait_forever); threads(1, exec_it); forever(); }
static void way_signal(void) { raise(killer); forever(); }
static void way_signal_thread(void) { threads(1, raise_it); forever(); }
static void way_signal_9(void) { threads(8, wait_forever); raise(killer); forever(); }
static void way_parent_kills(void) { forever(); }
static void way_parent_kills_9(void) { threads(8, wait_forever); forever(); }
static void way_abort(void) { abort(); }

static void
way_joined(void)
{
	pthread_t t;

	must(pthread_create(&t, NULL, join_only, NULL) == 0);
	must(pthread_join(t, NULL) == 0);
	_exit(code);
}

static void
way_all_at_once(void)
{
	must(pthread_barrier_init(&bar, NULL, 9) == 0);
	threads(8, exit_together);
	pthread_barrier_wait(&bar);
	exit_thread(code);
}

static void
way_leader_last(void)
{
	threads(8, exit_late);
	usleep(3000);
	exit_thread(code);
}

static void
way_segv(void)
{
	int *volatile nowhere = (int *)8;

	*nowhere = 1;
}

static void
way_bus(void)
{
	char *p;
	int fd = memfd_create("bus", MFD_CLOEXEC);

	p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	must(p != MAP_FAILED);
	_exit(*(volatile char *)p);
}

static void
way_ill(void)
{
	__builtin_trap();
}

static void
way_pipe(void)
{
	int fds[2];

	must(pipe(fds) == 0);
	close(fds[0]);
	must(write(fds[1], "x", 1) == 1);
}

static void
way_alarm(void)
{
	struct itimerval it = { .it_value.tv_usec = 500 };

	must(setitimer(ITIMER_REAL, &it, NULL) == 0);
	forever();
}

/* Strict seccomp kills the thread, not the group: another door in the kernel. */
static void
way_seccomp(void)
{
	must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) == 0);
	syscall(SYS_getppid);
}

static void
way_memory(void)
{
	size_t n = (size_t)(1 + code % 16) << 20;
	char *p = mmap(NULL, n, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(p != MAP_FAILED);
	memset(p, 1, n);
	must(munmap(p, n) == 0);
	_exit(code);
}

static void *
burn(void *arg)
{
	uint64_t end = boot_ns() + 30000000;

	while (boot_ns() < end)
		if (code & 1)
			getppid();
	return arg;
}

static void
way_burn(void)
{
	burn(NULL);
	_exit(code);
}

static void
way_burn_2(void)
{
	threads(1, burn);
	burn(NULL);
	_exit(code);
}

static void
way_write(void)
{
	static char buf[65536];
	int in = open("/dev/zero", O_RDONLY), out = open("/dev/null", O_WRONLY);

	must(read(in, buf, sizeof(buf)) == sizeof(buf));
	must(write(out, buf, 1000 + (size_t)code) == 1000 + code);
	_exit(code);
}

#define WAY(f) { #f, way_##f }
static const struct way {
	const char	*name;
	void		(*act)(void);
} ways[] = {
	WAY(exit), WAY(exit), WAY(exit), WAY(exit), WAY(joined),
	WAY(worker_exits), WAY(worker_of_9), WAY(leader_first),
	WAY(leader_first_9), WAY(worker_last), WAY(leader_last),
	WAY(all_at_once), WAY(exec), WAY(exec_of_9), WAY(signal), WAY(signal),
	WAY(signal), WAY(signal), WAY(signal_thread), WAY(signal_9),
	WAY(parent_kills), WAY(parent_kills_9), WAY(abort), WAY(segv), WAY(bus),
	WAY(ill), WAY(pipe), WAY(alarm), WAY(seccomp), WAY(memory), WAY(write),
};
static const struct way burns[] = { WAY(burn), WAY(burn_2) };
static const struct way cores[] = {
	WAY(segv), WAY(abort), WAY(signal_9), WAY(signal_thread), WAY(ill),
};
#define LEN(a) (sizeof(a) / sizeof((a)[0]))

/* All that end a process, but for those that stop it or that nobody minds. */
static int
fatal(uint64_t r)
{
	static const int no[] = { SIGCHLD, SIGCONT, SIGSTOP, SIGTSTP, SIGTTIN,
	    SIGTTOU, SIGURG, SIGWINCH, 32, 33 };
	int sig = 1 + (int)(r % 64);
	size_t i;

	for (i = 0; i < LEN(no); i++)
		if (sig == no[i])
			return SIGKILL;
	return sig;
}

static void
child(const struct way *w, int core)
{
	struct rlimit rl = { core ? RLIM_INFINITY : 0, core ? RLIM_INFINITY : 0 };
	sigset_t none;
	int i;

	must(setrlimit(RLIMIT_CORE, &rl) == 0);
	for (i = 1; i < 65; i++)
		signal(i, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	w->act();
	forever();
}

/* The zombie still has its accounts in /proc. */
static void
proc_io(pid_t pid, unsigned long long io[2])
{
	char path[64], buf[512];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/io", pid);
	must((fd = open(path, O_RDONLY)) != -1);
	must((n = read(fd, buf, sizeof(buf) - 1)) > 0);
	close(fd);
	buf[n] = '\0';
	must(sscanf(buf, "rchar: %llu wchar: %llu", &io[0], &io[1]) == 2);
}

static unsigned long long
us(struct timeval tv)
{
	return (unsigned long long)tv.tv_sec * 1000000 + (unsigned long long)tv.tv_usec;
}

static void
tell(pid_t pid, const char *way, uint64_t born)
{
	unsigned long long io[2];
	struct rusage ru;
	siginfo_t si;
	uint64_t ended;
	int st;

	must(waitid(P_PID, (id_t)pid, &si, WEXITED | WNOWAIT) == 0);
	ended = boot_ns();
	proc_io(pid, io);
	must(wait4(pid, &st, 0, &ru) == pid);
	printf("%d\t%s\t", pid, way);
	if (WIFEXITED(st))
		printf("%d\t-\t-", WEXITSTATUS(st));
	else
		printf("-\t%d\t%s", WTERMSIG(st), WCOREDUMP(st) ? "true" : "-");
	printf("\t%llu\t%ld\t%ld\t%ld\t%llu\t%llu\t%llu\t%llu\n",
	    us(ru.ru_utime) + us(ru.ru_stime), ru.ru_maxrss, ru.ru_minflt,
	    ru.ru_majflt, io[0], io[1], (unsigned long long)born,
	    (unsigned long long)ended);
}

static void
one(const struct way *w, int core)
{
	uint64_t born = boot_ns();
	pid_t pid;

	must((pid = fork()) != -1);
	if (pid == 0)
		child(w, core);
	if (strncmp(w->name, "parent_kills", 12) == 0) {
		/* Sometimes before its threads are up, mostly after. */
		usleep(code & 1 ? 400 : 0);
		kill(pid, code & 2 ? SIGKILL : SIGTERM);
	}
	tell(pid, core ? "core" : w->name, born);
}

int
main(int argc, char **argv)
{
	static char out[1 << 16];
	uint64_t seed;
	long i, n;
	int core = 0;

	self = "/proc/self/exe";
	if (argc > 2 && strcmp(argv[1], "-x") == 0)
		return atoi(argv[2]);
	if (argc > 1 && strcmp(argv[1], "-c") == 0) {
		core = 1;
		argv++, argc--;
	}
	if (argc != 3)
		return 2;
	n = atol(argv[1]);
	seed = strtoull(argv[2], NULL, 10);
	setvbuf(stdout, out, _IOFBF, sizeof(out));
	printf("%d\n", getpid());
	fflush(stdout);
	for (i = 0; i < n; i++) {
		uint64_t r = stim_rand(&seed);

		code = (int)(i & 255);
		killer = fatal(r >> 32);
		if (core && i % 50 == 7) {
			killer = SIGSEGV;
			one(&cores[r % LEN(cores)], 1);
		} else if (i % 100 == 50)
			one(&burns[r % LEN(burns)], 0);
		else
			one(&ways[r % LEN(ways)], 0);
		/* A child that ends by exit(3) must find nothing to say. */
		fflush(stdout);
	}
	return 0;
}
