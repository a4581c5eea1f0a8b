/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* mm/memcontrol.c: memory_current_read(), mem_cgroup_read_u64(). */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "host/cgroup.h"
#include "host/usage.h"
#include "host/word.h"
#include "rec/wire.h"

/* The one number in that file; all ones: there is none. */
static uint64_t
number_in(int dir, const char *file)
{
	int fd = openat(dir, file, O_RDONLY | O_CLOEXEC);
	char buf[64];
	struct word w;
	uint64_t v;
	ssize_t n;

	if (fd == -1)
		return WIRE_UNKNOWN_64;
	n = read(fd, buf, sizeof(buf));
	close(fd);
	if (n <= 0 || buf[n - 1] != '\n')
		return WIRE_UNKNOWN_64;
	w = (struct word){ buf, buf + n - 1 };
	return word_u64(w, &v) == 0 ? v : WIRE_UNKNOWN_64;
}

void
usage_read(struct usage *u, const struct usage_look *l, const char *names,
    size_t len)
{
	uint64_t was = u->number != 0 && u->number + 1 == l->number ?
	    u->bytes : WIRE_UNKNOWN_64;
	char path[4096];
	int dir;

	u->grown = u->bytes = WIRE_UNKNOWN_64;
	u->number = l->number;
	if (l->root == -1 || len <= 1 ||
	    cgroup_dir(path, sizeof(path), names, len) == -1 ||
	    (dir = cgroup_open(l->root, path, l->id)) == -1)
		return;
	u->bytes = number_in(dir, l->file);
	close(dir);
	if (u->bytes != WIRE_UNKNOWN_64 && was != WIRE_UNKNOWN_64)
		u->grown = u->bytes > was ? u->bytes - was : 0;
}
