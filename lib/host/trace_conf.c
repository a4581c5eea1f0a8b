/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/num.h"
#include "host/cgroup.h"
#include "host/trace.h"
#include "rec/event.h"

#define SECOND	1000000000ULL

void
trace_conf_init(struct trace_conf *c)
{
	memset(c, 0, sizeof(*c));
	c->kinds = TRACE_ALL;
	c->argv_max = TRACE_ARGV;
	c->ring = TRACE_RING;
	c->window = c->interval = SECOND;
	c->min_stall = 1000000;
	c->resources = (1 << STALL_RESOURCES) - 1;
}

/* "exec,exit" as bits. */
static int
set_events(struct trace_conf *c, const char *text)
{
	size_t len;
	int kind;

	for (c->kinds = 0; ; text += len + 1) {
		len = strcspn(text, ",");
		kind = event_kind(text, len);
		if (kind == 0 || !(TRACE_ALL >> kind & 1))
			return -1;
		c->kinds |= UINT64_C(1) << kind;
		if (text[len] == '\0')
			return 0;
	}
}

static int
add_pid(uint32_t *list, uint32_t *n, const char *text)
{
	uint64_t v;

	if (*n == TRACE_FILTERS || num_u64(text, 1, INT32_MAX, &v) == -1)
		return -1;
	list[(*n)++] = v;
	return 0;
}

static int
set_pid(struct trace_conf *c, const char *text)
{
	return add_pid(c->pid, &c->npid, text);
}

static int
set_ppid(struct trace_conf *c, const char *text)
{
	return add_pid(c->ppid, &c->nppid, text);
}

static int
set_tree(struct trace_conf *c, const char *text)
{
	uint64_t v;

	if (num_u64(text, 1, INT32_MAX, &v) == -1)
		return -1;
	c->tree = v;
	return 0;
}

static int
set_uid(struct trace_conf *c, const char *text)
{
	struct passwd *pw;
	uint64_t v;

	if (c->nuid == TRACE_FILTERS)
		return -1;
	if (num_u64(text, 0, UINT32_MAX - 1, &v) == -1) {
		if ((pw = getpwnam(text)) == NULL)
			return -1;
		v = pw->pw_uid;
	}
	c->uid[c->nuid++] = v;
	return 0;
}

static int
set_comm(struct trace_conf *c, const char *text)
{
	size_t n = strlen(text);

	if (c->ncomm == TRACE_FILTERS || n == 0 || n >= sizeof(c->comm[0]))
		return -1;
	memcpy(c->comm[c->ncomm++], text, n + 1);
	return 0;
}

static int
set_cgroup(struct trace_conf *c, const char *text)
{
	struct cgroup_host h;
	uint64_t id;
	char *name;
	int v1;

	if (c->ncgroup == TRACE_FILTERS || cgroup_host(&h) == -1 ||
	    cgroup_id(&h, text, &id, &v1, &name) == -1)
		return -1;
	if (c->ncgroup > 0 && c->cgroup_v1 != v1) {
		free(name);
		return -1;
	}
	c->cgroup_name[c->ncgroup] = name;
	c->cgroup[c->ncgroup++] = id;
	c->cgroup_v1 = v1;
	return 0;
}

static int
set_rate(struct trace_conf *c, const char *text)
{
	return num_u64(text, 1, UINT32_MAX, &c->rate);
}

static int
set_argv_max(struct trace_conf *c, const char *text)
{
	uint64_t v;

	if (num_size(text, &v) == -1 || v < 1 || v > TRACE_ARGV_MAX)
		return -1;
	c->argv_max = v;
	return 0;
}

static int
set_ring(struct trace_conf *c, const char *text)
{
	uint64_t v;

	if (num_size(text, &v) == -1 || v < TRACE_RING_MIN ||
	    v > TRACE_RING_MAX)
		return -1;
	/* The kernel wants whole pages, and a power of two. */
	for (c->ring = sysconf(_SC_PAGESIZE); c->ring < v; )
		c->ring *= 2;
	return 0;
}

static int
set_rung(struct trace_conf *c, const char *text)
{
	if (strcmp(text, "tp_btf") == 0)
		c->rung = TRACE_TP_BTF;
	else if (strcmp(text, "raw_tp") == 0)
		c->rung = TRACE_RAW_TP;
	else
		return -1;
	return 0;
}

static int
set_btf(struct trace_conf *c, const char *text)
{
	c->btf = text;
	return access(text, R_OK);
}

/* A time between two looks, which are no more often than ten a second. */
static int
set_every(uint64_t *to, const char *text)
{
	return num_duration(text, to) == -1 || *to < SECOND / 10 ||
	    *to > 3600 * SECOND ? -1 : 0;
}

static int
set_window(struct trace_conf *c, const char *text)
{
	return set_every(&c->window, text);
}

static int
set_interval(struct trace_conf *c, const char *text)
{
	return set_every(&c->interval, text);
}

static int
set_min_stall(struct trace_conf *c, const char *text)
{
	return num_duration(text, &c->min_stall);
}

static int
set_culprit(struct trace_conf *c, const char *text)
{
	c->by_process = strcmp(text, "process") == 0;
	return c->by_process || strcmp(text, "cgroup") == 0 ? 0 : -1;
}

static int
set_resource(struct trace_conf *c, const char *text)
{
	static const char *const names[] = { "cpu", "io", "memory" };
	size_t len;
	int i;

	for (c->resources = 0; ; text += len + 1) {
		len = strcspn(text, ",");
		for (i = 0; i < STALL_RESOURCES; i++)
			if (strlen(names[i]) == len &&
			    strncmp(names[i], text, len) == 0)
				break;
		if (i == STALL_RESOURCES)
			return -1;
		c->resources |= 1U << i;
		if (text[len] == '\0')
			return 0;
	}
}

int
trace_conf_set(struct trace_conf *c, const char *name, const char *value,
    const char **want)
{
	static const struct {
		const char *name;
		int (*set)(struct trace_conf *, const char *);
		const char *want;
	} table[] = {
		{ "events", set_events, "some of snap,fork,exec,exit,reparent,"
		    "sample,oom,stall,stall_total,stall_culprit" },
		{ "pid", set_pid, "a process id, at most 8 of them" },
		{ "ppid", set_ppid, "a process id, at most 8 of them" },
		{ "tree", set_tree, "a process id" },
		{ "uid", set_uid, "a user's name or number, at most 8 of them" },
		{ "comm", set_comm, "a name of 1 to 15 bytes, at most 8 of them" },
		{ "cgroup", set_cgroup,
		    "the path of a cgroup, at most 8, all of v2 or all of the "
		    "v1 hierarchy that source names" },
		{ "rate", set_rate, "a number from 1 to 4294967295" },
		{ "argv-max", set_argv_max, "a size from 1 to 128KiB" },
		{ "ring", set_ring, "a size from 4KiB to 1GiB" },
		{ "rung", set_rung, "tp_btf or raw_tp" },
		{ "btf", set_btf, "a file that can be read" },
		{ "window", set_window, "a time from 100ms to 1h" },
		{ "interval", set_interval, "a time from 100ms to 1h" },
		{ "min-stall", set_min_stall, "a time like 0, 500us or 10ms" },
		{ "culprit", set_culprit, "cgroup or process" },
		{ "resource", set_resource, "some of cpu,io,memory" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(table[i].name, name) == 0) {
			*want = table[i].want;
			if (table[i].set(c, value) == 0)
				return 0;
			errno = EINVAL;
			return -1;
		}
	*want = NULL;
	errno = ENOENT;
	return -1;
}
