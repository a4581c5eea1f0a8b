/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The tokens of JSON.  Each function takes the place where one begins and the
 * end of the text, and returns the end of the token, or NULL if it is none.
 */
#ifndef REC_LEX_H
#define REC_LEX_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "rec/wide.h"

static inline const char *
lex_blank(const char *p, const char *end)
{
	/* Most often there is none: one look tells. */
	while (p < end && (unsigned char)*p <= ' ' &&
	    (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
		p++;
	return p;
}

/* Four hexadecimal digits; -1 if they are not. */
static inline int
lex_hex4(const char *p, const char *end)
{
	int v = 0;

	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		char c = p[i], l = c | 0x20;

		if (c >= '0' && c <= '9')
			v = v << 4 | (c - '0');
		else if (l >= 'a' && l <= 'f')
			v = v << 4 | (l - 'a' + 10);
		else
			return -1;
	}
	return v;
}

/* What follows the backslash at p - 1; its end, or NULL. */
static inline const char *
lex_escaped(const char *p, const char *end)
{
	int u;

	if (p == end || *p == '\0' || strchr("\"\\/bfnrtu", *p) == NULL)
		return NULL;
	if (*p++ != 'u')
		return p;
	if ((u = lex_hex4(p, end)) == -1 || (u >= 0xdc00 && u < 0xe000))
		return NULL;
	p += 4;
	if (u < 0xd800 || u >= 0xdc00)
		return p;
	if (end - p < 6 || p[0] != '\\' || p[1] != 'u' ||
	    (u = lex_hex4(p + 2, end)) < 0xdc00 || u >= 0xe000)
		return NULL;
	return p + 6;
}

/* From behind the opening quote to the closing one, or NULL. */
static inline const char *
lex_string(const char *p, const char *end, uint8_t *esc)
{
	uint64_t odd;
	size_t n;

	for (;;) {
		odd = 0;
		while (end - p >= WIDE && (odd = wide_odd(p)) == 0)
			p += WIDE;
		if (odd != 0)
			p += __builtin_ctzll(odd);
		else if (end - p >= 8 && (odd = text_odd(text_load(p))) != 0)
			p += text_first(odd);
		else if (end - p >= 8)
			p += 8;
		if (p == end || (unsigned char)*p < 0x20)
			return NULL;
		if (*p == '"')
			return p;
		if (*p == '\\') {
			*esc = 1;
			if ((p = lex_escaped(p + 1, end)) == NULL)
				return NULL;
		} else if (*p & 0x80) {
			if ((n = text_utf8(p, end - p)) == 0)
				return NULL;
			p += n;
		} else {
			p++;
		}
	}
}

static inline int
lex_digit(const char *p, const char *end)
{
	return p < end && (unsigned char)(*p - '0') < 10;
}

static inline const char *
lex_number(const char *p, const char *end)
{
	if (p < end && *p == '-')
		p++;
	if (!lex_digit(p, end))
		return NULL;
	if (*p++ != '0')
		while (lex_digit(p, end))
			p++;
	if (p < end && *p == '.') {
		if (!lex_digit(++p, end))
			return NULL;
		while (lex_digit(p, end))
			p++;
	}
	if (p < end && (*p | 0x20) == 'e') {
		if (++p < end && (*p == '+' || *p == '-'))
			p++;
		if (!lex_digit(p, end))
			return NULL;
		while (lex_digit(p, end))
			p++;
	}
	return p;
}

static inline const char *
lex_word(const char *p, const char *end, const char *w, size_t n)
{
	return (size_t)(end - p) >= n && memcmp(p, w, n) == 0 ? p + n : NULL;
}

#endif
