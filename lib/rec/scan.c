/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rec/json.h"
#include "rec/lex.h"
#include "rec/scan.h"

enum {
	SLOTS = 512,
	ENTRIES = 250,	/* an index is a byte */
	NO = 255,
};

/* One name of a key: "victim" and "cgroup" of "victim.cgroup". */
struct entry {
	const char	*name;
	uint64_t	 below;		/* bit i: key i is in this object */
	uint32_t	 len;
	uint8_t		 inside;	/* object it is in; 0 is the line */
	uint8_t		 object;	/* number of the one that it is, or NO */
	uint8_t		 key;		/* where its value goes, or NO */
};

struct scan {
	size_t		 nkeys, nentries, nobjects;
	uint8_t		 same[SCAN_KEYS];	/* this key as it came first */
	uint8_t		 slot[SLOTS];		/* of entries, or NO */
	struct entry	 entries[ENTRIES];
};

struct walk {
	const char	*end;
	const struct scan *set;
	struct scan_val	*val;
};

static inline size_t
hash(const char *s, size_t len, unsigned inside)
{
	const unsigned char *u = (const unsigned char *)s;

	return (u[0] + u[len - 1] * 5u + u[len / 2] * 11u + len * 31u +
	    inside * 97u) % SLOTS;
}

static const struct entry *
find(const struct scan *set, const char *s, size_t len, unsigned inside)
{
	const struct entry *e;
	size_t h;

	if (len == 0)
		return NULL;
	h = hash(s, len, inside);
	for (; set->slot[h] != NO; h = (h + 1) % SLOTS) {
		e = &set->entries[set->slot[h]];
		if (e->len == len && e->inside == inside &&
		    memcmp(e->name, s, len) == 0)
			return e;
	}
	return NULL;
}

static struct entry *
add(struct scan *set, const char *s, size_t len, unsigned inside)
{
	size_t h = hash(s, len, inside);
	struct entry *e;

	if (set->nentries == ENTRIES)
		return NULL;
	while (set->slot[h] != NO)
		h = (h + 1) % SLOTS;
	set->slot[h] = set->nentries;
	e = &set->entries[set->nentries++];
	*e = (struct entry){ .name = s, .len = len, .inside = inside,
	    .object = NO, .key = NO };
	return e;
}

/* Enter key i. */
static int
enter(struct scan *set, const char *key, size_t i)
{
	unsigned inside = 0;
	struct entry *e;
	size_t len;

	for (;; key += len + 1) {
		len = strcspn(key, ".");
		e = (struct entry *)find(set, key, len, inside);
		if (e == NULL && (len == 0 ||
		    (e = add(set, key, len, inside)) == NULL))
			return -1;
		if (key[len] == '\0')
			break;
		e->below |= UINT64_C(1) << i;
		if (e->object == NO)
			e->object = ++set->nobjects;
		inside = e->object;
	}
	if (e->key == NO)
		e->key = i;
	set->same[i] = e->key;
	return 0;
}

