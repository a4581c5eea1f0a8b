/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The pressure files of the parties of a window: kernel/sched/psi.c psi_show(). */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/iomem_impl.h"
#include "host/psi.h"
#include "rec/wire.h"

/* names, leaf first, as a path below dir.  0, or -1 if it is cut or too long. */
static int
path_of(char *buf, size_t size, const char *dir, const char *names, size_t len)
{
	size_t n = strlen(dir), l;

	if (n >= size || len == 0)
		return -1;
	memcpy(buf, dir, n);
	while (len > 1) {
		/* The last name first; an empty one at the end is a cut. */
		for (l = 1; l < len && names[len - l - 1] != '\0'; l++)
			;
		if (l == 1 || n + 1 + l > size)
			return -1;
		buf[n++] = '/';
		memcpy(buf + n, names + len - l, l - 1);
		n += l - 1;
		len -= l;
	}
	buf[n] = '\0';
	return 0;
}

static void
file_open(struct pressure *p, const struct cgroup_host *h,
    const struct stall_party *party, const char *resource)
{
	char dir[4096], file[4200];

	p->fd = -2;
	/* The root has none; a party of v1 has none. */
	if (h->v2[0] == '\0' || party->cgroup_len <= 1 ||
	    party->cgroup_v1_len > 0 ||
	    path_of(dir, sizeof(dir), h->v2, party->cgroup,
	    party->cgroup_len) == -1)
		return;
	snprintf(file, sizeof(file), "%s/%s.pressure", dir, resource);
	p->fd = open(file, O_RDONLY | O_CLOEXEC);
	if (p->fd == -1)
		p->fd = -2;
}

void
pressure_read(struct pressure *p, const struct cgroup_host *h,
    const struct stall_party *party, const char *resource)
{
	uint64_t some = p->some, full = p->full;
	struct psi_text text;
	const char *wrong;
	char buf[PSI_TEXT];
	ssize_t n;

	if (p->fd == -1)
		file_open(p, h, party, resource);
	p->some = p->full = p->d_some = p->d_full = WIRE_UNKNOWN_64;
	if (p->fd < 0)
		return;
	if ((n = pread(p->fd, buf, sizeof(buf), 0)) <= 0) {
		close(p->fd);		/* the cgroup is gone */
		p->fd = -2;
		return;
	}
	if (psi_parse(buf, n, &text, &wrong) == -1)
		return;
	p->some = text.some.total_ns;
	p->full = text.full.total_ns;
	if (some != WIRE_UNKNOWN_64 && p->some != WIRE_UNKNOWN_64)
		p->d_some = p->some - some;
	if (full != WIRE_UNKNOWN_64 && p->full != WIRE_UNKNOWN_64)
		p->d_full = p->full - full;
}
