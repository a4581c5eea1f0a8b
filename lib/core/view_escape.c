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
