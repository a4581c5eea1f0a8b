/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Prints CLOCK_BOOTTIME ns and its own pid, then "PID STARTTICK" of every process
 * in /proc but itself.  The id of the process has its start in ns; STARTTICK counts 10 ms.
 */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>

#include "stim.h"

/* Zombies too: nobody has noticed their end yet, but lnx-trace has. */
static void
tell(const char *pid)
{
	char path[64], buf[1024], state, *p;
	unsigned long long start;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	if ((fd = open(path, O_RDONLY)) == -1)
		return;
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	if (n <= 0)
		return;
	buf[n] = '\0';
	must((p = strrchr(buf, ')')) != NULL);
	must(sscanf(p + 1, " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u"
	    " %*u %*d %*d %*d %*d %*d %*d %llu", &state, &start) == 2);
	if (state != 'Z' && state != 'X')
		printf("%s\t%llu\n", pid, start);
}

int
main(void)
{
	DIR *dir;
	struct dirent *de;

	printf("%llu\t%d\n", (unsigned long long)boot_ns(), getpid());
	must((dir = opendir("/proc")) != NULL);
	while ((de = readdir(dir)) != NULL)
		if (isdigit((unsigned char)*de->d_name) &&
		    atoi(de->d_name) != getpid())
			tell(de->d_name);
	return 0;
}
