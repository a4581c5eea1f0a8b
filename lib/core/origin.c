/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <string.h>

#include "base/num.h"

#include "core/origin.h"

/* The snapshot of that number; NULL if it is older than all that are kept. */
struct origin_snap *
origin_snap(struct origin *b, uint64_t number)
{
	struct origin_snap *old = &b->snap[0];

	for (struct origin_snap *s = b->snap; s < b->snap + ORIGIN_SNAPS; s++) {
		if (s->used && s->number == number)
			return s;
		if (old->used && (!s->used || s->number < old->number))
			old = s;
	}
	if (old->used && old->number > number)
		return NULL;
	*old = (struct origin_snap){ .number = number, .first_ns = UINT64_MAX,
	    .procs = UINT64_MAX, .used = 1 };
	return old;
}

int
origin_synced(struct origin *b, const struct origin_snap *s)
{
	/* A snapshot with holes proves nothing of those it lacks. */
	if (!s->synced || s->seen == 0 ||
	    (s->procs != UINT64_MAX && s->seen < s->procs))
		return 0;
	if (s->first_ns <= b->synced_ns)
		return 0;
	b->synced_ns = s->first_ns;
	return 1;
}

int
origin_real(const struct origin *b, int64_t *ns)
{
	uint64_t real;

	if (b->timelen == 0 || num_time(b->time, b->timelen, &real) == -1)
		return -1;
	*ns = (int64_t)(real - b->last_ns);
	return 0;
}
