/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Eight bytes at a time: what the writers and readers of strings share. */
#ifndef REC_TEXT_H
#define REC_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define TEXT_ONES	UINT64_C(0x0101010101010101)
#define TEXT_HIGH	UINT64_C(0x8080808080808080)

/* Eight bytes, the first of them lowest. */
static inline uint64_t
text_load(const char *s)
{
	uint64_t w;

	memcpy(&w, s, sizeof(w));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	w = __builtin_bswap64(w);
#endif
	return w;
}

/* The high bit of each byte that is c; right up to the first that is. */
static inline uint64_t
text_eq(uint64_t w, unsigned char c)
{
	w ^= TEXT_ONES * c;
	return (w - TEXT_ONES) & ~w & TEXT_HIGH;
}

/*
 * The high bit of each byte that ends a run of plain ASCII inside a JSON
 * string: controls, quote, backslash, not ASCII.  Right up to the first.
 */
static inline uint64_t
text_odd(uint64_t w)
{
	uint64_t odd = ((w - TEXT_ONES * 0x20) & ~w) | w;

	return (odd & TEXT_HIGH) | text_eq(w, '"') | text_eq(w, '\\');
}

/* Are all eight digits? */
static inline int
text_digits(uint64_t w)
{
	uint64_t x = w ^ TEXT_ONES * '0';

	return ((x | (x + TEXT_ONES * 6)) & TEXT_ONES * 0xf0) == 0;
}

/* The number that eight digits make: pairs, fours, all. */
static inline uint32_t
text_number(uint64_t w)
{
	w -= TEXT_ONES * '0';
	w = w * 10 + (w >> 8);
	return ((w & UINT64_C(0xff000000ff)) * (100 + (UINT64_C(1000000) << 32)) +
	    (w >> 16 & UINT64_C(0xff000000ff)) * (1 + (UINT64_C(10000) << 32)))
	    >> 32;
}

/* The last n of these bytes, 1 to 8, and '0' for those before them. */
static inline uint64_t
text_last(uint64_t w, unsigned n)
{
	uint64_t skip = ~UINT64_C(0) >> 8 * (n - 1) >> 8;

	return (w & ~skip) | (TEXT_ONES * '0' & skip);
}

/* Where the first of these bits is, in bytes; bits must not be 0. */
static inline size_t
text_first(uint64_t bits)
{
	return (size_t)__builtin_ctzll(bits) / 8;
}

/* Length of the UTF-8 character at s, which is not ASCII; 0 if it is none. */
static inline size_t
text_utf8(const char *str, size_t n)
{
	const unsigned char *s = (const unsigned char *)str;
	unsigned char low = 0x80, high = 0xbf;
	size_t len = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;

	if (s[0] < 0xc2 || s[0] > 0xf4 || n < len)
		return 0;
	if (s[0] == 0xe0)		/* overlong */
		low = 0xa0;
	else if (s[0] == 0xed)		/* surrogates */
		high = 0x9f;
	else if (s[0] == 0xf0)		/* overlong */
		low = 0x90;
	else if (s[0] == 0xf4)		/* beyond U+10FFFF */
		high = 0x8f;
	if (s[1] < low || s[1] > high)
		return 0;
	for (size_t i = 2; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

/* n without the bytes of a character that n cut. */
static inline size_t
text_trim(const char *s, size_t n)
{
	for (size_t i = 1; i <= 3 && i <= n; i++) {
		unsigned char c = s[n - i];

		if ((c & 0xc0) == 0x80)
			continue;
		return c >= (i < 2 ? 0xc0 : i < 3 ? 0xe0 : 0xf0) ? n - i : n;
	}
	return n;
}

#endif
