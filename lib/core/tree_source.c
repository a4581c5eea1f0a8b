/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "rec/event.h"

#include "core/learn.h"

struct packed {
	struct wire_source w;
	char		 tail[256];
};

/* The next of its strings; they stand in the order of event.def. */
static void
add(struct packed *p, uint32_t *len, const char *s, size_t n)
{
	size_t used = p->w.head.size - sizeof(p->w);

	if (n > sizeof(p->tail) - used)
		n = sizeof(p->tail) - used;
	memcpy(p->tail + used, s, n);
	*len = n;
	p->w.head.size += n;
}

static void
pack(const struct tree *t, struct packed *p, const char *version,
    const char *state)
{
	struct wire_source *w = &p->w;
	char why[96];
	int n;

	memset(w, 0, sizeof(*w));
	w->head.kind = EV_source;
	w->head.size = sizeof(*w);
	w->head.boot_ns = t->said->last_ns;
	add(p, &w->len_tool, "lnx-tree", 8);
	add(p, &w->len_state, state, strlen(state));
	add(p, &w->len_version, version, strlen(version));
	n = snprintf(why, sizeof(why), "evicted: no room for more than %zu "
	    "processes, those that ended longest ago are forgotten", t->t.max);
	add(p, &w->len_degraded, why, n + 1);
	w->boot_time = w->ring_bytes = w->snap = w->procs = w->generated =
	    w->received = w->lost = w->memory_total_bytes = WIRE_UNKNOWN_64;
	w->cpus = WIRE_UNKNOWN_32;
	w->evicted = t->t.count.evicted;
}

size_t
tree_source(const struct tree *t, const char *version, const char *state,
    char *line)
{
	struct event_ctx ctx = { .line_max = EVENT_LINE_MIN };
	struct packed p;
	ssize_t n;

	if (t->said == NULL)
		return 0;
	snprintf(ctx.boot, sizeof(ctx.boot), "%08x", t->said->id);
	snprintf(ctx.host, sizeof(ctx.host), "%s", t->said->host);
	if (origin_real(t->said, &ctx.real_ns) == -1)
		ctx.real_ns = 0;
	pack(t, &p, version, state);
	n = event_encode(&ctx, &p, p.w.head.size, line);
	return n == -1 ? 0 : n;
}
