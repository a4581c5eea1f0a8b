/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * hog MIB [CGROUP]: enter the cgroup of which CGROUP is the directory, print
 * the pid, and take that much memory, page by page.  Prints "enough" if it got
 * all of it.
 */
#include <fcntl.h>
#include <sys/mman.h>

#include "stim.h"

static void
enter(const char *dir)
{
	char path[4096], pid[32];
	int fd, n;

	snprintf(path, sizeof(path), "%s/cgroup.procs", dir);
	must((fd = open(path, O_WRONLY)) != -1);
	n = snprintf(pid, sizeof(pid), "%d\n", getpid());
	must(write(fd, pid, n) == n);
	must(close(fd) == 0);
}

int
main(int argc, char **argv)
{
	size_t mib = argc > 1 ? strtoul(argv[1], NULL, 10) : 0, i;
	char *p;

	if (mib == 0 || mib > 1024)
		return 2;
	if (argc > 2)
		enter(argv[2]);
	printf("%d\n", getpid());
	fflush(stdout);
	p = mmap(NULL, mib << 20, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	must(p != MAP_FAILED);
	for (i = 0; i < mib << 20; i += 4096)
		p[i] = 1;
	puts("enough");
	return 0;
}
