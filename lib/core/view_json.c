/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "rec/event.h"
#include "rec/json.h"

#include "core/learn.h"
#include "core/view.h"

/* More than all strings of a process take, every byte of them escaped. */
enum { LINE = 6 * (TREE_COMM + TREE_CMD + TREE_CGROUP + 65) + 1024 };

struct text {
	char	 buf[LINE];
	size_t	 len;
};

__attribute__((format(printf, 2, 3))) static void
add(struct text *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	t->len += vsnprintf(t->buf + t->len, LINE - t->len, fmt, ap);
	va_end(ap);
}

static void
str(struct text *t, const char *name, const char *s)
{
	if (s == NULL || *s == '\0')
		return;
	add(t, ",\"%s\":\"", name);
	t->len += json_escape(t->buf + t->len, LINE - 2 - t->len, s, strlen(s),
	    NULL, NULL);
	add(t, "\"");
}

static void
who(struct text *t, const char *name, const char *pid,
    const struct tree_node *n)
{
	char id[EVENT_ID];

	if (n == NULL)
		return;
	tree_id(id, &n->id);
	add(t, ",\"%s\":\"%s\",\"%s\":%" PRIu32, name, id, pid, n->id.pid);
}

static void
when(struct text *t, const char *name, const struct node *n, uint64_t boot_ns)
{
	char time[NUM_TIME];
	int64_t real;

	if (boot_ns == 0 || origin_real(n->boot, &real) == -1)
		return;
	num_put_time(time, boot_ns + real);
	add(t, ",\"%s\":\"%.*s\"", name, NUM_TIME, time);
}

static void
ending(struct text *t, const struct node *n)
{
	if (n->p.died_ns == 0)
		return;
	when(t, "end", n, n->p.died_ns);
	if (n->p.died_ns > n->p.id.start)
		add(t, ",\"duration_ns\":%" PRIu64, n->p.died_ns - n->p.id.start);
	if (n->p.exit_code >= 0)
		add(t, ",\"exit_code\":%d", n->p.exit_code);
	if (n->p.signal >= 0)
		add(t, ",\"signal\":%d", n->p.signal);
	if (n->p.core)
		add(t, ",\"core\":true");
}

static void
process(struct text *t, const struct node *n)
{
	static const char *const state[] = { "named", "alive", "dead", "gone" };
	char id[EVENT_ID];

	tree_id(id, &n->p.id);
	add(t, "{\"id\":\"%s\",\"pid\":%" PRIu32, id, n->p.id.pid);
	str(t, "host", n->boot->host);
	who(t, "maker_id", "maker_pid", n->p.up[TREE_BY_MAKER]);
	who(t, "parent_id", "ppid", n->p.up[TREE_BY_PARENT]);
	str(t, "comm", n->p.comm);
	str(t, "cmd", n->p.cmd);
	if (n->p.uid != UINT32_MAX)
		add(t, ",\"uid\":%" PRIu32, n->p.uid);
	str(t, "cgroup", n->p.cgroup);
	if (n->p.kthread)
		add(t, ",\"kthread\":true");
	add(t, ",\"state\":\"%s\",\"execs\":%" PRIu32, state[n->p.state],
	    n->p.execs);
	when(t, "start", n, n->p.id.start);
	ending(t, n);
	add(t, "}");
}

int
view_json(const struct view *v, view_line *line, void *arg)
{
	struct text *t;

	if ((t = malloc(sizeof(*t))) == NULL)
		return -1;
	line(arg, "{\"processes\":[\n", 15);
	for (size_t i = 0; i < v->count; i++) {
		t->len = 0;
		process(t, v->rows[i].n);
		add(t, i + 1 < v->count ? ",\n" : "\n");
		line(arg, t->buf, t->len);
	}
	t->len = 0;
	add(t, "],\"evicted\":%" PRIu64 "}\n", v->tree->t.count.evicted);
	line(arg, t->buf, t->len);
	free(t);
	return 0;
}
