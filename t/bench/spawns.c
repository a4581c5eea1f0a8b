/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A stream as lnx-trace writes it: of count processes, each forked, executed,
 * and ended `alive` forks later.  For t/bench; nothing in it is random.
 *
 *	spawns COUNT ALIVE
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/out.h"
#include "rec/event.h"

struct rec {
	union {
		struct wire_head head;
		struct wire_fork fork;
		struct wire_exec exec;
		struct wire_exit exit;
	};
	char	tail[1024];
};

static const struct event_ctx ctx = { .boot = "9f8e7d6c", .host = "bench",
    .real_ns = 1770000000000000000, .line_max = 4096 };

static void
emit(struct out *out, struct rec *r, size_t fixed, size_t tail)
{
	char *p = out_room(out, 4096);
	ssize_t n;

	r->head.size = fixed + tail;
	if (p == NULL || (n = event_encode(&ctx, r, r->head.size, p)) == -1)
		abort();
	out_took(out, n);
}

/* Bytes that follow the struct of size fixed. */
static void
add(struct rec *r, size_t fixed, size_t *used, uint32_t *len, const char *s,
    size_t n)
{
	memcpy((char *)r + fixed + *used, s, n);
	*len = n;
	*used += n;
}

static uint64_t
start(uint64_t i)
{
	return 1000000000 + i * 100000;
}

static uint32_t
pid(uint64_t i)
{
	return 100 + i % 30000;
}

/* Ten generations, then from the top again. */
static uint64_t
parent(uint64_t i)
{
	return i % 10 == 0 ? 0 : i - 1;
}

#define HEAD(ev, i, when) do {					\
	memset(&r, 0, sizeof(r.ev));					\
	r.head.kind = EV_##ev;					\
	r.head.cpu = (i) % 2;						\
	r.head.seq = (i) / 2 + 1;					\
	r.head.boot_ns = when;						\
	r.ev.id_start = start(i);					\
	r.ev.pid = pid(i);						\
	r.ev.parent_id_start = start(parent(i));			\
	r.ev.ppid = pid(parent(i));					\
	strcpy(r.ev.comm, "sh");					\
	r.ev.uid = 1000;						\
	r.ev.cgroup_id = 4242;					\
	used = 0;							\
} while (0)

#define CGROUP(ev) \
	add(&r, sizeof(r.ev), &used, &r.ev.len_cgroup, cgroup, sizeof(cgroup))

static const char cgroup[] = "session-3.scope\0user-1000.slice\0user.slice";

static void
born(struct out *out, uint64_t i)
{
	static const char argv[] = "/bin/true\0--verbose\0--file=/tmp/some/file";
	char cmd[128];
	struct rec r;
	size_t used;
	int n;

	HEAD(fork, i, start(i));
	r.fork.creator_id_start = r.fork.cgroup_v1_id = WIRE_UNKNOWN_64;
	r.fork.creator_pid = r.fork.ns_pid = WIRE_UNKNOWN_32;
	CGROUP(fork);
	emit(out, &r, sizeof(r.fork), used);
	HEAD(exec, i, start(i) + 50000);
	memset(&r.exec.euid, 0xff, sizeof(r.exec.euid));
	r.exec.cgroup_v1_id = WIRE_UNKNOWN_64;
	r.exec.argc = 4;
	CGROUP(exec);
	add(&r, sizeof(r.exec), &used, &r.exec.len_exe, "true\0bin\0usr", 13);
	add(&r, sizeof(r.exec), &used, &r.exec.len_cwd, "me\0home", 8);
	memcpy(cmd, argv, sizeof(argv));
	n = sizeof(argv) + sprintf(cmd + sizeof(argv), "%u", (unsigned)i) + 1;
	add(&r, sizeof(r.exec), &used, &r.exec.len_argv, cmd, n);
	emit(out, &r, sizeof(r.exec), used);
}

static void
ended(struct out *out, uint64_t i, uint64_t when)
{
	struct rec r;
	size_t used;

	HEAD(exit, i, when);
	r.exit.signal = WIRE_UNKNOWN_32;
	r.exit.cgroup_v1_id = WIRE_UNKNOWN_64;
	r.exit.duration_ns = when - start(i);
	CGROUP(exit);
	emit(out, &r, sizeof(r.exit), used);
}

int
main(int argc, char **argv)
{
	uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000;
	uint64_t alive = argc > 2 ? strtoull(argv[2], NULL, 10) : 100;
	struct out *out = out_fd(1);

	if (out == NULL)
		return 1;
	for (uint64_t i = 1; i <= count; i++) {
		born(out, i);
		if (i > alive)
			ended(out, i - alive, start(i) + 90000);
	}
	return out_close(out) == -1;
}
