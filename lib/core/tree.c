/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "rec/event.h"
#include "rec/json.h"

#include "core/learn.h"

int
tree_older(const struct tree_id *a, const struct tree_id *b)
{
	if (a->start != b->start)
		return a->start < b->start;
	return a->pid < b->pid;
}

struct tree *
tree_new(size_t max)
{
	struct tree *t;

	if (max < TREE_MAX_MIN || max > TREE_MAX_MAX) {
		errno = EINVAL;
		return NULL;
	}
	if ((t = calloc(1, sizeof(*t))) == NULL)
		return NULL;
	if (table_init(&t->t, max) == -1 ||
	    (t->scan = scan_new(learn_keys, K_max)) == NULL) {
		tree_free(t);
		return NULL;
	}
	return t;
}

void
tree_free(struct tree *t)
{
	if (t == NULL)
		return;
	scan_free(t->scan);
	harm_free(t->harm);
	table_free(&t->t);
	free(t);
}

int
tree_weigh(struct tree *t, unsigned depth)
{
	t->harm = harm_new(depth);
	return t->harm != NULL ? 0 : -1;
}

/* Of another version nothing is known, not even what its fields mean. */
static int
is_record(const struct tree *t)
{
	return t->v[K_event].type == SCAN_STR &&
	    (t->v[K_v].type == SCAN_NONE || learn_num(t, K_v, 0) == 1);
}

enum tree_fed
tree_feed(struct tree *t, const char *line, size_t len,
    const struct tree_node **node)
{
	const struct scan_val *event = &t->v[K_event];
	struct node *n = NULL;
	struct tree_id id;
	int kind;

	*node = NULL;
	if (scan_line(t->scan, line, len, t->v) == -1) {
		memset(t->v, 0, sizeof(t->v));
		return TREE_NOT_JSON;
	}
	if (!is_record(t))
		return TREE_NOT_RECORD;
	t->t.seq++;
	t->t.count.records++;
	switch (kind = event_kind(event->p, event->len)) {
	case EV_snap:
	case EV_fork:
	case EV_exec:
	case EV_exit:
	case EV_reparent:
	case EV_sample:
		n = learn_process(t, kind);
		break;
	case EV_source:
		learn_source(t);
		break;
	case EV_stall:
		learn_harm(t);
		/* fallthrough */
	case EV_stall_total:
	case EV_stall_culprit:
	case EV_psi:
		t->nomem |= t->harm != NULL &&
		    harm_feed(t->harm, kind, line, len) == -1;
		break;
	case EV_lost:
		t->t.count.lost += learn_num(t, K_count, 0);
		break;
	default:
		if (learn_id(t, K_id, &id))
			n = table_find(&t->t, &id);
	}
	if (t->nomem) {
		t->nomem = 0;
		return TREE_NO_MEMORY;
	}
	*node = n != NULL ? &n->p : NULL;
	return n != NULL ? TREE_PROCESS : TREE_OTHER;
}

int
tree_has_ancestors(const struct tree *t)
{
	return t->v[K_ancestors].type != SCAN_NONE ||
	    t->v[K_ancestors_cut].type != SCAN_NONE;
}

struct tree_count
tree_count(const struct tree *t)
{
	return t->t.count;
}

size_t
tree_id(char *p, const struct tree_id *id)
{
	static const char hex[] = "0123456789abcdef";
	char boot[9];

	for (int i = 0; i < 8; i++)
		boot[i] = hex[id->boot >> (28 - 4 * i) & 15];
	boot[8] = '\0';
	return event_id(p, boot, id->start, id->pid);
}

/* Make the element of ancestors that n is. */
static int
tell(struct node *n)
{
	char buf[TREE_TOLD], *p = buf;

	p = stpcpy(p, "{\"id\":\"");
	p += tree_id(p, &n->p.id);
	p = stpcpy(p, "\",\"pid\":");
	p += num_put(p, n->p.id.pid);
	if (n->p.comm != NULL) {
		p = stpcpy(p, ",\"comm\":\"");
		p += json_escape(p, buf + sizeof(buf) - 2 - p, n->p.comm,
		    strlen(n->p.comm), NULL, NULL);
		*p++ = '"';
	}
	*p++ = '}';
	if ((n->told = malloc(p - buf)) == NULL)
		return -1;
	memcpy(n->told, buf, p - buf);
	n->toldlen = p - buf;
	return 0;
}

size_t
tree_ancestors(struct tree *t, const struct tree_node *from, enum tree_how by,
    unsigned depth, char *p, size_t room)
{
	static const char head[] = ",\"ancestors\":[";
	static const char more[] = ",\"ancestors_cut\":true";
	char *start = p, *end = p + room;
	struct node *n = (struct node *)from->up[by];
	int cut = from->cut[by];

	(void)t;
	for (; n != NULL; n = (struct node *)n->p.up[by]) {
		const char *lead = p == start ? head : ",";
		size_t after = 1;

		if (n->p.up[by] != NULL || n->p.cut[by])
			after += sizeof(more) - 1;
		if (depth-- == 0 || (n->told == NULL && tell(n) == -1) ||
		    strlen(lead) + n->toldlen + after > (size_t)(end - p)) {
			cut = 1;
			break;
		}
		p = mempcpy(p, lead, strlen(lead));
		p = mempcpy(p, n->told, n->toldlen);
		cut = n->p.cut[by];
	}
	if (p > start)
		*p++ = ']';
	if (cut && sizeof(more) - 1 <= (size_t)(end - p))
		p = mempcpy(p, more, sizeof(more) - 1);
	return p - start;
}
