/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "core/view.h"

/* One character of UTF-8 at s: its length, or 1 and *c the byte if it is none. */
static size_t
take(const unsigned char *s, uint32_t *c)
{
	size_t n = *s >= 0xf0 ? 4 : *s >= 0xe0 ? 3 : *s >= 0xc2 ? 2 : 1;

	*c = *s;
	if (n == 1)
		return 1;
	*c &= 0x7f >> n;
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80) {
			*c = *s;
			return 1;
		}
		*c = *c << 6 | (s[i] & 0x3f);
	}
	return n;
}

/* Controls; and what changes the order of others, or is not to be seen. */
static int
unsafe(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad ||
	    c == 0x061c || c == 0x180e || (c >= 0x200b && c <= 0x200f) ||
	    (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) ||
	    c == 0xfeff || (c >= 0xfff0 && c <= 0xfffb) ||
	    (c >= 0xe0000 && c <= 0xe0fff);
}

size_t
view_escape(char *p, size_t room, const char *s, int utf8)
{
	const unsigned char *u = (const unsigned char *)s;
	size_t used = 0;

	while (*u != '\0') {
		char buf[16];
		uint32_t c;
		size_t n = take(u, &c), len = n;

		if (unsafe(c) || (n == 1 && c >= 0x80) || (n > 1 && !utf8))
			len = snprintf(buf, sizeof(buf), n == 1 ? "\\x%02x" :
			    c < 0x10000 ? "\\u%04x" : "\\U%08x", c);
		else
			memcpy(buf, u, n);
		if (len > room - used)
			break;
		memcpy(p + used, buf, len);
		used += len;
		u += n;
	}
	return used;
}

struct range {
	uint32_t from, to;
};

static int
in(const struct range *r, size_t n, uint32_t c)
{
	for (size_t i = 0; i < n; i++)
		if (c >= r[i].from && c <= r[i].to)
			return 1;
	return 0;
}

/* Not by wcwidth(3), which knows only what the locale does.  The blocks of
 * combining marks and of wide scripts, not each character of each script. */
static size_t
width(uint32_t c)
{
	static const struct range none[] = {
		{ 0x300, 0x36f }, { 0x483, 0x489 }, { 0x591, 0x5bd },
		{ 0x610, 0x61a }, { 0x64b, 0x65f }, { 0x1ab0, 0x1aff },
		{ 0x1dc0, 0x1dff }, { 0x20d0, 0x20ff }, { 0xfe00, 0xfe0f },
		{ 0xfe20, 0xfe2f },
	}, wide[] = {
		{ 0x1100, 0x115f }, { 0x2e80, 0x303e }, { 0x3041, 0xa4cf },
		{ 0xa960, 0xa97f }, { 0xac00, 0xd7a3 }, { 0xf900, 0xfaff },
		{ 0xfe30, 0xfe6f }, { 0xff01, 0xff60 }, { 0xffe0, 0xffe6 },
		{ 0x1f300, 0x1f64f }, { 0x1f680, 0x1f6ff },
		{ 0x1f900, 0x1f9ff }, { 0x20000, 0x3fffd },
	};

	if (c < 0x300)
		return 1;
	return in(none, sizeof(none) / sizeof(none[0]), c) ? 0 :
	    in(wide, sizeof(wide) / sizeof(wide[0]), c) ? 2 : 1;
}

size_t
view_columns(const char *s, size_t n)
{
	const char *end = s + n;
	size_t columns = 0;
	uint32_t c;

	while (s < end) {
		s += take((const unsigned char *)s, &c);
		columns += width(c);
	}
	return columns;
}
