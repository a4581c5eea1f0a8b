/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Random text that is JSON, or nearly. */
#ifndef JSONTEXT_H
#define JSONTEXT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "random.h"

/* Text that is JSON. */
struct text {
	uint64_t	*r;
	char		 s[1 << 16];
	size_t		 n;
};

static inline void
add(struct text *t, const char *s)
{
	size_t n = strlen(s);

	if (t->n + n < sizeof(t->s)) {
		memcpy(t->s + t->n, s, n);
		t->n += n;
	}
}

static inline void
one_of(struct text *t, const char *const *list, size_t n)
{
	add(t, list[random_below(t->r, n)]);
}
#define ONE_OF(t, ...) do {						\
	static const char *const list_[] = { __VA_ARGS__ };		\
	one_of(t, list_, sizeof(list_) / sizeof(list_[0]));		\
} while (0)

static inline void
blanks(struct text *t)
{
	if (random_below(t->r, 4) == 0)
		ONE_OF(t, " ", "\t", "\r\n", "  ");
}

static inline void
gen_string(struct text *t)
{
	add(t, "\"");
	for (size_t k = random_below(t->r, 12); k > 0; k--)
		ONE_OF(t, "a", "pid", "comm", "x", ".", " ", "\x7f",
		    "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9d\x84\x9e", "\\n", "\\\"",
		    "\\\\", "\\/", "\\u0041", "\\u00E9", "\\uD834\\uDd1e",
		    "\\u0000", "abcdefghijklm", "0123456789", "\xf4\x8f\xbf\xbf");
	add(t, "\"");
}

static inline void
gen_key(struct text *t)
{
	if (random_below(t->r, 8) == 0)
		gen_string(t);
	else
		ONE_OF(t, "\"pid\"", "\"comm\"", "\"a\"", "\"b\"", "\"p\\u0069d\"",
		    "\"\"", "\"a.b\"", "\"event\"", "\"cgroup_v1_controller\"");
}

static inline void
gen_value(struct text *t, int depth)
{
	int object = depth == 0 || random_below(t->r, 2);

	if (depth > 0 && (depth > 5 || random_below(t->r, 3) > 0)) {
		if (random_below(t->r, 2))
			gen_string(t);
		else
			ONE_OF(t, "0", "-0", "1", "-1", "42", "1.5", "-0.25e-3",
			    "1E5", "9223372036854775807", "-9223372036854775808",
			    "1e308", "1e309", "9223372036854775808", "true",
			    "false", "null", "0.1", "123456789012");
		return;
	}
	add(t, object ? "{" : "[");
	for (size_t k = random_below(t->r, 6); k > 0; k--) {
		blanks(t);
		if (object) {
			gen_key(t);
			blanks(t);
			add(t, ":");
			blanks(t);
		}
		gen_value(t, depth + 1);
		blanks(t);
		if (k > 1)
			add(t, ",");
	}
	add(t, object ? "}" : "]");
}

static inline void
mutate(struct text *t)
{
	size_t at = random_below(t->r, t->n);

	switch (random_below(t->r, 4)) {
	case 0:
		t->s[at] = random_u64(t->r);
		break;
	case 1:
		t->s[at] = "{}[]\",:\\ue0-+.\xc3\x80 tfn"
		    [random_below(t->r, 21)];
		break;
	case 2:
		memmove(t->s + at, t->s + at + 1, t->n - at - 1);
		t->n--;
		break;
	default:
		t->n = at;
	}
}

#endif
