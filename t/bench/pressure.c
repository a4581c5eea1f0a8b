/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * pressure DIR TIMES - read the pressure files of all cgroups right below DIR
 * and tell what the kernel takes for it, once a second.
 */
#include <sys/resource.h>

#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static double
cpu_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ts.tv_sec * 1e3 + ts.tv_nsec / 1e6;
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
		err(1, "pressure DIR TIMES");
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
