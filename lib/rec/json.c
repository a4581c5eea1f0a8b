/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "rec/json.h"
#include "rec/text.h"

/* Written for a byte; "" is the byte itself, more than ASCII apart. */
struct escape {
	char		text[7];
	unsigned char	len;
};

#define U(x)	{ "\\u00" x, 6 }
#define LIT	{ "", 1 }
#define LIT8	LIT, LIT, LIT, LIT, LIT, LIT, LIT, LIT

static const struct escape escapes[128] = {
	U("00"), U("01"), U("02"), U("03"), U("04"), U("05"), U("06"), U("07"),
	{ "\\b", 2 }, { "\\t", 2 }, { "\\n", 2 }, U("0b"), { "\\f", 2 },
	{ "\\r", 2 }, U("0e"), U("0f"),
	U("10"), U("11"), U("12"), U("13"), U("14"), U("15"), U("16"), U("17"),
	U("18"), U("19"), U("1a"), U("1b"), U("1c"), U("1d"), U("1e"), U("1f"),
	LIT, LIT, { "\\\"", 2 }, LIT, LIT, LIT, LIT, LIT, LIT8, LIT8, LIT8,
	LIT8, LIT8, LIT8,
	LIT, LIT, LIT, LIT, { "\\\\", 2 }, LIT, LIT, LIT,
	LIT8, LIT8, LIT8,
	LIT, LIT, LIT, LIT, LIT, LIT, LIT, U("7f"),
};

static const struct escape between = { "\",\"", 3 };

/* C1 controls, which steer terminals as C0 does: U+0080 to U+009F. */
static size_t
c1(char *p, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";

	memcpy(p, "\\u00", 4);
	p[4] = hex[c >> 4];
	p[5] = hex[c & 15];
	return 6;
}

/* A character that is not ASCII: its JSON form at p, how much of s it took. */
static size_t
wide(char *p, const char *s, size_t n, size_t *took, int *bad)
{
	size_t len = text_utf8(s, n);

	if (len == 0) {
		*took = 1;
		*bad = 1;
		memcpy(p, "\xef\xbf\xbd", 3);
		return 3;
	}
	*took = len;
	if ((unsigned char)s[0] == 0xc2 && (unsigned char)s[1] < 0xa0)
		return c1(p, s[1]);
	memcpy(p, s, len);
	return len;
}

/* One character of any sort.  text has room for 8 bytes. */
static size_t
one(char *text, const char *s, size_t n, const struct escape *nul,
    size_t *took, int *bad)
{
	unsigned char c = *s;
	const struct escape *e = c == 0 ? nul : &escapes[c & 127];

	if (c >= 0x80)
		return wide(text, s, n, took, bad);
	*took = 1;
	memcpy(text, e->text, sizeof(e->text));
	if (e->text[0] == '\0')
		text[0] = c;
	return e->len;
}

static inline int
plain(uint64_t w, size_t *n)
{
	uint64_t odd = text_odd(w) | text_eq(w, 0x7f);

	*n = odd != 0 ? text_first(odd) : 8;
	return odd == 0;
}

/* Runs of plain ASCII, as far as they fit. */
static inline void
copy(char **p, const char *stop, const char **s, const char *end)
{
	size_t len;
	int all = 1;

	while (all && end - *s >= 8 && stop - *p >= 8) {
		memcpy(*p, *s, 8);
		all = plain(text_load(*s), &len);
		*p += len;
		*s += len;
	}
	if (!all)
		return;
	while (*s < end && *p < stop && escapes[**s & 127].text[0] == '\0' &&
	    !(**s & 0x80))
		*(*p)++ = *(*s)++;
}

