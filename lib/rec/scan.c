/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The walk through a line. */
#include <string.h>

#include "rec/lex.h"
#include "rec/scan_impl.h"

struct walk {
	const char	*end;
	struct scan	*set;		/* NULL: only check */
	struct scan_val	*val;
};

/* Of keys that nobody wants. */
static const struct scan_entry unwanted = { .object = SCAN_NO, .key = SCAN_NO };

static const char *object(struct walk *, const char *, int depth, unsigned no);
static const char *array(struct walk *, const char *, int depth);

/* ---- values ---- */

/* no is the number of the object it is, in the key set. */
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

const char *
scan_value(const char *p, const char *end, struct scan_val *v)
{
	struct walk w = { end, NULL, NULL };

	return value(&w, p, 0, SCAN_NO, v);
}

static const char *
array(struct walk *w, const char *p, int depth)
{
	struct scan_val v;

	p = lex_blank(p + 1, w->end);
	if (p < w->end && *p == ']')
		return p + 1;
	for (;; p = lex_blank(p + 1, w->end)) {
		if ((p = value(w, p, depth, SCAN_NO, &v)) == NULL)
			return NULL;
		p = lex_blank(p, w->end);
		if (p == w->end || (*p != ',' && *p != ']'))
			return NULL;
		if (*p == ']')
			return p + 1;
	}
}

/* ---- objects ---- */

/* Does the step's text stand at p, and may its value be plain?  SCAN_STEP bytes
 * can be read. */
static inline int
stands(const struct scan_step *s, const char *p, unsigned no)
{
	/* Since the set began anew, it may be a key of elsewhere. */
	return s->plain == no && (wide_same(p, s->text) | s->behind[0]) == 0xffff &&
	    (s->len <= WIDE ||
	    (wide_same(p + WIDE, s->text + WIDE) | s->behind[1]) == 0xffff);
}

static inline int
ends_member(char c)
{
	return c == ',' || c == '}';
}

/* A number as most are: whole or with a fraction, and a comma or bracket behind
 * it.  WIDE + 1 bytes can be read.  Its length; 0: it is something else. */
static inline size_t
quick_number(const char *p)
{
	unsigned bits = wide_not_digits(p) | 1u << WIDE;
	size_t n = __builtin_ctz(bits), whole = n;

	if (!ends_member(p[n])) {
		bits &= bits - 1;
		if (p[n] != '.' || n == 0 || bits == 0 ||
		    (n = __builtin_ctz(bits)) == whole + 1 || !ends_member(p[n]))
			return 0;
	}
	return *p != '0' || whole == 1 ? n : 0;
}

/*
 * A string or number as most are, and a comma or bracket behind it, whose place
 * is returned.  2 * WIDE bytes can be read, and what is before end.  NULL: it is
 * something else.
 */
__attribute__((always_inline)) static inline const char *
quick(const char *p, const char *end, struct scan_val *v)
{
	const char *q;
	unsigned odd;

	v->escaped = 0;
	if (*p != '"') {
		v->type = SCAN_NUM;
		v->p = p;
		v->len = quick_number(p);
		return v->len > 0 ? p + v->len : NULL;
	}
	for (q = ++p; (odd = wide_odd(q)) == 0; q += WIDE)
		if (end - q <= 2 * WIDE)
			return NULL;
	q += __builtin_ctz(odd);
	v->type = SCAN_STR;
	v->p = p;
	v->len = q - p;
	return *q == '"' && ends_member(q[1]) ? q + 1 : NULL;
}

enum { ROOM = SCAN_STEP + 2 * WIDE };	/* a key, its quote, some of its value */

/* A member as it came before, with a plain value, and what is behind it.  ROOM
 * bytes can be read, and what is before end; the value is told to be `away` from
 * where it stands.  The comma or bracket, or NULL.  Each caller has its own. */
__attribute__((always_inline)) static inline const char *
plain_one(const struct walk *w, const char *p, const char *end, uintptr_t away,
    unsigned no, struct scan_link **at)
{
	struct scan_step *s = (*at)->step[0];
	struct scan_val v;
	const char *q;

	if (!stands(s, p, no)) {
		s = (*at)->step[1];
		if (!stands(s, p, no))
			return NULL;
	}
	if ((q = quick(p + s->len, end, &v)) == NULL)
		return NULL;
	if (s->key != SCAN_NO) {
		v.p = (const char *)((uintptr_t)v.p + away);
		w->val[s->key] = v;
	}
	*at = &s->next;
	return q;
}

/* The same of those that begin in the last ROOM bytes of the line, in a copy:
 * behind the line nothing may be read. */
__attribute__((noinline)) static const char *
plain_end(const struct walk *w, const char *p, unsigned no,
    struct scan_link **at, int *closed)
{
	char copy[2 * ROOM] = { 0 };
	size_t n = w->end - p;
	const char *end = copy + n, *q;
	uintptr_t away = (uintptr_t)w->end - (uintptr_t)end;

	for (p = memcpy(copy, p, n); p < end && !*closed; p = q + 1) {
		q = plain_one(w, p, copy + sizeof(copy), away, no, at);
		if (q == NULL)
			break;
		*closed = *q == '}';
	}
	return (const char *)((uintptr_t)p + away);
}

