/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/sample_path.h"

enum { FIRST = 256 };		/* slots; a power of two */

struct path {
	uint64_t id;
	int	 v1;
	uint32_t len;
	char	*p;		/* NULL: the slot is free */
};

struct sample_paths {
	struct path *slot;
	size_t	 n, cap;	/* at most half of the slots are taken */
};

struct sample_paths *
sample_paths_new(void)
{
	struct sample_paths *t;

	if ((t = calloc(1, sizeof(*t))) == NULL)
		return NULL;
	t->cap = FIRST;
	if ((t->slot = calloc(t->cap, sizeof(*t->slot))) == NULL) {
		free(t);
		return NULL;
	}
	return t;
}

void
sample_paths_forget(struct sample_paths *t)
{
	for (size_t i = 0; i < t->cap; i++)
		free(t->slot[i].p);
	memset(t->slot, 0, t->cap * sizeof(*t->slot));
	t->n = 0;
}

void
sample_paths_free(struct sample_paths *t)
{
	if (t == NULL)
		return;
	sample_paths_forget(t);
	free(t->slot);
	free(t);
}

size_t
sample_paths_count(const struct sample_paths *t)
{
	return t->n;
}

/* Where it is, or would be. */
static struct path *
find(const struct sample_paths *t, uint64_t id, int v1)
{
	size_t i = (id * 2 + v1) * 0x9e3779b97f4a7c15ULL >> 32;
	struct path *p;

	for (;; i++) {
		p = &t->slot[i & (t->cap - 1)];
		if (p->p == NULL || (p->id == id && p->v1 == v1))
			return p;
	}
}

static int
grow(struct sample_paths *t)
{
	struct sample_paths new = { .n = t->n, .cap = t->cap * 2 };

	if ((new.slot = calloc(new.cap, sizeof(*new.slot))) == NULL)
		return -1;
	for (size_t i = 0; i < t->cap; i++)
		if (t->slot[i].p != NULL)
			*find(&new, t->slot[i].id, t->slot[i].v1) = t->slot[i];
	free(t->slot);
	*t = new;
	return 0;
}

int
sample_paths_put(struct sample_paths *t, uint64_t id, int v1, const void *path,
    size_t len)
{
	struct path *p;
	char *copy;

	if (t->n * 2 >= t->cap && grow(t) == -1)
		return -1;
	if ((copy = malloc(len + 1)) == NULL)
		return -1;
	memcpy(copy, path, len);
	p = find(t, id, v1);
	t->n += p->p == NULL;
	free(p->p);
	*p = (struct path){ id, v1, len, copy };
	return 0;
}

const void *
sample_paths_get(const struct sample_paths *t, uint64_t id, int v1, size_t *len)
{
	const struct path *p = find(t, id, v1);

	*len = p->p != NULL ? p->len : 0;
	return p->p;
}
