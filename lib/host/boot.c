/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <time.h>
#include <unistd.h>

#include "host/boot.h"

static void
size_of(struct boot *b)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	struct sysinfo si;

	b->cpus = cpus > 0 ? (uint32_t)cpus : WIRE_UNKNOWN_32;
	b->memory_bytes = sysinfo(&si) == 0 ?
	    (uint64_t)si.totalram * si.mem_unit : WIRE_UNKNOWN_64;
}

int
boot_read(struct boot *b)
{
	int fd;
	ssize_t n;

	memset(b, 0, sizeof(*b));
	size_of(b);
	if (uname(&b->uts) == -1)
		return -1;
	fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return -1;
	n = read(fd, b->id, sizeof(b->id) - 1);
	close(fd);
	if (n != (ssize_t)sizeof(b->id) - 1) {
		errno = EIO;
		return -1;
	}
	return 0;
}

static int64_t
now(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

int64_t
boot_offset(void)
{
	int64_t before, real, after, best = INT64_MAX, off = 0;

	/* An interruption between the two looks would go into the offset. */
	for (int i = 0; i < 5; i++) {
		before = now(CLOCK_BOOTTIME);
		real = now(CLOCK_REALTIME);
		after = now(CLOCK_BOOTTIME);
		if (after - before < best) {
			best = after - before;
			off = real - (before + after) / 2;
		}
	}
	return off;
}

uint64_t
boot_now(void)
{
	return now(CLOCK_BOOTTIME);
}

void
boot_ctx(const struct boot *b, struct event_ctx *ctx)
{
	memset(ctx, 0, sizeof(*ctx));
	memcpy(ctx->boot, b->id, sizeof(ctx->boot) - 1);
	snprintf(ctx->host, sizeof(ctx->host), "%s", b->uts.nodename);
	ctx->real_ns = boot_offset();
	ctx->line_max = EVENT_LINE_MIN;
}