static size_t
escape(char *p, size_t room, const char *s, size_t n, const struct escape *nul,
    size_t *used, int *bad)
{
	const char *s0 = s, *end = s + n;
	char *p0 = p, *stop = p + room, text[8];
	size_t len, took;
	int ill, any = 0;

	for (;;) {
		copy(&p, stop, &s, end);
		if (s == end)
			break;
		ill = 0;
		len = one(text, s, end - s, nul, &took, &ill);
		if (len > (size_t)(stop - p))
			break;
		memcpy(p, text, len);
		p += len;
		s += took;
		any |= ill;
	}
	if (used != NULL)
		*used = s - s0;
	if (any && bad != NULL)
		*bad = 1;
	return p - p0;
}

size_t
json_escape(char *p, size_t room, const char *s, size_t n, size_t *used,
    int *bad)
{
	return escape(p, room, s, n, &escapes[0], used, bad);
}

size_t
json_escape_list(char *p, size_t room, const char *s, size_t n, size_t *used,
    int *bad)
{
	return escape(p, room, s, n, &between, used, bad);
}

static size_t
measure(const char *s, size_t n, const struct escape *nul)
{
	const char *end = s + n;
	size_t sum = 0, len, took;
	char text[8];
	int ill;

	while (s < end) {
		if (end - s >= 8) {
			plain(text_load(s), &len);
			sum += len;
			s += len;
			if (len == 8)
				continue;
		}
		sum += one(text, s, end - s, nul, &took, &ill);
		s += took;
	}
	return sum;
}

size_t
json_measure(const char *s, size_t n)
{
	return measure(s, n, &escapes[0]);
}

size_t
json_measure_list(const char *s, size_t n)
{
	return measure(s, n, &between);
}

static unsigned
hex4(const char *s)
{
	unsigned v = 0;

	for (int i = 0; i < 4; i++)
		v = v << 4 | ((s[i] & 15) + (s[i] >= 'A' ? 9 : 0));
	return v;
}

size_t
json_utf8(char *p, uint32_t c)
{
	if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		c = 0xfffd;
	if (c < 0x80) {
		p[0] = c;
		return 1;
	}
	if (c < 0x800) {
		p[0] = 0xc0 | c >> 6;
		p[1] = 0x80 | (c & 63);
		return 2;
	}
	if (c < 0x10000) {
		p[0] = 0xe0 | c >> 12;
		p[1] = 0x80 | (c >> 6 & 63);
		p[2] = 0x80 | (c & 63);
		return 3;
	}
	p[0] = 0xf0 | c >> 18;
	p[1] = 0x80 | (c >> 12 & 63);
	p[2] = 0x80 | (c >> 6 & 63);
	p[3] = 0x80 | (c & 63);
	return 4;
}

/* What follows a backslash. */
static size_t
unescape(char *p, const char **s)
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	const char c = *(*s)++, *at;
	unsigned u;

	if (c != 'u') {
		at = strchr(from, c);
		*p = at != NULL ? to[at - from] : c;
		return 1;
	}
	u = hex4(*s);
	*s += 4;
	if (u >= 0xd800 && u < 0xdc00) {
		u = 0x10000 + ((u & 0x3ff) << 10 | (hex4(*s + 2) & 0x3ff));
		*s += 6;
	}
	return json_utf8(p, u);
}

size_t
json_unescape_one(char *p, const char **s)
{
	unsigned char c = **s;
	size_t len;

	if (c == '\\') {
		++*s;
		return unescape(p, s);
	}
	len = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
	memcpy(p, *s, len);
	*s += len;
	return len;
}

size_t
json_unescape(char *p, size_t room, const char *s, size_t n, size_t *put)
{
	const char *end = s + n;
	size_t sum = 0, got = 0, len;
	char text[4];

	if (n <= room && memchr(s, '\\', n) == NULL) {
		memcpy(p, s, n);
		sum = got = n;
		s = end;
	}
	while (s < end) {
		len = json_unescape_one(text, &s);
		if (got == sum && len <= room - got) {
			memcpy(p + got, text, len);
			got += len;
		}
		sum += len;
	}
	if (put != NULL)
		*put = got;
	return sum;
}
