/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "base/num.h"
#include "rec/text.h"

#include "core/record.h"

const struct scan_val rec_none = { .type = SCAN_NONE };

/* ---- records that wait ---- */

enum { SHORT = 16 };	/* bytes that are copied without asking how many */

/* Most values are short.  There is room for SHORT bytes at p; what can be read
 * ends at end. */
static inline char *
copy(char *p, const char *s, size_t n, const char *end)
{
	if (n > SHORT || end - s < SHORT)
		return mempcpy(p, s, n);
	memcpy(p, s, SHORT);
	return p + n;
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

/* ---- time ---- */

enum { TIME = 30, SECOND = 17, POINT = 19, ZONE = 29 };	/* places in it */

static int
two(const char *p)
{
	unsigned a = (unsigned char)(p[0] - '0'), b = (unsigned char)(p[1] - '0');

	return a > 5 || b > 9 ? -1 : (int)(a * 10 + b);
}

/* Second and fraction of "2026-02-02T02:56:40.000000000Z"; or -1. */
static int64_t
in_minute(const char *p, size_t len)
{
	uint64_t w;
	int s;

	if (len != TIME || p[POINT] != '.' || p[ZONE] != 'Z' ||
	    (s = two(p + SECOND)) == -1)
		return -1;
	w = text_load(p + POINT + 1);
	if (!text_digits(w) || p[ZONE - 1] < '0' || p[ZONE - 1] > '9')
		return -1;
	return s * INT64_C(1000000000) + text_number(w) * INT64_C(10) +
	    (p[ZONE - 1] - '0');
}

static uint64_t
time_of(struct minute *m, const struct scan_val *v)
{
	uint64_t real;
	int64_t ns;

	if (v->type != SCAN_STR || v->len > TIME + 10)
		return REAL_UNTOLD;
	ns = in_minute(v->p, v->len);
	if (ns != -1 && memcmp(v->p, m->text, SECOND) == 0)
		return m->ns + ns;
	if (num_time(v->p, v->len, &real) == -1)
		return REAL_BAD;
	if (ns != -1) {
		memcpy(m->text, v->p, SECOND);
		m->ns = real - ns;
	}
	return real;
}

/* ---- packing ---- */

/* Only what is longer than a pointer by far. */
static int
to_intern(const struct scan_val *v)
{
	return v->type == SCAN_STR && !v->escaped && v->len >= 24;
}

/* The places of those that are kept; how many.  *len is how long they are. */
static unsigned
choose(const struct kindset *set, const struct scan_val *v, uint8_t *at,
    size_t *len)
{
	unsigned n = 0;

	*len = 0;
	for (uint64_t left = set->judged; left != 0; left &= left - 1) {
		unsigned i = __builtin_ctzll(left);

		if (v[i].type == SCAN_NONE || v[i].len > VALUE_LOOK)
			continue;
		at[n++] = i;
		*len += to_intern(&v[i]) ? sizeof(char *) : v[i].len + 1;
	}
	return n;
}

/* The values of a record that has room for them, of a line that ends at end.  0,
 * or -1 without memory. */
static int
put_values(struct kept *k, struct intern *strings, const uint8_t *at,
    unsigned n, const struct scan_val *v, const char *end)
{
	char *p = (char *)&k->v[n];

	for (k->n = 0; k->n < n; k->n++) {
		const struct scan_val *from = &v[at[k->n]];
		struct kept_val *to = &k->v[k->n];
		const char *s;

		to->at = at[k->n];
		to->type = from->type | from->escaped * KEPT_ESCAPED;
		to->len = from->len;
		if (to_intern(from)) {
			if ((s = intern_get(strings, from->p, from->len)) ==
			    NULL) {
				k->n = 0;
				return -1;
			}
			to->type |= KEPT_INTERNED;
			p = mempcpy(p, &s, sizeof(s));
		} else {
			p = copy(p, from->p, from->len, end);
			*p++ = ',';	/* ends a number */
		}
	}
	return 0;
}

int
record_keep(struct hold *h, struct intern *strings, struct minute *m,
    const struct kindset *set, int kind, uint64_t t, const struct scan_val *v,
    const char *end)
{
	uint8_t at[SCAN_KEYS];
	struct kept *k;
	size_t len;
	unsigned n = choose(set, v, at, &len);

	/* The values stand behind all of their heads. */
	k = (struct kept *)(void *)hold_put(h, t,
	    sizeof(*k) + n * sizeof(k->v[0]) + len + SHORT);
	if (k == NULL)
		return -1;
	k->set = set;
	k->kind = kind;
	k->real = time_of(m, &v[set->at[K_time]]);
	k->weight = 0;
	/* Of those who made others wait, the worst first. */
	if (kind == EV_stall)
		scan_u64(&v[set->at[K_stall_ns]], &k->weight);
	id_of(set, v, K_id, &k->self);
	id_of(set, v, K_parent_id, &k->parent);
	return put_values(k, strings, at, n, v, end);
}

/* The value i, which is at *p; *p is then behind it. */
static inline const char *
value_at(const struct kept *k, unsigned i, const char **p)
{
	const char *s = *p;

	if (!(k->v[i].type & KEPT_INTERNED)) {
		*p += k->v[i].len + 1;
		return s;
	}
	memcpy(&s, *p, sizeof(s));
	*p += sizeof(s);
	return s;
}

void
record_drop(struct intern *strings, const struct kept *k)
{
	const char *p = (const char *)&k->v[k->n];

	for (unsigned i = 0; i < k->n; i++) {
		const char *s = value_at(k, i, &p);

		if (k->v[i].type & KEPT_INTERNED)
			intern_put(strings, s);
	}
}

/* ---- order ---- */

/* As their digits are, and then something less than a digit. */
static int
order_digits(uint64_t x, uint64_t y)
{
	char a[20], b[20];
	size_t n = num_put(a, x), m = num_put(b, y);
	int d = memcmp(a, b, n < m ? n : m);

	return d != 0 ? d : (n > m) - (n < m);
}

/* As their text is. */
static int
order_ids(const struct tree_id *a, const struct tree_id *b)
{
	int d = (a->boot > b->boot) - (a->boot < b->boot);

	if (d == 0 && a->start != b->start)
		d = order_digits(a->start, b->start);
	if (d == 0 && a->pid != b->pid)
		d = order_digits(a->pid, b->pid);
	return d;
}

static int
order_values(const struct kept *a, const struct kept *b)
{
	const char *p = (const char *)&a->v[a->n], *q = (const char *)&b->v[b->n];
	int d;

	for (unsigned i = 0; i < a->n && i < b->n; i++) {
		const struct kept_val *v = &a->v[i], *w = &b->v[i];
		const char *s = value_at(a, i, &p), *t = value_at(b, i, &q);

		if (v->at != w->at)
			return v->at < w->at ? -1 : 1;
		if (s == t)
			continue;
		if ((d = memcmp(s, t, v->len < w->len ? v->len : w->len)) != 0)
			return d;
		if (v->len != w->len)
			return v->len < w->len ? -1 : 1;
	}
	return (a->n > b->n) - (a->n < b->n);
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
	if (a->real != b->real)
		return a->real < b->real ? -1 : 1;
	if ((d = order_ids(&a->self, &b->self)) != 0 ||
	    (d = order_ids(&a->parent, &b->parent)) != 0)
		return d;
	return order_values(a, b);
}

/* ---- records that are judged ---- */

void
record_unpack(struct rec *r, const struct kept *k)
{
	const char *p = (const char *)&k->v[k->n];

	r->t = k->held.t;
	r->real = k->real;
	r->set = k->set;
	r->kind = k->kind;
	r->interned = 0;
	memset(r->v, 0, k->set->n * sizeof(r->v[0]));
	for (unsigned i = 0; i < k->n; i++) {
		const struct kept_val *v = &k->v[i];

		struct scan_val *to = &r->v[v->at];

		to->p = value_at(k, i, &p);
		to->len = v->len;
		to->type = v->type & KEPT_TYPE;
		to->escaped = (v->type & KEPT_ESCAPED) != 0;
		if (v->type & KEPT_INTERNED)
			r->interned |= UINT64_C(1) << v->at;
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
