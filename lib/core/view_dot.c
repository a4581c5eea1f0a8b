/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "rec/event.h"

#include "core/learn.h"
#include "core/view.h"

/* Inside a quoted string of dot(1) a backslash begins an escape. */
static size_t
quote(char *p, size_t room, const char *s)
{
	char plain[1024];
	size_t len = view_escape(plain, sizeof(plain), s, 1), n = 0;

	for (size_t i = 0; i < len && n + 2 <= room; i++) {
		if (plain[i] == '"' || plain[i] == '\\')
			p[n++] = '\\';
		p[n++] = plain[i];
	}
	return n;
}

static void
node(const struct node *n, view_line *line, void *arg)
{
	const char *name = n->p.comm != NULL ? n->p.comm : "?";
	char id[EVENT_ID], comm[512], state[VIEW_STATE], buf[1024];
	size_t len;

	tree_id(id, &n->p.id);
	len = quote(comm, sizeof(comm), name);
	view_state(n, state);
	len = snprintf(buf, sizeof(buf),
	    "\t\"%s\" [label=\"%.*s\\n%" PRIu32 "\\n%s\"%s];\n", id, (int)len,
	    comm, n->p.id.pid, state,
	    n->p.state > TREE_ALIVE ? ", style=dashed" : "");
	line(arg, buf, len);
}

static void
edge(const struct node *up, const struct node *n, view_line *line, void *arg)
{
	char from[EVENT_ID], to[EVENT_ID], buf[128];
	size_t len;

	tree_id(from, &up->p.id);
	tree_id(to, &n->p.id);
	len = snprintf(buf, sizeof(buf), "\t\"%s\" -> \"%s\";\n", from, to);
	line(arg, buf, len);
}

void
view_dot(const struct view *v, view_line *line, void *arg)
{
	static const char head[] = "digraph processes {\n\tnode [shape=box];\n";

	line(arg, head, sizeof(head) - 1);
	for (size_t i = 0; i < v->count; i++) {
		const struct view_row *r = &v->rows[i];

		node(r->n, line, arg);
		if (r->up != UINT32_MAX)
			edge(v->rows[r->up].n, r->n, line, arg);
	}
	line(arg, "}\n", 2);
}
