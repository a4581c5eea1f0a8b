/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Who is alive when a trace begins, and after it lost something. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/watch_impl.h"

#define ALIGNED(n)	(((n) + 7) & ~(size_t)7)

static int
keep(struct keep *k, const void *rec, size_t size)
{
	size_t cap = k->cap;
	char *p;

	while (k->len + ALIGNED(size) > cap)
		cap = cap == 0 ? 1 << 16 : cap * 2;
	if (cap > k->cap) {
		if ((p = realloc(k->p, cap)) == NULL)
			return -1;
		k->p = p;
		k->cap = cap;
	}
	memcpy(k->p + k->len, rec, size);
	k->len += ALIGNED(size);
	return 0;
}

/* A snap record at the start: is its fork told as well? */
static int
on_first_snap(void *arg, const void *rec, size_t size)
{
	const struct wire_snap *s = rec;
	struct watch *w = arg;

	if (WANTS(w, fork) && s->id_start >= w->since)
		return keep(&w->doubt, rec, size);
	return watch_hand_on(w, rec, size);
}

static int
on_came(void *arg, const void *rec, size_t size)
{
	return keep(&((struct watch *)arg)->came, rec, size);
}

static const struct wire_head *
kept(const struct keep *k, size_t *at)
{
	const struct wire_head *h = (const void *)(k->p + *at);

	if (*at >= k->len)
		return NULL;
	*at += ALIGNED(h->size);
	return h;
}

static int
was_forked(const struct watch *w, const struct wire_snap *s)
{
	const struct wire_fork *f;
	size_t at = 0;

	while ((f = (const void *)kept(&w->came, &at)) != NULL)
		if (f->head.kind == EV_fork && f->pid == s->pid &&
		    f->id_start == s->id_start)
			return 1;
	return 0;
}

static int
synced(struct watch *w)
{
	w->snap_at = boot_now();
	return watch_say_synced(w);
}

/*
 * The processes that are alive.  The programs are attached already, so each
 * process has a snap record or a fork record, and must not have both: those
 * that began after that moment have a fork; of those that began while the
 * programs were being attached the ring tells.
 */
int
watch_introduce(struct watch *w)
{
	uint64_t until = WANTS(w, fork) ? boot_now() : UINT64_MAX;
	const struct wire_head *h;
	size_t at = 0;
	int rc;

	rc = trace_snap(w->trace, ++w->snaps, until, on_first_snap, w);
	if (rc == -1 && errno == ENOSYS)
		return 0;	/* the source record has said so */
	if (rc == 0)
		rc = trace_drain(w->trace, on_came, w);
	while (rc == 0 && (h = kept(&w->doubt, &at)) != NULL)
		if (!was_forked(w, (const void *)h))
			rc = watch_hand_on(w, h, h->size);
	if (rc == 0)
		rc = synced(w);
	for (at = 0; rc == 0 && (h = kept(&w->came, &at)) != NULL; )
		rc = watch_hand_on(w, h, h->size);
	free(w->doubt.p);
	free(w->came.p);
	w->doubt = w->came = (struct keep){ NULL, 0, 0 };
	return rc;
}

int
watch_heal(struct watch *w)
{
	uint64_t holes = w->holes;
	int rc;

	w->procs = 0;
	rc = trace_snap(w->trace, ++w->snaps, UINT64_MAX, watch_hand_on, w);
	if (rc == -1 && (errno == EMFILE || errno == ENFILE)) {
		w->snaps--;
		w->snap_at = boot_now();	/* then anew, in a while */
		return 0;
	}
	w->healed = holes;
	if (rc == -1 && errno == ENOSYS)
		return 0;
	return rc == 0 ? synced(w) : rc;
}

