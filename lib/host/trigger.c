/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <sys/vfs.h>
#include <linux/magic.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "host/boot.h"
#include "host/look_impl.h"
#include "host/trigger.h"
#include "rec/wire.h"

/* Write what is asked for: from then on poll(2) tells. */
static int
set(int fd, const struct psi_ask *ask)
{
	char text[PSI_ASK];
	size_t n = psi_ask_text(ask, text);

	return write(fd, text, n) == (ssize_t)n ? 0 : -1;
}

/* 0; 1: a wider window; -1: not at all, errno of the question as it was. */
static int
try(struct trigger *t, const char *path)
{
	struct psi_ask wide = t->ask;
	struct statfs fs;
	int why;

	/* Into any other file it would be written. */
	if (statfs(path, &fs) == -1)
		return -1;
	if (fs.f_type != PROC_SUPER_MAGIC && fs.f_type != CGROUP2_SUPER_MAGIC) {
		errno = EOPNOTSUPP;
		return -1;
	}
	if ((t->fd = open(path, O_RDWR | O_CLOEXEC)) == -1)
		return -1;
	if (set(t->fd, &t->ask) == 0)
		return 0;
	why = errno;
	/* Of a window that is too short, or without CAP_SYS_RESOURCE (6.4,
	 * and in stable kernels since) not a multiple of 2 s. */
	if (why == EINVAL && psi_ask_widen(&wide) && set(t->fd, &wide) == 0) {
		t->ask = wide;
		return 1;
	}
	close(t->fd);
	t->fd = -1;
	errno = why;
	return -1;
}

/* What the file says now. */
static int
take(struct trigger *t)
{
	struct psi_text text;
	char buf[PSI_TEXT];
	const char *why;
	ssize_t n = pread(t->fd, buf, sizeof(buf), 0);

	if (n == -1)
		return -1;
	errno = EPROTO;
	if (psi_parse(buf, n, &text, &why) == -1)
		return -1;
	look_take(&t->at.psi[t->ask.resource], &text);
	t->total_ns = t->ask.full ? text.full.total_ns : text.some.total_ns;
	return t->total_ns == WIRE_UNKNOWN_64 ? -1 : 0;
}

static void
seconds(char buf[24], uint64_t ns)
{
	snprintf(buf, 24, "%.9g s", ns / 1e9);
}

int
trigger_open(struct trigger *t, const struct psi_ask *ask, const char *proc,
    const char *dir, const struct cgroup_node *node, char why[TRIGGER_WHY])
{
	const char *name = psi_name(ask->resource);
	char path[PATH_MAX], stall[24], window[24], wish[24];
	int rc, cause;

	memset(t, 0, sizeof(*t));
	t->ask = *ask;
	t->fd = -1;
	if (node != NULL) {
		t->node = *node;
		t->at.cgroup = &t->node;
		snprintf(path, sizeof(path), "%s%s/%s.pressure", dir,
		    node->path, name);
	} else {
		snprintf(path, sizeof(path), "%s/%s", proc, name);
	}
	rc = try(t, path);
	cause = errno;
	seconds(wish, ask->window_ns);
	seconds(stall, t->ask.stall_ns);
	seconds(window, t->ask.window_ns);
	if (rc == 1)
		snprintf(why, TRIGGER_WHY, "%.*s: no window of %s (without "
		    "CAP_SYS_RESOURCE a multiple of 2 s, on old kernels 500 ms "
		    "or more): %s in %s instead", TRIGGER_WHY / 2, path,
		    wish, stall, window);
	if (rc >= 0 && take(t) == 0)
		return rc;
	if (rc >= 0) {
		snprintf(why, TRIGGER_WHY, "%.*s: %s", TRIGGER_WHY / 2, path,
		    strerrordesc_np(errno));
		trigger_close(t);
		return -1;
	}
	/* If it is a pipe, reading at an offset fails, and nothing waits. */
	if ((t->fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC))
	    == -1 || take(t) == -1) {
		snprintf(why, TRIGGER_WHY, "%.*s: %s", TRIGGER_WHY / 2, path,
		    strerrordesc_np(errno));
		trigger_close(t);
		return -1;
	}
	snprintf(why, TRIGGER_WHY, "%.*s: no trigger: %s: read every %s "
	    "instead", TRIGGER_WHY / 2, path, strerrordesc_np(cause), window);
	t->every = t->ask.window_ns;
	t->due = boot_now() + t->every;
	return 1;
}

void
trigger_close(struct trigger *t)
{
	if (t->fd != -1)
		close(t->fd);
	t->fd = -1;
}

int
trigger_fired(struct trigger *t, uint64_t now)
{
	struct look_psi before = t->at.psi[t->ask.resource];
	uint64_t total = t->total_ns;

	if (t->every != 0 && now < t->due)
		return 0;
	while (t->every != 0 && t->due <= now)
		t->due += t->every;
	if (take(t) == -1)
		return -1;
	/*
	 * Unprivileged triggers fire without cause when they are new: in 6.18
	 * the window begins with the total of another clock.  And a stall may
	 * be told twice, since windows overlap.
	 */
	if (t->total_ns - total >= t->ask.stall_ns)
		return 1;
	/* Not told: the next interval begins where this one did. */
	t->at.psi[t->ask.resource] = before;
	if (t->every == 0)
		t->total_ns = total;
	return 0;
}
