/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * How fast records are encoded, scanned and decoded, on one thread.
 *
 *	rec-bench [run [N]]		each with N records, from memory to memory
 *	rec-bench write N FILE		N exec records as lines
 *	rec-bench select FILE		what jq -c 'select(.pid==1)' FILE does
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/in.h"
#include "base/out.h"

#include "rec/event.h"
#include "rec/scan.h"

enum { DISTINCT = 1024 };	/* different records, used in turn */

struct bench {
	struct event_ctx ctx;
	struct {
		struct wire_exec e;
		char		tail[512];
	} rec[DISTINCT];
	char		*line[DISTINCT];
	size_t		 len[DISTINCT];
};

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static __u32
add(char **p, const char *s, size_t n)
{
	memcpy(*p, s, n);
	*p += n;
	return n;
}
#define ADD(s)	add(&p, s, sizeof(s) - 1)

static void
fixed(struct wire_exec *e, unsigned i)
{
	e->head = (struct wire_head){ .kind = EV_exec, .cpu = i % 8,
	    .seq = 1000000 + i, .boot_ns = UINT64_C(86400123456789) + i * 71234 };
	e->id_start = UINT64_C(86400120000000) + i * 71234;
	e->pid = 100000 + i;
	e->parent_id_start = UINT64_C(86000120000000);
	e->ppid = 99000 + i % 16;
	strcpy(e->comm, i % 2 ? "python3" : "cc1plus");
	e->uid = e->gid = 1000;
	e->euid = e->egid = UINT32_MAX;
	e->loginuid = 1000;
	e->sessionid = 12;
	e->ns_pid = 300 + i;
	e->from_tid = UINT32_MAX;
	e->cgroup_id = 8123;
	e->cgroup_v1_id = UINT64_MAX;
	e->cap_eff = e->cap_prm = e->cap_inh = 0;
	e->pid_ns = e->mnt_ns = e->net_ns = e->user_ns = 4026531836;
	e->uts_ns = e->ipc_ns = e->cgroup_ns = e->time_ns = 4026531834;
	e->argc = 4;
	e->argv_len = 60;
}

/* An exec as a build makes it: four arguments, paths of 25 bytes. */
static void
make(struct bench *b, unsigned i)
{
	struct wire_exec *e = &b->rec[i].e;
	char *p = b->rec[i].tail;

	fixed(e, i);
	e->len_tty = ADD("pts/3");
	e->len_cgroup = ADD("app-build.scope\0user-1000\0user\0");
	e->len_exe = ADD("python3.11-embed\0bin\0usr\0");
	e->len_cwd = ADD("project\0source\0builder\0home\0");
	e->len_argv = ADD("/usr/bin/python3\0-c\0"
	    "import sys; print(\"hello\")\0--verbose\0");
	e->head.size = p - (char *)e;
}

static struct bench *
setup(void)
{
	struct bench *b = calloc(1, sizeof(*b));
	char buf[EVENT_LINE_MIN];
	ssize_t n;

	if (b == NULL)
		err(4, NULL);
	b->ctx = (struct event_ctx){ .boot = "9f8e7d6c", .host = "worker-17",
	    .real_ns = INT64_C(1769860800000000000), .line_max = EVENT_LINE_MIN };
	for (unsigned i = 0; i < DISTINCT; i++) {
		make(b, i);
		n = event_encode(&b->ctx, &b->rec[i], b->rec[i].e.head.size, buf);
		if (n == -1 || (b->line[i] = malloc(n)) == NULL)
			err(4, "record %u", i);
		memcpy(b->line[i], buf, n);
		b->len[i] = n;
	}
	return b;
}

static size_t
encode(struct bench *b, size_t n)
{
	static char buf[EVENT_LINE_MIN];
	size_t sum = 0;

	for (size_t i = 0; i < n; i++) {
		const struct wire_exec *e = &b->rec[i % DISTINCT].e;

		sum += event_encode(&b->ctx, e, e->head.size, buf);
	}
	return sum;
}

