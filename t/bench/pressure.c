/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * pressure DIR TIMES - read the pressure files of all cgroups right below DIR
 * and tell what the kernel takes for it, once a second.
 *
 * pressure DIR idle|wait - have a task in each of them: one that sleeps; or one
 * that each second, at the same moment as all others, wants the first processor
 * for 0.1 ms.  Until it is killed.
 */
#include <sys/prctl.h>
#include <sys/resource.h>

#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static double
cpu_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ts.tv_sec * 1e3 + ts.tv_nsec / 1e6;
}

static void
join(const char *dir, const char *name)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/%s/cgroup.procs", dir, name);
	if ((fd = open(path, O_WRONLY)) == -1 || write(fd, "0", 1) != 1)
		err(1, "%s", path);
	close(fd);
}

static void
wait_and_work(void)
{
	struct timespec next;
	double until;

	clock_gettime(CLOCK_MONOTONIC, &next);
	for (;;) {
		next.tv_sec++;
		next.tv_nsec = 0;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
		for (until = cpu_ms() + 0.1; cpu_ms() < until; )
			;
	}
}

static int
fill(const char *dir, int work)
{
	cpu_set_t first;
	struct dirent *e;
	DIR *d;

	CPU_ZERO(&first);
	CPU_SET(0, &first);
	if (sched_setaffinity(0, sizeof(first), &first) == -1 ||
	    (d = opendir(dir)) == NULL)
		err(1, "%s", dir);
	while ((e = readdir(d)) != NULL)
		if (e->d_type == DT_DIR && e->d_name[0] == 'c' && fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			join(dir, e->d_name);
			if (work)
				wait_and_work();
			for (;;)
				pause();
		}
	closedir(d);
	for (;;)
		pause();
}

int
main(int argc, char **argv)
{
	static const char *const names[] = { "cpu", "memory", "io" };
	struct rlimit r = { 0 };
	char path[PATH_MAX], buf[4096];
	struct dirent *e;
	size_t n = 0, cap = 1 << 16;
	int *fd = calloc(cap, sizeof(*fd));
	double sum = 0, began;
	DIR *d;

	if (argc != 3 || (d = opendir(argv[1])) == NULL || fd == NULL)
		err(1, "pressure DIR TIMES|idle|wait");
	if (strcmp(argv[2], "idle") == 0 || strcmp(argv[2], "wait") == 0)
		return fill(argv[1], argv[2][0] == 'w');
	getrlimit(RLIMIT_NOFILE, &r);
	r.rlim_cur = r.rlim_max;
	setrlimit(RLIMIT_NOFILE, &r);
	while ((e = readdir(d)) != NULL)
		for (int k = 0; k < 3 && e->d_name[0] != '.' && n < cap; k++) {
			snprintf(path, sizeof(path), "%s/%s/%s.pressure",
			    argv[1], e->d_name, names[k]);
			if ((fd[n] = open(path, O_RDONLY)) != -1)
				n++;
		}
	closedir(d);
	for (int i = 0; i <= atoi(argv[2]); i++) {
		began = cpu_ms();
		for (size_t k = 0; k < n; k++)
			if (pread(fd[k], buf, sizeof(buf), 0) <= 0)
				err(1, "pread");
		if (i > 0)
			sum += cpu_ms() - began;
		sleep(1);
	}
	printf("%-34s %6.2f ms a second for %zu files: the floor\n",
	    "pread(2) alone", sum / atoi(argv[2]), n);
	free(fd);
	return 0;
}
