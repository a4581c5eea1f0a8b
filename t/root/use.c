/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * use: do what stdin says, a line at a time, and answer each line with "ok";
 * between two lines all its threads wait, so its figures stand still.
 *	threads N	N more threads, that stay
 *	burn MS		these threads take so much CPU time each
 *	die N MS	N more threads take so much, and end; "ok NS": what they
 *			say that they waited for a processor
 *	naps N		sleep so often
 *	grow MIB	take so much memory
 *	open N		open so many files more
 *	write FILE KIB	write so much, and wait until the device has it
 *	zombie		make a process that ends, and do not ask how; "ok PID"
 *	stuck MS	wait so long for a process that has its memory: state D
 *	leave		the main thread ends, the others stay
 *	exec FILE	become that program
 * use -c PID: the CPU time of all threads that this process ever had, in ns.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>

#include "stim.h"

enum { MAX_THREADS = 4096 };

static int to[MAX_THREADS][2], back[2];
static int nthreads;

static uint64_t
clock_ns(clockid_t id)
{
	struct timespec ts;

	must(clock_gettime(id, &ts) == 0);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void
burn(long ms)
{
	uint64_t end = clock_ns(CLOCK_THREAD_CPUTIME_ID) +
	    (uint64_t)ms * 1000000;

	while (clock_ns(CLOCK_THREAD_CPUTIME_ID) < end)
		continue;
}

static void *
stays(void *arg)
{
	int *fd = arg;
	long ms;

	while (read(fd[0], &ms, sizeof(ms)) == sizeof(ms)) {
		burn(ms);
		must(write(back[1], "", 1) == 1);
	}
	return NULL;
}

static void *
dies(void *arg)
{
	unsigned long long ran, waited;
	FILE *f;

	burn(*(long *)arg);
	must((f = fopen("/proc/thread-self/schedstat", "r")) != NULL);
	must(fscanf(f, "%llu %llu", &ran, &waited) == 2);
	fclose(f);
	return (void *)(uintptr_t)waited;
}

static void
make(pthread_t *t, void *(*fn)(void *), void *arg)
{
	pthread_attr_t a;

	must(pthread_attr_init(&a) == 0);
	must(pthread_attr_setstacksize(&a, 64 << 10) == 0);
	must(pthread_create(t, &a, fn, arg) == 0);
	pthread_attr_destroy(&a);
}

static void
threads(long n)
{
	pthread_t t;

	for (; n > 0; n--) {
		must(nthreads < MAX_THREADS);
		must(pipe(to[nthreads]) == 0);
		make(&t, stays, to[nthreads++]);
	}
}

static void
burn_all(long ms)
{
	char c;

	for (int i = 0; i < nthreads; i++)
		must(write(to[i][1], &ms, sizeof(ms)) == sizeof(ms));
	for (int i = 0; i < nthreads; i++)
		must(read(back[0], &c, 1) == 1);
}

static uint64_t
die(long n, long ms)
{
	pthread_t t[64];
	uint64_t sum = 0;
	void *waited;

	must(n <= 64);
	for (long i = 0; i < n; i++)
		make(&t[i], dies, &ms);
	for (long i = 0; i < n; i++) {
		must(pthread_join(t[i], &waited) == 0);
		sum += (uintptr_t)waited;
	}
	return sum;
}

static void
grow(long mib)
{
	char *p = mmap(NULL, mib << 20, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	must(p != MAP_FAILED);
}

static void
put(const char *path, long kib)
{
	static char block[1024];
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	must(fd != -1);
	for (; kib > 0; kib--)
		must(write(fd, block, sizeof(block)) == sizeof(block));
	must(fsync(fd) == 0 && close(fd) == 0);
}

/* vfork(2) does not return before the child ends. */
static void
stuck(long ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };
	pid_t pid;

	must((pid = vfork()) != -1);
	if (pid == 0) {
		nanosleep(&ts, NULL);
		_exit(0);
	}
	stim_reap(pid);
}

static void
step(char *line)
{
	struct timespec ts = { 0, 1000000 };
	char word[16] = "", path[256] = "";
	long n = 0, m = 0;
	uint64_t waited;
	pid_t pid;

	sscanf(line, "%15s %ld %ld", word, &n, &m);
	if (strcmp(word, "threads") == 0)
		threads(n);
	else if (strcmp(word, "burn") == 0)
		burn_all(n);
	else if (strcmp(word, "naps") == 0)
		for (; n > 0; n--)
			nanosleep(&ts, NULL);
	else if (strcmp(word, "grow") == 0)
		grow(n);
	else if (strcmp(word, "stuck") == 0)
		stuck(n);
	else if (strcmp(word, "open") == 0)
		for (; n > 0; n--)
			must(open("/dev/null", O_RDONLY) != -1);
	else if (strcmp(word, "write") == 0 &&
	    sscanf(line, "%*s %255s %ld", path, &n) == 2)
		put(path, n);
	else if (strcmp(word, "exec") == 0 &&
	    sscanf(line, "%*s %255s", path) == 1) {
		/* Before: what follows is for the other program to read. */
		puts("ok");
		must(fflush(stdout) == 0 && execl(path, path, NULL) != -1);
	} else if (strcmp(word, "leave") == 0) {
		puts("ok");
		must(fflush(stdout) == 0);
		pthread_exit(NULL);
	} else if (strcmp(word, "die") == 0) {
		waited = die(n, m);
		printf("ok %llu\n", (unsigned long long)waited);
		return;
	} else if (strcmp(word, "zombie") == 0) {
		if ((pid = stim_fork()) == 0)
			_exit(0);
		printf("ok %d\n", pid);
		return;
	} else
		_exit(99);
	puts("ok");
}

int
main(int argc, char **argv)
{
	clockid_t id;
	char line[512];

	if (argc == 3 && strcmp(argv[1], "-c") == 0) {
		must(clock_getcpuclockid(atoi(argv[2]), &id) == 0);
		printf("%llu\n", (unsigned long long)clock_ns(id));
		return 0;
	}
	must(pipe(back) == 0);
	while (fgets(line, sizeof(line), stdin) != NULL) {
		step(line);
		must(fflush(stdout) == 0);
	}
	return 0;
}
