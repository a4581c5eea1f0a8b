/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * io FILE SIZE BLOCK SECONDS [w] [MS]: read, or with w write, random blocks of
 * a file of that size, past the page cache, one after the other, MS apart; a
 * block each.  Prints how many, and their time in ns, all and the longest.
 * io map FILE SIZE SECONDS [x]: read one byte of random pages of a mapping of
 * it, three of four in its first quarter.  With x it is executable: such pages
 * the kernel likes to keep, and it is a wait for memory to fetch them again.
 * io fill FILE SIZE: make one.  Sizes in KiB.
 */
#include <sys/mman.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <inttypes.h>

#include "stim.h"

static void
fill(const char *file, size_t size)
{
	static char buf[1 << 20];
	uint64_t seed = 88172645463325252;
	int fd;

	for (size_t i = 0; i < sizeof(buf); i += 8) {
		uint64_t r = stim_rand(&seed);

		memcpy(buf + i, &r, 8);
	}
	must((fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600)) != -1);
	for (size_t at = 0; at < size; at += sizeof(buf))
		must(write(fd, buf, sizeof(buf)) == sizeof(buf));
	must(fdatasync(fd) == 0);
	must(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) == 0);
	close(fd);
}

static void
map(const char *file, size_t size, uint64_t end, int prot)
{
	uint64_t seed = 88172645463325252, n = 0;
	volatile const char *p;
	unsigned sum = 0;
	int fd;

	must((fd = open(file, O_RDONLY)) != -1);
	/* What is in the cache already is charged to somebody else. */
	must(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) == 0);
	p = mmap(NULL, size, prot, MAP_SHARED, fd, 0);
	must(p != MAP_FAILED);
	for (; boot_ns() < end; n++) {
		uint64_t r = stim_rand(&seed);

		sum += p[(r >> 32) % (r & 3 ? size / 4 : size)];
	}
	printf("%" PRIu64 " %u\n", n, sum & 1);
}

static void
blocks(char **argv, uint64_t end, int write, unsigned ms)
{
	size_t size = (size_t)atol(argv[2]) << 10;
	size_t block = (size_t)atol(argv[3]) << 10;
	uint64_t seed = (uint64_t)getpid() << 20 | 1, n, t, sum = 0, max = 0;
	void *buf;
	int fd;

	must(posix_memalign(&buf, 4096, block) == 0);
	memset(buf, 'x', block);
	fd = open(argv[1], (write ? O_WRONLY : O_RDONLY) | O_DIRECT);
	must(fd != -1);
	for (n = 0; boot_ns() < end; n++) {
		off_t at = (off_t)(stim_rand(&seed) % (size / block) * block);

		t = boot_ns();
		must((write ? pwrite(fd, buf, block, at) :
		    pread(fd, buf, block, at)) == (ssize_t)block);
		t = boot_ns() - t;
		sum += t;
		max = t > max ? t : max;
		if (ms > 0)
			usleep(ms * 1000);
	}
	printf("%" PRIu64 " %" PRIu64 " %" PRIu64 "\n", n, sum, max);
}

int
main(int argc, char **argv)
{
	must(argc >= 4);
	if (strcmp(argv[1], "fill") == 0)
		fill(argv[2], (size_t)atol(argv[3]) << 10);
	else if (strcmp(argv[1], "map") == 0)
		map(argv[2], (size_t)atol(argv[3]) << 10, boot_ns() +
		    (uint64_t)(atof(argv[4]) * 1e9), PROT_READ |
		    (argc > 5 ? PROT_EXEC : 0));
	else
		blocks(argv, boot_ns() + (uint64_t)(atof(argv[4]) * 1e9),
		    argc > 5 && argv[5][0] == 'w',
		    argc > 6 ? (unsigned)atoi(argv[6]) : 0);
	return 0;
}
