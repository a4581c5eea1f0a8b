/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Pressure files of cgroups: kernel/sched/psi.c psi_show(). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "host/cgroup.h"
#include "host/pressure.h"
#include "host/psi.h"
#include "rec/wire.h"

enum { ROOT = 1 };		/* id of the true root: kernfs_create_root() */

static void
file_open(struct pressure *p, const struct pressure_look *l, const char *names,
    size_t len)
{
	char path[4096], file[32];
	int dir;

	p->none = 1;
	/* That of the root says what all tasks waited, those of others too. */
	if (l->root == -1 || l->id == ROOT ||
	    cgroup_dir(path, sizeof(path), names, len) == -1)
		return;
	if ((dir = cgroup_open(l->root, path, l->id)) != -1) {
		snprintf(file, sizeof(file), "%s.pressure", l->resource);
		p->fd = openat(dir, file, O_RDONLY | O_CLOEXEC);
	}
	p->none = p->fd == -1 && errno != EMFILE && errno != ENFILE &&
	    errno != ENOMEM;
	if (dir != -1)
		close(dir);
}

void
pressure_init(struct pressure *p)
{
	memset(p, 0xff, sizeof(*p));
	p->none = 0;
	p->number = 0;
}

void
pressure_close(struct pressure *p)
{
	if (p->fd != -1)
		close(p->fd);
	p->fd = -1;
}

static uint64_t
grown(uint64_t now, uint64_t was)
{
	return now == WIRE_UNKNOWN_64 || was == WIRE_UNKNOWN_64 || now < was ?
	    WIRE_UNKNOWN_64 : now - was;
}

void
pressure_read(struct pressure *p, const struct pressure_look *l,
    const char *names, size_t len, int keep)
{
	int next = p->number != 0 && p->number + 1 == l->number;
	struct psi_text text;
	const char *wrong;
	char buf[PSI_TEXT];
	ssize_t n;

	p->d_some = p->d_full = WIRE_UNKNOWN_64;
	if (p->fd == -1 && !p->none)
		file_open(p, l, names, len);
	if (p->fd == -1)
		return;
	n = pread(p->fd, buf, sizeof(buf), 0);
	if (n <= 0 || !keep)
		pressure_close(p);
	p->none = n <= 0;		/* the cgroup is gone */
	if (n <= 0 || psi_parse(buf, n, &text, &wrong) == -1)
		return;
	if (next) {
		p->d_some = grown(text.some.total_ns, p->some);
		p->d_full = grown(text.full.total_ns, p->full);
	}
	p->some = text.some.total_ns;
	p->full = text.full.total_ns;
	p->number = l->number;
}