/*
 * Members as they came before, with plain values: as many as there are.  Where
 * the next member begins; or *closed is set, and it is where the object ended.
 */
static const char *
plain(const struct walk *w, const char *p, unsigned no, struct scan_link **at,
    int *closed)
{
	struct scan_link *next = *at;
	const char *end = w->end, *q = p;

	for (; end - p >= ROOM; p = q + 1) {
		if ((q = plain_one(w, p, end, 0, no, &next)) == NULL)
			break;
		if (*q == '}') {
			*closed = 1;
			p = q + 1;
			break;
		}
	}
	*at = next;
	return q == NULL || *closed || p == end ? p :
	    plain_end(w, p, no, at, closed);
}

/* Is the next key at p, of which less can be read, one that came here before?
 * Its step, or NULL. */
static struct scan_step *
guess(struct scan *set, const struct scan_link *at, unsigned no, const char *p,
    const char *end)
{
	for (int i = 0; i < SCAN_GUESSES && at->step[i] != set->steps; i++) {
		struct scan_step *s = at->step[i];

		if (s->inside == no && end - p >= s->len &&
		    memcmp(p, s->text, s->len) == 0)
			return s;
	}
	return NULL;
}

/* The object comes again: what was found in the one before does not count. */
static void
forget(struct walk *w, uint64_t below)
{
	for (; below != 0; below &= below - 1)
		w->val[__builtin_ctzll(below)] = (struct scan_val){ 0 };
}

/* Any key, up to the value that follows; *e is its entry.  In objects that
 * hold nothing wanted, no is SCAN_NO. */
static const char *
member(struct walk *w, const char *p, unsigned no, struct scan_link **at,
    const struct scan_entry **e)
{
	struct scan_val key = { .p = p + 1, .type = SCAN_STR };
	const char *q;

	*e = &unwanted;
	if (p == w->end || *p != '"' ||
	    (q = lex_string(p + 1, w->end, &key.escaped)) == NULL)
		return NULL;
	key.len = q - key.p;
	if (no != SCAN_NO) {
		const struct scan_entry *known = scan_entry(w->set, &key, no);

		*at = scan_learn(w->set, *at, &key, known, no);
		if (known != NULL)
			*e = known;
	}
	p = lex_blank(q + 1, w->end);
	return p < w->end && *p == ':' ? lex_blank(p + 1, w->end) : NULL;
}

/* From a member on to behind the bracket. */
static const char *
members(struct walk *w, const char *p, int depth, unsigned no,
    struct scan_link *at)
{
	const struct scan_entry *e;
	struct scan_step *s;
	struct scan_val none;
	int closed = 0;

	for (;; p++) {
		if (at != NULL) {
			p = plain(w, p, no, &at, &closed);
			if (closed)
				return p;
		}
		p = lex_blank(p, w->end);
		if (at != NULL &&
		    (s = guess(w->set, at, no, p, w->end)) != NULL) {
			p = lex_blank(p + s->len, w->end);
			e = &w->set->entries[s->entry];
			at = &s->next;
		} else if ((p = member(w, p, no, &at, &e)) == NULL)
			return NULL;
		if (e->below != 0)
			forget(w, e->below);
		p = value(w, p, depth, e->object,
		    e->key != SCAN_NO ? &w->val[e->key] : &none);
		if (p == NULL)
			return NULL;
		p = lex_blank(p, w->end);
		if (p == w->end || (*p != ',' && *p != '}'))
			return NULL;
		if (*p == '}')
			return p + 1;
	}
}

static const char *
object(struct walk *w, const char *p, int depth, unsigned no)
{
	p = lex_blank(p + 1, w->end);
	if (p < w->end && *p == '}')
		return p + 1;
	return members(w, p, depth, no, no != SCAN_NO ? &w->set->first[no] : NULL);
}

/* The same key may be asked for twice. */
static void
copy_twice(const struct scan *set, struct scan_val *val)
{
	for (size_t i = 0; set->twice && i < set->nkeys; i++)
		if (set->same[i] != i)
			val[i] = val[set->same[i]];
}

int
scan_line(struct scan *set, const char *line, size_t len, struct scan_val *val)
{
	struct walk w = { line + len, set, val };
	const char *p = lex_blank(line, w.end);
	size_t n = set != NULL ? set->nkeys : 0;

	if (n > 0)
		memset(val, 0, n * sizeof(*val));
	if (p == w.end || *p != '{' || len > UINT32_MAX ||
	    (p = object(&w, p, 1, n > 0 ? 0 : SCAN_NO)) == NULL ||
	    lex_blank(p, w.end) != w.end)
		return -1;
	if (n > 0)
		copy_twice(set, val);
	return 0;
}

int
scan_rest(struct scan *set, const char *line, size_t from, size_t len,
    struct scan_val *val)
{
	struct walk w = { line + len, set, val };
	const char *p;

	memset(val, 0, set->nkeys * sizeof(*val));
	/* No object has the number of the last entry, which is none. */
	if (len > UINT32_MAX || (p = members(&w, line + from, 1, 0,
	    &set->first[SCAN_ENTRIES])) == NULL || lex_blank(p, w.end) != w.end)
		return -1;
	copy_twice(set, val);
	return 0;
}
