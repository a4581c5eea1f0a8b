/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* How much a file of a cgroup grew from one window to the next:
 * lib/host/pressure.h and lib/host/usage.h. */
#include <sys/stat.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/cgroup.h"
#include "host/pressure.h"
#include "host/usage.h"
#include "rec/wire.h"
#include "tap.h"

#define NONE	WIRE_UNKNOWN_64

/* As the kernel half hands paths out: "/a/b", leaf first. */
static const char path[] = "b\0a\0";
enum { LEN = sizeof(path) - 1 };

static int root;

static void
put(const char *file, const char *text)
{
	int fd = openat(root, file, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd == -1 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		abort();
	close(fd);
}

static void
directories(void)
{
	char buf[16];

	ok(cgroup_dir(buf, sizeof(buf), path, LEN) == 0 &&
	    strcmp(buf, "a/b/") == 0, "dir: names stand leaf first");
	ok(cgroup_dir(buf, sizeof(buf), "", 1) == 0 && *buf == '\0',
	    "dir: the root");
	ok(cgroup_dir(buf, sizeof(buf), NULL, 0) == -1, "dir: none");
	ok(cgroup_dir(buf, sizeof(buf), "b\0\0", 3) == -1, "dir: cut");
	ok(cgroup_dir(buf, 5, path, LEN) == 0 &&
	    cgroup_dir(buf, 4, path, LEN) == -1, "dir: no room");
}

/* The cgroup was removed, and made again under its path. */
static void
other(struct pressure *p, struct pressure_look *l, int keep, const char *how)
{
	struct stat st;

	fstatat(root, "a/b", &st, 0);
	l->id = st.st_ino;
	put("a/b/io.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=5\n");
	pressure_init(p);
	l->number++;
	pressure_read(p, l, path, LEN, keep);
	put("a/b/io.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=9\n");
	l->number++;
	pressure_read(p, l, path, LEN, keep);
	ok(p->d_some == 4000, "pressure: of the cgroup by its id, %s", how);
	pressure_close(p);
	l->id++;
	l->number++;
	pressure_read(p, l, path, LEN, keep);
	ok(p->d_some == NONE && p->none && p->fd == -1,
	    "pressure: not of another that has its path, %s", how);
	l->id = NONE;
}

static void
pressures(int keep)
{
	const char *how = keep ? "kept open" : "opened each time";
	struct pressure_look l = { .root = root, .id = NONE,
	    .resource = "io", .number = 1 };
	struct pressure p;

	pressure_init(&p);
	put("a/b/io.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=5\n"
	    "full avg10=0.00 avg60=0.00 avg300=0.00 total=3\n");
	pressure_read(&p, &l, path, LEN, keep);
	ok(p.d_some == NONE && p.d_full == NONE && p.some == 5000,
	    "pressure: the first time nothing is known to grow, %s", how);
	put("a/b/io.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=12\n"
	    "full avg10=0.00 avg60=0.00 avg300=0.00 total=4\n");
	l.number++;
	pressure_read(&p, &l, path, LEN, keep);
	ok(p.d_some == 7000 && p.d_full == 1000 && (p.fd != -1) == keep,
	    "pressure: then by how much, %s", how);
	l.number += 2;
	pressure_read(&p, &l, path, LEN, keep);
	ok(p.d_some == NONE, "pressure: not over a window left out, %s", how);
	put("a/b/io.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=13\n");
	l.number++;
	pressure_read(&p, &l, path, LEN, keep);
	ok(p.d_some == 1000 && p.d_full == NONE,
	    "pressure: without a line full it is unknown, %s", how);
	put("a/b/io.pressure", "soup\n");
	l.number++;
	pressure_read(&p, &l, path, LEN, keep);
	ok(p.d_some == NONE && !p.none, "pressure: what is none, %s", how);
	pressure_close(&p);
	other(&p, &l, keep, how);
	l.resource = "memory";
	pressure_init(&p);
	pressure_read(&p, &l, path, LEN, keep);
	ok(p.none && p.fd == -1 && p.d_some == NONE,
	    "pressure: no such file, %s", how);
}

static void
usages(void)
{
	struct usage_look l = { .root = root, .id = NONE,
	    .file = "memory.current", .number = 7 };
	struct usage u = { 0 };

	put("a/b/memory.current", "4096\n");
	usage_read(&u, &l, path, LEN);
	ok(u.bytes == 4096 && u.grown == NONE, "usage: the first time");
	put("a/b/memory.current", "12288\n");
	l.number++;
	usage_read(&u, &l, path, LEN);
	ok(u.grown == 8192, "usage: then by how much");
	put("a/b/memory.current", "4096\n");
	l.number++;
	usage_read(&u, &l, path, LEN);
	ok(u.grown == 0, "usage: what shrinks grew by nothing");
	l.number += 2;
	usage_read(&u, &l, path, LEN);
	ok(u.grown == NONE, "usage: not over a window left out");
	put("a/b/memory.current", "max\n");
	l.number++;
	usage_read(&u, &l, path, LEN);
	ok(u.bytes == NONE && u.grown == NONE, "usage: what is no number");
	put("a/b/memory.current", "4096\n");
	l.number++;
	l.id = 1;
	usage_read(&u, &l, path, LEN);
	ok(u.bytes == NONE, "usage: not of another that has its path");
	l.id = NONE;
	put("memory.current", "4096\n");
	l.number++;
	usage_read(&u, &l, "", 1);
	ok(u.bytes == NONE, "usage: the root is not asked");
	l.root = -1;
	usage_read(&u, &l, path, LEN);
	ok(u.bytes == NONE, "usage: no such hierarchy");
}

int
main(void)
{
	char dir[] = "/tmp/lnx-growth-XXXXXX", cmd[64];

	if (mkdtemp(dir) == NULL ||
	    (root = open(dir, O_RDONLY | O_DIRECTORY)) == -1 ||
	    mkdirat(root, "a", 0755) == -1 || mkdirat(root, "a/b", 0755) == -1)
		return 99;
	directories();
	pressures(1);
	pressures(0);
	usages();
	snprintf(cmd, sizeof(cmd), "rm -r %s", dir);
	if (system(cmd) != 0)
		return 99;
	return tap_done();
}
