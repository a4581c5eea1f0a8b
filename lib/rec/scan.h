/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Fetch a few fields of a JSON line without building a tree or allocating.
 * The whole line is checked: what this accepts is RFC 8259 and UTF-8.
 */
#ifndef REC_SCAN_H
#define REC_SCAN_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum scan_type {
	SCAN_NONE,	/* not in the line */
	SCAN_NULL, SCAN_FALSE, SCAN_TRUE,
	SCAN_NUM, SCAN_STR, SCAN_OBJ, SCAN_ARR,
};

/* A value where it stands in the line: for strings, what is between the
 * quotes; else the whole value. */
struct scan_val {
	const char	*p;
	uint32_t	 len;
	uint8_t		 type;		/* enum scan_type */
	uint8_t		 escaped;	/* string with a backslash in it */
};

enum {
	SCAN_KEYS = 64,		/* most keys of a set */
	SCAN_DEPTH = 64,	/* deepest nesting */
};

/* A set of keys, prepared once. */
struct scan;

/*
 * Prepare for n <= SCAN_KEYS keys, which must outlive the set.  A key is a
 * field of the line, or a path into objects with dots: "victim.cgroup".
 * NULL, with errno, on failure.
 */
struct scan *scan_new(const char *const *keys, size_t n);
void scan_free(struct scan *);

/*
 * Find the values of the keys: val[i] is that of key i.  0; or -1 if the line
 * is not one JSON object, or nests deeper than SCAN_DEPTH.  Of a field that
 * comes twice the last counts.  Numbers may be of any size.  A set of NULL only
 * checks the line.  The set remembers in which order keys came, which makes it
 * faster with lines of one source and kind; nothing else depends on it.
 */
int scan_line(struct scan *, const char *line, size_t len,
    struct scan_val *val);

/*
 * The same of a line that the caller has read up to from, where a member begins:
 * an object with some members, each with a comma behind.  Their values are not
 * told.
 */
int scan_rest(struct scan *, const char *line, size_t from, size_t len,
    struct scan_val *val);

/*
 * The elements of an array, or the fields of an object (*key is then the raw
 * text between the quotes).  Start with *pos 0; 1 while there is one, 0 at the
 * end.  v must come from scan_line() or this.
 */
int scan_next(const struct scan_val *v, size_t *pos, struct scan_val *key,
    struct scan_val *val);

/* The number, if it is a whole one in 0 .. 2^64-1 without fraction or
 * exponent.  0 or -1. */
int scan_u64(const struct scan_val *v, uint64_t *u);

/* Any number that a double can hold, v being from a line.  0 or -1. */
int scan_double(const struct scan_val *v, double *d);

/*
 * The bytes of a string, unescaped, at most cap - 1 of them and a NUL; never
 * cut inside a character.  The length it would have uncut, or -1 if v is not a
 * string.
 */
long scan_str(const struct scan_val *v, char *buf, size_t cap);

/* Is the JSON string between p and end this text of n bytes? */
int scan_equal(const char *p, const char *end, const char *s, size_t n);

/* True if v is that string.  Works on escaped strings too. */
static inline int
scan_is(const struct scan_val *v, const char *s)
{
	size_t n = strlen(s);

	if (v->type != SCAN_STR)
		return 0;
	if (!v->escaped)
		return v->len == n && memcmp(v->p, s, n) == 0;
	return scan_equal(v->p, v->p + v->len, s, n);
}

#endif