static size_t
scan(struct bench *b, size_t n)
{
	static const char *const keys[] = {
		"event", "boot_ns", "id", "pid", "parent_id", "comm", "uid",
		"cgroup",
	};
	struct scan *set = scan_new(keys, 8);
	struct scan_val v[8];
	size_t sum = 0, hits = 0;
	uint64_t pid;

	for (size_t i = 0; i < n; i++) {
		size_t k = i % DISTINCT;

		if (scan_line(set, b->line[k], b->len[k], v) == -1)
			errx(4, "line %zu", k);
		hits += scan_u64(&v[3], &pid) == 0 && pid == 1;
		sum += b->len[k];
	}
	scan_free(set);
	if (hits != 0)
		errx(4, "pid 1 found");
	return sum;
}

static size_t
decode(struct bench *b, size_t n)
{
	struct event_ctx ctx = b->ctx;
	char buf[EVENT_LINE_MIN];
	size_t sum = 0;

	for (size_t i = 0; i < n; i++) {
		size_t k = i % DISTINCT;

		if (event_decode(&ctx, b->line[k], b->len[k], buf,
		    sizeof(buf)) == -1)
			err(4, "line %zu", k);
		sum += b->len[k];
	}
	return sum;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
measure(const char *what, size_t (*f)(struct bench *, size_t),
    struct bench *b, size_t n, int runs)
{
	double t[99], best, mid;
	size_t bytes = 0;

	for (int i = 0; i < runs; i++) {
		t[i] = now();
		bytes = f(b, n);
		t[i] = now() - t[i];
	}
	qsort(t, runs, sizeof(t[0]), compare);
	best = t[0];
	mid = t[runs / 2];
	printf("%-7s best %6.2f M records/s %6.0f MB/s   median %6.2f M "
	    "records/s %6.0f MB/s   (%d runs of %zu, %zu bytes a line)\n",
	    what, n / best / 1e6, bytes / best / 1e6, n / mid / 1e6,
	    bytes / mid / 1e6, runs, n, bytes / n);
}

static void
write_lines(struct bench *b, size_t n, const char *path)
{
	struct out *o = out_open(path);

	if (o == NULL)
		err(4, "%s", path);
	for (size_t i = 0; i < n; i++)
		out_line(o, b->line[i % DISTINCT], b->len[i % DISTINCT]);
	if (out_close(o) == -1)
		err(4, "%s", path);
}

static void
select_lines(const char *path)
{
	static const char *const keys[] = { "pid" };
	struct scan *set = scan_new(keys, 1);
	struct out *o = out_open("-");
	struct in *in = in_open(path, o);
	struct scan_val v;
	uint64_t pid;
	char *line;
	size_t len;

	if (set == NULL || o == NULL || in == NULL)
		err(4, "%s", path);
	while (in_line(in, &line, &len) == IN_LINE)
		if (scan_line(set, line, len, &v) == -1)
			errx(3, "%s:%lu: not JSON", path, in_lineno(in));
		else if (scan_u64(&v, &pid) == 0 && pid == 1) {
			line[len] = '\n';
			out_line(o, line, len + 1);
		}
	in_close(in);
	scan_free(set);
	if (out_close(o) == -1)
		err(4, "standard output");
}

int
main(int argc, char **argv)
{
	struct bench *b = setup();
	size_t n = argc > 2 ? strtoul(argv[2], NULL, 10) : 1000000;
	int runs = 9;

	if (argc == 4 && strcmp(argv[1], "write") == 0) {
		write_lines(b, n, argv[3]);
		return 0;
	}
	if (argc == 3 && strcmp(argv[1], "select") == 0) {
		select_lines(argv[2]);
		return 0;
	}
	if (argc > 3 || (argc > 1 && strcmp(argv[1], "run") != 0))
		errx(2, "usage: rec-bench [run [N]] | write N FILE");
	measure("encode", encode, b, n, runs);
	measure("scan", scan, b, n, runs);
	measure("decode", decode, b, n, runs);
	return 0;
}
