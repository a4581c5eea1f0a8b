/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "base/num.h"
#include "rec/text.h"

#include "core/record.h"

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
	if (set->at[key] != K_NONE)
		record_id(&v[set->at[key]], id);
	else
		*id = (struct tree_id){ 0 };
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

enum { LINE_SHORT = 1024 };	/* as most lines are */

/* Only what is longer than a pointer by far. */
static inline int
to_intern(const struct scan_val *v)
{
	return v->len >= 24 && v->type == SCAN_STR && !v->escaped;
}

/* How many bytes the values take at most: in the line there is something behind
 * each of them, too. */
static size_t
bytes(const struct kindset *set, const struct scan_val *v, size_t line)
{
	size_t sum = 0;

	if (line <= LINE_SHORT && !set->nested)
		return line;
	for (unsigned i = 0; i < set->njudged; i++)
		if (v[i].len <= VALUE_LOOK)
			sum += v[i].len + 1;
	return sum;
}

/* The values of a record that has room for them, of a line that ends at end.
 * What is behind their bytes, or NULL without memory. */
static char *
put_values(struct kept *k, struct intern *strings, const struct scan_val *v,
    const char *end)
{
	unsigned n = k->set->njudged;
	char *p = (char *)&k->v[n + 1];

	k->interned = 0;
	k->v[n] = (struct scan_val){ 0 };
	for (unsigned i = 0; i < n; i++) {
		struct scan_val *to = &k->v[i];

		*to = v[i];
		if (v[i].type == SCAN_NONE)
			continue;
		if (v[i].len > VALUE_LOOK) {
			*to = (struct scan_val){ 0 };
		} else if (to_intern(&v[i])) {
			to->p = intern_get(strings, v[i].p, v[i].len);
			if (to->p == NULL) {
				memset(to, 0, (n - i) * sizeof(*to));
				return NULL;
			}
			k->interned |= UINT64_C(1) << i;
		} else {
			to->p = p;
			p = copy(p, v[i].p, v[i].len, end);
			*p++ = ',';	/* ends a number */
		}
	}
	return p;
}

int
record_keep(struct hold *h, struct intern *strings, struct minute *m,
    const struct kindset *set, int kind, uint64_t t, const struct scan_val *v,
    const char *line, size_t len)
{
	size_t fixed = sizeof(struct kept) +
	    (set->njudged + 1) * sizeof(struct scan_val);
	struct kept *k;
	char *p;

	k = (struct kept *)(void *)hold_put(h, t,
	    fixed + bytes(set, v, len) + SHORT);
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
	if ((p = put_values(k, strings, v, line + len)) == NULL)
		return -1;
	hold_trim(h, &k->held, p - (char *)k);
	return 0;
}

void
record_drop(struct intern *strings, const struct kept *k)
{
	for (uint64_t left = k->interned; left != 0; left &= left - 1)
		intern_put(strings, k->v[__builtin_ctzll(left)].p);
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

/* Is there a value from that place on? */
static int
any(const struct kept *k, unsigned i)
{
	while (i < k->set->njudged && k->v[i].type == SCAN_NONE)
		i++;
	return i < k->set->njudged;
}

/* Values of two records of one kind, one after the other.  One that only one of
 * them has comes before what the other has; but before nothing comes nothing. */
static int
order_values(const struct kept *a, const struct kept *b)
{
	int d;

	for (unsigned i = 0; i < a->set->njudged; i++) {
		const struct scan_val *v = &a->v[i], *w = &b->v[i];

		if (v->type == SCAN_NONE && w->type == SCAN_NONE)
			continue;
		if (w->type == SCAN_NONE)
			return any(b, i) ? -1 : 1;
		if (v->type == SCAN_NONE)
			return any(a, i) ? 1 : -1;
		if (v->p == w->p)
			continue;
		if ((d = memcmp(v->p, w->p, v->len < w->len ? v->len :
		    w->len)) != 0)
			return d;
		if (v->len != w->len)
			return v->len < w->len ? -1 : 1;
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
	if (a->real != b->real)
		return a->real < b->real ? -1 : 1;
	if ((d = order_ids(&a->self, &b->self)) != 0 ||
	    (d = order_ids(&a->parent, &b->parent)) != 0)
		return d;
	return order_values(a, b);
}

/* ---- records that are judged ---- */

static enum resource
resource_of(const struct scan_val *v)
{
	if (v->type != SCAN_STR)
		return RES_NONE;
	return scan_is(v, "cpu") ? RES_CPU : scan_is(v, "memory") ? RES_MEMORY :
	    scan_is(v, "io") ? RES_IO : scan_is(v, "irq") ? RES_IRQ : RES_NONE;
}

void
record_unpack(struct rec *r, const struct kept *k)
{
	r->t = k->held.t;
	r->real = k->real;
	r->set = k->set;
	r->kind = k->kind;
	r->interned = k->interned;
	r->v = k->v;
	r->self = k->self;
	r->parent = k->parent;
	rec_id(r, K_creator_id, &r->creator);
	r->resource = resource_of(rec_val(r, K_resource));
}

double
rec_double(const struct rec *r, enum key key)
{
	double d;

	return scan_double(rec_val(r, key), &d) == 0 ? d : NAN;
}