struct scan *
scan_new(const char *const *keys, size_t n)
{
	struct scan *set;

	if (n > SCAN_KEYS) {
		errno = EINVAL;
		return NULL;
	}
	if ((set = calloc(1, sizeof(*set))) == NULL)
		return NULL;
	memset(set->slot, NO, sizeof(set->slot));
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

static const char *object(struct walk *, const char *, int depth, unsigned no);
static const char *array(struct walk *, const char *, int depth);

/* A value; no is the number of the object it is, in the key set. */
static inline const char *
value(struct walk *w, const char *p, int depth, unsigned no, struct scan_val *v)
{
	const char *end = w->end, *q;

	if (p == end)
		return NULL;
	v->p = p;
	v->escaped = 0;
	switch (*p) {
	case '"':
		v->type = SCAN_STR;
		v->p = p + 1;
		if ((q = lex_string(p + 1, end, &v->escaped)) == NULL)
			return NULL;
		v->len = q - v->p;
		return q + 1;
	case '{':
		v->type = SCAN_OBJ;
		q = depth < SCAN_DEPTH ? object(w, p, depth + 1, no) : NULL;
		break;
	case '[':
		v->type = SCAN_ARR;
		q = depth < SCAN_DEPTH ? array(w, p, depth + 1) : NULL;
		break;
	case 't':
		v->type = SCAN_TRUE;
		q = lex_word(p, end, "true", 4);
		break;
	case 'f':
		v->type = SCAN_FALSE;
		q = lex_word(p, end, "false", 5);
		break;
	case 'n':
		v->type = SCAN_NULL;
		q = lex_word(p, end, "null", 4);
		break;
	default:
		v->type = SCAN_NUM;
		q = lex_number(p, end);
	}
	v->len = q != NULL ? q - p : 0;
	return q;
}

static const char *
array(struct walk *w, const char *p, int depth)
{
	struct scan_val v;

	p = lex_blank(p + 1, w->end);
	if (p < w->end && *p == ']')
		return p + 1;
	for (;; p = lex_blank(p + 1, w->end)) {
		if ((p = value(w, p, depth, NO, &v)) == NULL)
			return NULL;
		p = lex_blank(p, w->end);
		if (p == w->end || (*p != ',' && *p != ']'))
			return NULL;
		if (*p == ']')
			return p + 1;
	}
}

/* Is the JSON string between p and end this text of n bytes? */
static int
equal(const char *p, const char *end, const char *s, size_t n)
{
	char text[4];
	size_t len;

	for (; p < end; s += len, n -= len) {
		len = json_unescape_one(text, &p);
		if (len > n || memcmp(text, s, len) != 0)
			return 0;
	}
	return n == 0;
}

/* The entry of a key as it stands in the line, escaped or not. */
static const struct entry *
entry_of(const struct scan *set, const struct scan_val *key, unsigned no)
{
	const struct entry *e;

	if (!key->escaped)
		return find(set, key->p, key->len, no);
	for (e = set->entries; e < set->entries + set->nentries; e++)
		if (e->inside == no &&
		    equal(key->p, key->p + key->len, e->name, e->len))
			return e;
	return NULL;
}

/* The object comes again: what was found in the one before does not count. */
static void
forget(struct walk *w, uint64_t below)
{
	for (; below != 0; below &= below - 1)
		w->val[__builtin_ctzll(below)] = (struct scan_val){ 0 };
}

/* A key up to the value that follows; *e is its entry, or NULL. */
static inline const char *
member(struct walk *w, const char *p, unsigned no, const struct entry **e)
{
	struct scan_val key = { .p = p + 1, .type = SCAN_STR };
	const char *q;

	if (p == w->end || *p != '"' ||
	    (q = lex_string(p + 1, w->end, &key.escaped)) == NULL)
		return NULL;
	key.len = q - key.p;
	*e = no != NO ? entry_of(w->set, &key, no) : NULL;
	p = lex_blank(q + 1, w->end);
	return p < w->end && *p == ':' ? lex_blank(p + 1, w->end) : NULL;
}

static const char *
object(struct walk *w, const char *p, int depth, unsigned no)
{
	const struct entry *e;
	struct scan_val v;

	p = lex_blank(p + 1, w->end);
	if (p < w->end && *p == '}')
		return p + 1;
	for (;; p = lex_blank(p + 1, w->end)) {
		if ((p = member(w, p, no, &e)) == NULL)
			return NULL;
		if (e != NULL && e->below != 0)
			forget(w, e->below);
		p = value(w, p, depth, e != NULL ? e->object : NO, &v);
		if (p == NULL)
			return NULL;
		if (e != NULL && e->key != NO)
			w->val[e->key] = v;
		p = lex_blank(p, w->end);
		if (p == w->end || (*p != ',' && *p != '}'))
			return NULL;
		if (*p == '}')
			return p + 1;
	}
}

int
scan_line(const struct scan *set, const char *line, size_t len,
    struct scan_val *val)
{
	struct walk w = { line + len, set, val };
	const char *p = lex_blank(line, w.end);
	size_t n = set != NULL ? set->nkeys : 0;

	if (n > 0)
		memset(val, 0, n * sizeof(*val));
	if (p == w.end || *p != '{' || len > UINT32_MAX ||
	    (p = object(&w, p, 1, n > 0 ? 0 : NO)) == NULL ||
	    lex_blank(p, w.end) != w.end)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (set->same[i] != i)
			val[i] = val[set->same[i]];
	return 0;
}

int
scan_next(const struct scan_val *v, size_t *pos, struct scan_val *key,
    struct scan_val *val)
{
	struct walk w = { v->p + v->len, NULL, NULL };
	const char *p = lex_blank(v->p + (*pos > 0 ? *pos : 1), w.end);
	const char *q;

	if (p >= w.end || *p == ']' || *p == '}')
		return 0;
	if (v->type == SCAN_OBJ) {
		*key = (struct scan_val){ .p = p + 1, .type = SCAN_STR };
		if ((q = lex_string(p + 1, w.end, &key->escaped)) == NULL)
			return 0;
		key->len = q - key->p;
		p = lex_blank(q + 1, w.end);
		p = lex_blank(p + 1, w.end);
	}
	if ((p = value(&w, p, 0, NO, val)) == NULL)
		return 0;
	p = lex_blank(p, w.end);
	*pos = p + (*p == ',') - v->p;
	return 1;
}

int
scan_u64(const struct scan_val *v, uint64_t *u)
{
	uint64_t n = 0;

	if (v->type != SCAN_NUM)
		return -1;
	if (v->len < 20) {		/* no overflow */
		for (uint32_t i = 0; i < v->len; i++) {
			unsigned d = (unsigned char)(v->p[i] - '0');

			if (d > 9)
				return -1;
			n = n * 10 + d;
		}
		*u = n;
		return 0;
	}
	for (uint32_t i = 0; i < v->len; i++) {
		unsigned d = (unsigned char)(v->p[i] - '0');

		if (d > 9 || __builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, d, &n))
			return -1;
	}
	*u = n;
	return 0;
}

int
scan_double(const struct scan_val *v, double *d)
{
	if (v->type != SCAN_NUM)
		return -1;
	/* What follows a number in its object ends it for strtod(3), too. */
	*d = strtod(v->p, NULL);
	return isinf(*d) ? -1 : 0;
}

long
scan_str(const struct scan_val *v, char *buf, size_t cap)
{
	size_t len, put;

	if (v->type != SCAN_STR)
		return -1;
	len = json_unescape(buf, cap > 0 ? cap - 1 : 0, v->p, v->len, &put);
	if (cap > 0)
		buf[put] = '\0';
	return len;
}

int
scan_is(const struct scan_val *v, const char *s)
{
	size_t n = strlen(s);

	if (v->type != SCAN_STR)
		return 0;
	if (!v->escaped)
		return v->len == n && memcmp(v->p, s, n) == 0;
	return equal(v->p, v->p + v->len, s, n);
}
