/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "rec/wire.h"

#include "core/blame_pick.h"

int
pick_add(struct pick *p, uint64_t id, const char *path)
{
	const char *end = path + strlen(path), *s;
	struct pick_cgroup *c = &p->cgroup[p->n];
	size_t n;

	if (p->n == PICK_MAX || end - path >= PICK_PATH)
		return -1;
	*c = (struct pick_cgroup){ .id = id };
	/* Each name with a NUL behind it, leaf first; / has none. */
	while (end > path) {
		for (s = end; s > path && s[-1] != '/'; s--)
			;
		if ((n = end - s) > 0) {
			memcpy(c->path + c->len, s, n);
			c->len += n;
			c->path[c->len++] = '\0';
		}
		end = s > path ? s - 1 : s;
	}
	p->n++;
	return 0;
}

void
pick_free(struct pick *p)
{
	free(p->held);
}

struct party {
	uint64_t	 id, v1_id;
	const char	*path, *v1;
	size_t		 len, v1_len;
};

static int
below(const struct pick_cgroup *c, const char *path, size_t len)
{
	return len > 0 && len >= c->len &&
	    memcmp(path + len - c->len, c->path, c->len) == 0 &&
	    (len == c->len || path[len - c->len - 1] == '\0');
}

/* What is above a cgroup is known from its path alone. */
static int
wanted(const struct pick *p, const struct party *a)
{
	const struct pick_cgroup *c = p->cgroup;

	for (size_t i = 0; i < p->n; i++, c++)
		if (p->v1 ? a->v1_id == c->id || below(c, a->v1, a->v1_len) :
		    a->id == c->id || below(c, a->path, a->len))
			return 1;
	return 0;
}

/* Both paths stand one behind the other in each kind. */
#define PARTY(r, who, at) {						\
	.id = (r)->who##_cgroup_id, .v1_id = (r)->who##_cgroup_v1_id,	\
	.path = (at), .len = (r)->len_##who##_cgroup,			\
	.v1 = (at) + (r)->len_##who##_cgroup,				\
	.v1_len = (r)->len_##who##_cgroup_v1,				\
}

static int
of_total(const struct pick *p, const struct wire_stall_total *r)
{
	const char *at = (const char *)(r + 1) + r->len_resource;
	const struct party victim = PARTY(r, victim, at);

	return wanted(p, &victim);
}

static int
of_stall(const struct pick *p, const struct wire_stall *r)
{
	const char *at = (const char *)(r + 1) + r->len_resource;
	const struct party victim = PARTY(r, victim, at);
	const char *by = victim.v1 + victim.v1_len + r->len_culprit_kind +
	    r->len_culprit_comm;
	const struct party culprit = PARTY(r, culprit, by);

	return wanted(p, &victim) || wanted(p, &culprit);
}

static int
of_culprit(const struct pick *p, const struct wire_stall_culprit *r)
{
	const char *at = (const char *)(r + 1) + r->len_resource +
	    r->len_culprit_kind;
	const struct party culprit = PARTY(r, culprit, at);

	return wanted(p, &culprit);
}

static int
hold(struct pick *p, const void *rec, size_t size)
{
	uint64_t *held;

	if (size > p->cap) {
		if ((held = realloc(p->held, size)) == NULL)
			return -1;
		p->held = held;
		p->cap = size;
	}
	memcpy(p->held, rec, size);
	p->size = size;
	return 0;
}

int
pick_record(void *self, const void *rec, size_t size)
{
	const struct wire_head *h = rec;
	struct pick *p = self;
	int keep = 1, rc = 0;

	if (p->n > 0 && h->kind == EV_stall_total) {
		p->size = 0;
		if (!(keep = of_total(p, rec)))
			return hold(p, rec, size);
	} else if (p->n > 0 && h->kind == EV_stall) {
		keep = of_stall(p, rec);
	} else if (p->n > 0 && h->kind == EV_stall_culprit) {
		keep = of_culprit(p, rec);
	}
	if (!keep)
		return 0;
	if (h->kind == EV_stall && p->size > 0) {
		rc = p->fn(p->arg, p->held, p->size);
		p->size = 0;
	}
	return rc != 0 ? rc : p->fn(p->arg, rec, size);
}
