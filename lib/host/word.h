/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Words and numbers in what the kernel writes; not terminated by a NUL. */
#ifndef HOST_WORD_H
#define HOST_WORD_H

#include <stdint.h>
#include <string.h>

struct word {
	const char *p, *end;
};

/* The next word up to sep, which is taken away with it; 0 if there is none.
 * Runs of sep count as one. */
static inline int
word_next(struct word *rest, char sep, struct word *w)
{
	const char *p;

	while (rest->p < rest->end && *rest->p == sep)
		rest->p++;
	if (rest->p == rest->end)
		return 0;
	p = memchr(rest->p, sep, rest->end - rest->p);
	w->p = rest->p;
	w->end = p != NULL ? p : rest->end;
	rest->p = p != NULL ? p + 1 : rest->end;
	return 1;
}

static inline int
word_is(struct word w, const char *s)
{
	size_t n = strlen(s);

	return (size_t)(w.end - w.p) == n && memcmp(w.p, s, n) == 0;
}

/* Take prefix away, if it is there. */
static inline int
word_cut(struct word *w, const char *prefix)
{
	size_t n = strlen(prefix);

	if ((size_t)(w->end - w->p) < n || memcmp(w->p, prefix, n) != 0)
		return 0;
	w->p += n;
	return 1;
}

/* All of it is decimal digits.  0, or -1. */
static inline int
word_u64(struct word w, uint64_t *v)
{
	uint64_t n = 0;

	if (w.p == w.end)
		return -1;
	for (; w.p < w.end; w.p++)
		if (*w.p < '0' || *w.p > '9' ||
		    __builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(*w.p - '0'), &n))
			return -1;
	*v = n;
	return 0;
}

/* A number with at most six digits behind its point, or none, in millionths. */
static inline int
word_micro(struct word w, uint64_t *v)
{
	struct word whole = w, part;
	uint64_t n, m = 0;

	part.p = memchr(w.p, '.', w.end - w.p);
	part.end = w.end;
	if (part.p != NULL) {
		whole.end = part.p++;
		if (part.end - part.p > 6 || word_u64(part, &m) == -1)
			return -1;
		for (int i = part.end - part.p; i < 6; i++)
			m *= 10;
	}
	if (word_u64(whole, &n) == -1 || n > UINT64_MAX / 1000000 - 1)
		return -1;
	*v = n * 1000000 + m;
	return 0;
}

#endif
