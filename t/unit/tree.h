/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Records for the tests of lib/core/tree. */
#ifndef T_UNIT_TREE_H
#define T_UNIT_TREE_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/tree.h"
#include "core/view.h"

/* A process that starts at s: its pid is p. */
#define ID(p, s)	"b007b007-" #s "-" #p
#define WHO(p, s)	"\"id\":\"" ID(p, s) "\",\"pid\":" #p
#define PARENT(p, s)	",\"parent_id\":\"" ID(p, s) "\",\"ppid\":" #p
#define MAKER(p, s)	",\"creator_id\":\"" ID(p, s) "\",\"creator_pid\":" #p
#define OLD(p, s)	",\"old_parent_id\":\"" ID(p, s) "\",\"old_ppid\":" #p
#define REC(kind, ns, rest) \
	"{\"v\":1,\"event\":\"" #kind "\",\"boot_ns\":" #ns \
	",\"host\":\"h\"," rest "}"
#define COMM(c)		",\"comm\":\"" c "\""

static inline enum tree_fed
feed(struct tree *t, const char *line)
{
	const struct tree_node *n;

	return tree_feed(t, line, strlen(line), &n);
}

/* What is added to the line, in memory that is there until the next call. */
static inline const char *
added(struct tree *t, const char *line, enum tree_how by)
{
	static char buf[8192];
	const struct tree_node *n;
	size_t len = 0;

	tree_feed(t, line, strlen(line), &n);
	if (n != NULL)
		len = tree_ancestors(t, n, by, 8, buf, 4096);
	buf[len] = '\0';
	return buf;
}

struct dump {
	char	*s;
	size_t	 len, cap;
};

static inline void
dump_line(void *arg, const char *line, size_t len)
{
	struct dump *d = arg;

	if (d->len + len + 1 > d->cap)
		d->s = realloc(d->s, d->cap = (d->len + len + 1) * 2);
	memcpy(d->s + d->len, line, len);
	d->s[d->len += len] = '\0';
}

/* The whole table as JSON, with all its links; to be freed. */
static inline char *
dump(const struct tree *t)
{
	struct view_opts o = { .pid = -1 };
	struct view *v = view_new(t, &o);
	struct dump d = { 0 };

	view_json(v, dump_line, &d);
	view_free(v);
	return d.s;
}

/* The commands of a text view with their depth: "init(sh(true ls)cron)". */
static inline const char *
shape(const struct tree *t, struct view_opts o)
{
	static char buf[4096];
	struct view *v = view_new(t, &o);
	uint32_t depth = 0;
	char *p = buf;

	for (size_t i = 0; i < v->count; i++) {
		const struct tree_node *n = (const void *)v->rows[i].n;

		for (; depth > v->rows[i].depth; depth--)
			*p++ = ')';
		if (i > 0)
			*p++ = v->rows[i].depth > depth ? '(' : ' ';
		depth = v->rows[i].depth;
		p += sprintf(p, "%u", n->id.pid);
	}
	while (depth-- > 0)
		*p++ = ')';
	*p = '\0';
	view_free(v);
	return buf;
}

static inline const char *
shape_by(const struct tree *t, enum tree_how by)
{
	return shape(t, (struct view_opts){ .pid = -1, .by = by });
}

#endif
