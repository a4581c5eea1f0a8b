/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "core/record.h"

const struct scan_val rec_none = { .type = SCAN_NONE };

/* ---- records that wait ---- */

/* Most values are short: too short for a call. */
static inline char *
copy(char *p, const char *s, size_t n)
{
	if (n > 16)
		return mempcpy(p, s, n);
	if (n >= 8) {
		memcpy(p, s, 8);
		memcpy(p + n - 8, s + n - 8, 8);
	} else if (n >= 4) {
		memcpy(p, s, 4);
		memcpy(p + n - 4, s + n - 4, 4);
	} else
		for (size_t i = 0; i < n; i++)
			p[i] = s[i];
	return p + n;
}

static const char *
bytes(const struct kept *k)
{
	return (const char *)&k->v[k->n];
}

int
record_id(const struct scan_val *v, struct tree_id *id)
{
	*id = (struct tree_id){ 0 };
	return v->type == SCAN_STR && event_id_parse(v->p, v->len, &id->boot,
	    &id->start, &id->pid) == 0 && id->pid != 0;
}

/* The same of a field of the set. */
static void
id_of(const struct kindset *set, const struct scan_val *v, enum key key,
    struct tree_id *id)
{
	record_id(set->at[key] != K_NONE ? &v[set->at[key]] : &rec_none, id);
}

int
record_keep(struct hold *h, const struct kindset *set, int kind, uint64_t t,
    const struct scan_val *v)
{
	uint8_t at[SCAN_KEYS], n = 0;
	size_t len = 0;
	struct kept *k;
	char *p;

	for (uint8_t i = 0; i < set->n; i++)
		if (v[i].type != SCAN_NONE && set->judged >> i & 1 &&
		    v[i].len <= VALUE_LOOK) {
			at[n++] = i;
			len += v[i].len + 1;
		}
	k = (struct kept *)(void *)hold_put(h, t,
	    sizeof(*k) + n * sizeof(k->v[0]) + len);
	if (k == NULL)
		return -1;
	k->set = set;
	k->kind = kind;
	k->n = n;
	k->len = len;
	k->weight = 0;
	id_of(set, v, K_id, &k->self);
	id_of(set, v, K_parent_id, &k->parent);
	/* Of those who made others wait, the worst first. */
	if (kind == EV_stall)
		scan_u64(&v[set->at[K_stall_ns]], &k->weight);
	p = (char *)&k->v[n];
	for (uint8_t i = 0; i < n; i++) {
		const struct scan_val *from = &v[at[i]];

		k->v[i] = (struct kept_val){ .at = at[i], .type = from->type,
		    .escaped = from->escaped, .len = from->len };
		p = copy(p, from->p, from->len);
		*p++ = ',';	/* ends a number */
	}
	return 0;
}

int
record_order(const struct held *x, const struct held *y)
{
	const struct kept *a = (const void *)x, *b = (const void *)y;
	int d;

	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->weight != b->weight)
		return a->weight > b->weight ? -1 : 1;
	d = memcmp(bytes(a), bytes(b), a->len < b->len ? a->len : b->len);
	return d != 0 ? d : (a->len > b->len) - (a->len < b->len);
}

/* ---- records that are judged ---- */

void
record_unpack(struct rec *r, const struct kept *k)
{
	const char *p = bytes(k);

	r->t = k->held.t;
	r->set = k->set;
	r->kind = k->kind;
	memset(r->v, 0, k->set->n * sizeof(r->v[0]));
	for (unsigned i = 0; i < k->n; i++) {
		r->v[k->v[i].at] = (struct scan_val){ .p = p, .len = k->v[i].len,
		    .type = k->v[i].type, .escaped = k->v[i].escaped };
		p += k->v[i].len + 1;
	}
	r->self = k->self;
	r->parent = k->parent;
	rec_id(r, K_creator_id, &r->creator);
}

double
rec_double(const struct rec *r, enum key key)
{
	double d;

	return scan_double(rec_val(r, key), &d) == 0 ? d : NAN;
}
