/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * look [-p] N: take N samples of all processes, one after the other, as lnx-trace
 * does.  Prints how many processes there are, and the wall and the CPU time of
 * a look in ms: of the first, and the least, middle and greatest of the rest.
 * With -p read stat, status, io and schedstat of each in /proc instead, which
 * tell about the same, but not how many files are open.
 */
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "host/boot.h"
#include "host/sample.h"

enum { MOST = 1000 };

static int
count(void *arg, const void *rec, size_t size)
{
	(void)rec;
	(void)size;
	++*(int *)arg;
	return 0;
}

static int
look_at_proc(void)
{
	static const char *const names[] = {
		"stat", "status", "io", "schedstat",
	};
	char path[512], buf[8192];
	struct dirent *e;
	int fd, seen = 0;
	DIR *dir;

	if ((dir = opendir("/proc")) == NULL)
		return -1;
	while ((e = readdir(dir)) != NULL) {
		if (e->d_name[0] < '0' || e->d_name[0] > '9')
			continue;
		for (int i = 0; i < 4; i++) {
			snprintf(path, sizeof(path), "/proc/%s/%s", e->d_name,
			    names[i]);
			if ((fd = open(path, O_RDONLY)) == -1)
				continue;
			while (read(fd, buf, sizeof(buf)) > 0)
				continue;
			close(fd);
		}
		seen++;
	}
	closedir(dir);
	return seen;
}

static double
now(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ts.tv_sec * 1e3 + ts.tv_nsec / 1e6;
}

static int
less(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
report(const char *what, double *t, int n)
{
	double first = t[0];

	qsort(t + 1, n - 1, sizeof(*t), less);
	printf("%s ms: first %.2f, then %.2f .. %.2f .. %.2f\n", what, first,
	    t[1], t[1 + (n - 1) / 2], t[n - 1]);
}

int
main(int argc, char **argv)
{
	int proc = argc > 1 && strcmp(argv[1], "-p") == 0;
	int n = argc > 1 + proc ? atoi(argv[1 + proc]) : 20, i, seen = 0;
	static double wall[MOST], cpu[MOST];
	char why[TRACE_WHY] = "";
	struct cgroup_host host;
	struct trace_conf conf;
	struct gauge g;

	if (n < 2 || n > MOST)
		return 2;
	trace_conf_init(&conf);
	conf.all = 1;		/* the most that there can be to tell */
	if (!proc && (cgroup_host(&host) == -1 ||
	    sample_open(&conf, &host, &g, why) == NULL))
		errx(1, "%s", why);
	for (i = 0; i < n; i++) {
		wall[i] = now(CLOCK_MONOTONIC);
		cpu[i] = now(CLOCK_PROCESS_CPUTIME_ID);
		seen = 0;
		if (proc)
			seen = look_at_proc();
		else if (g.look(g.self, boot_now(), 0, count, &seen) != 0)
			err(1, "look");
		wall[i] = now(CLOCK_MONOTONIC) - wall[i];
		cpu[i] = now(CLOCK_PROCESS_CPUTIME_ID) - cpu[i];
	}
	printf("%d processes\n", seen);
	report("wall", wall, n);
	report("cpu", cpu, n);
	if (!proc)
		sample_close(g.self);
	return 0;
}
