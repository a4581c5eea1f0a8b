/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What counts most, in little room. */
#include <stdio.h>
#include <string.h>

#include "core/detect_impl.h"

static int
same(const struct top *t, const struct tree_id *id, const char *comm,
    int status)
{
	return t->n > 0 && t->id.start == id->start && t->id.pid == id->pid &&
	    t->status == status && t->comm[0] == comm[0] &&
	    (comm[0] == '\0' ||
	    strncmp(t->comm, comm, sizeof(t->comm) - 1) == 0);
}

void
top_add(struct top *t, const struct tree_id *id, const char *comm, int status)
{
	static const struct tree_id none;
	size_t least = 0;

	if (id == NULL)
		id = &none;
	for (size_t i = 0; i < TOP; i++) {
		if (same(&t[i], id, comm, status)) {
			t[i].n++;
			return;
		}
		if (t[i].n < t[least].n)
			least = i;
	}
	t[least].more = t[least].n++;
	t[least].id = *id;
	t[least].status = status;
	memset(t[least].comm, 0, sizeof(t[least].comm));
	memcpy(t[least].comm, comm, strnlen(comm, sizeof(t[least].comm) - 1));
}

void
top_fade(struct top *t, int gone)
{
	for (size_t i = 0; i < TOP; i++) {
		t[i].n = gone ? 0 : t[i].n / 2;
		t[i].more /= 2;
		if (t[i].n == 0)
			t[i] = (struct top){ 0 };
	}
}

const struct top *
top_first(const struct top *t)
{
	const struct top *best = t;

	for (size_t i = 1; i < TOP; i++)
		if (t[i].n - t[i].more > best->n - best->more)
			best = &t[i];
	return best;
}

/* Their places, first what counts most.  How many there are. */
static size_t
order(const struct top *t, uint8_t *at)
{
	struct top left[TOP];
	size_t n = 0;

	memcpy(left, t, sizeof(left));
	while (n < TOP) {
		const struct top *best = top_first(left);

		if (best->n == best->more)
			break;
		at[n++] = best - left;
		left[best - left].n = left[best - left].more = 0;
	}
	return n;
}

void
top_tell(struct lane *l, struct report *r, const char *name,
    const struct top *t)
{
	size_t list = r->nlists, n;
	uint8_t at[TOP];

	if (list == LISTS || (n = order(t, at)) == 0)
		return;
	r->nlists++;
	r->lists[list].name = name;
	r->lists[list].n = n;
	for (size_t i = 0; i < n; i++) {
		const struct top *x = &t[at[i]];
		const struct kin *k = kin_find(l->kins, &x->id);

		r->lists[list].items[i] = (struct item){ .id = x->id,
		    .count = x->n - x->more, .exit_code = -1, .signal = -1,
		    .comm = x->id.pid == 0 ? x->comm : k != NULL ? k->comm : NULL };
	}
}

void
top_tell_status(struct report *r, const char *name, const struct top *t)
{
	size_t list = r->nlists, n;
	uint8_t at[TOP];

	if (list == LISTS || (n = order(t, at)) == 0)
		return;
	r->nlists++;
	r->lists[list].name = name;
	r->lists[list].n = n;
	for (size_t i = 0; i < n; i++) {
		const struct top *x = &t[at[i]];

		r->lists[list].items[i] = (struct item){
		    .comm = x->comm[0] != '\0' ? x->comm : NULL,
		    .count = x->n - x->more,
		    .exit_code = x->status >= 0 ? x->status : -1,
		    .signal = x->status < 0 ? -x->status : -1 };
	}
}
