/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The keys that are wanted, and in which order keys came. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rec/scan_impl.h"

static inline size_t
hash(const char *s, size_t len, unsigned inside)
{
	const unsigned char *u = (const unsigned char *)s;

	return (u[0] + u[len - 1] * 5u + u[len / 2] * 11u + len * 31u +
	    inside * 97u) % SCAN_SLOTS;
}

static const struct scan_entry *
find(const struct scan *set, const char *s, size_t len, unsigned inside)
{
	const struct scan_entry *e;
	size_t h;

	if (len == 0)
		return NULL;
	h = hash(s, len, inside);
	for (; set->slot[h] != SCAN_NO; h = (h + 1) % SCAN_SLOTS) {
		e = &set->entries[set->slot[h]];
		if (e->len == len && e->inside == inside &&
		    memcmp(e->name, s, len) == 0)
			return e;
	}
	return NULL;
}

static struct scan_entry *
add(struct scan *set, const char *s, size_t len, unsigned inside)
{
	size_t h = hash(s, len, inside);
	struct scan_entry *e;

	if (set->nentries == SCAN_ENTRIES)
		return NULL;
	while (set->slot[h] != SCAN_NO)
		h = (h + 1) % SCAN_SLOTS;
	set->slot[h] = set->nentries;
	e = &set->entries[set->nentries++];
	*e = (struct scan_entry){ .name = s, .len = len, .inside = inside,
	    .object = SCAN_NO, .key = SCAN_NO };
	return e;
}

/* Enter key i. */
static int
enter(struct scan *set, const char *key, size_t i)
{
	unsigned inside = 0;
	struct scan_entry *e;
	size_t len;

	for (;; key += len + 1) {
		len = strcspn(key, ".");
		e = (struct scan_entry *)find(set, key, len, inside);
		if (e == NULL && (len == 0 ||
		    (e = add(set, key, len, inside)) == NULL))
			return -1;
		if (key[len] == '\0')
			break;
		e->below |= UINT64_C(1) << i;
		if (e->object == SCAN_NO)
			e->object = ++set->nobjects;
		inside = e->object;
	}
	if (e->key == SCAN_NO)
		e->key = i;
	else
		set->twice = 1;
	set->same[i] = e->key;
	return 0;
}

static void
unknown(struct scan *set, struct scan_link *link)
{
	for (int i = 0; i < SCAN_GUESSES; i++)
		link->step[i] = set->steps;
}

/* Begin to note the order of keys. */
static void
begin(struct scan *set)
{
	memset(set->seen, 0, sizeof(set->seen));
	for (int i = 0; i <= SCAN_ENTRIES; i++)
		unknown(set, &set->first[i]);
	set->nsteps = 0;
}

struct scan *
scan_new(const char *const *keys, size_t n)
{
	struct scan *set;

	if (n > SCAN_KEYS) {
		errno = EINVAL;
		return NULL;
	}
	if ((set = aligned_alloc(_Alignof(struct scan), sizeof(*set))) == NULL)
		return NULL;
	memset(set, 0, sizeof(*set));
	memset(set->slot, SCAN_NO, sizeof(set->slot));
	set->entries[SCAN_ENTRIES] = (struct scan_entry){ .object = SCAN_NO,
	    .key = SCAN_NO };
	/* Stands nowhere. */
	set->steps[0].inside = set->steps[0].plain = SCAN_NO;
	begin(set);
	set->nkeys = n;
	for (size_t i = 0; i < n; i++)
		if (enter(set, keys[i], i) == -1) {
			free(set);
			errno = EINVAL;
			return NULL;
		}
	return set;
}

void
scan_free(struct scan *set)
{
	free(set);
}

const struct scan_entry *
scan_entry(const struct scan *set, const struct scan_val *key, unsigned inside)
{
	const struct scan_entry *e;

	if (!key->escaped)
		return find(set, key->p, key->len, inside);
	for (e = set->entries; e < set->entries + set->nentries; e++)
		if (e->inside == inside &&
		    scan_equal(key->p, key->p + key->len, e->name, e->len))
			return e;
	return NULL;
}

/* ---- the order of keys ---- */

static int
same_step(const struct scan_step *s, const struct scan_val *key,
    unsigned inside)
{
	return s->len == key->len + 3 && s->inside == inside &&
	    memcmp(s->text + 1, key->p, key->len) == 0;
}

/* Its step, which is made if it is not there yet; there must be room. */
static struct scan_step *
step_of(struct scan *set, const struct scan_val *key,
    const struct scan_entry *e, unsigned inside)
{
	size_t h = key->len > 0 ? hash(key->p, key->len, inside) : 0;
	struct scan_step *s;

	for (; set->seen[h] != 0; h = (h + 1) % SCAN_SLOTS)
		if (same_step(&set->steps[set->seen[h]], key, inside))
			return &set->steps[set->seen[h]];
	set->seen[h] = ++set->nsteps;
	s = &set->steps[set->nsteps];
	memset(s, 0, sizeof(*s));
	unknown(set, &s->next);
	s->len = key->len + 3;
	s->text[0] = '"';
	memcpy(s->text + 1, key->p, key->len);
	memcpy(s->text + 1 + key->len, "\":", 2);
	for (int i = 0; i < 2; i++)
		s->behind[i] = UINT64_C(0xffffffff) << s->len >> i * WIDE &
		    0xffff;
	s->inside = inside;
	s->entry = e != NULL ? e - set->entries : SCAN_ENTRIES;
	s->key = set->entries[s->entry].key;
	s->plain = set->entries[s->entry].object != SCAN_NO ? SCAN_NO : inside;
	return s;
}

struct scan_link *
scan_learn(struct scan *set, struct scan_link *at, const struct scan_val *key,
    const struct scan_entry *e, unsigned inside)
{
	struct scan_step *step;

	if (key->escaped || key->len + 3 > SCAN_STEP)
		return NULL;
	/* Somebody has many keys: begin anew with those that come now. */
	if (set->nsteps == SCAN_STEPS) {
		begin(set);
		at = NULL;
	}
	step = step_of(set, key, e, inside);
	if (at != NULL && at->step[0] != step) {
		at->step[1] = at->step[0];
		at->step[0] = step;
	}
	return &step->next;
}
