/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Sixteen bytes at a time, for those who read lines.  Each function looks at
 * WIDE bytes, all of which must be there; the answer has a bit for each, the
 * first of them lowest.  Processors without SSE2 take eight and eight.
 */
#ifndef REC_WIDE_H
#define REC_WIDE_H

#include <stdint.h>
#include <string.h>

#include "rec/text.h"

enum { WIDE = 16 };

#ifdef __SSE2__
#include <emmintrin.h>

static inline __m128i
wide_load(const char *p)
{
	return _mm_loadu_si128((const __m128i *)(const void *)p);
}

/* Bytes that end a run of plain ASCII inside a JSON string: controls, quote,
 * backslash, not ASCII. */
static inline unsigned
wide_odd(const char *p)
{
	__m128i v = wide_load(p);
	/* The quote changes places with the blank, next to the controls; these are
	 * below 0 then, as are those that are not ASCII at once. */
	__m128i odd = _mm_sub_epi8(_mm_xor_si128(v, _mm_set1_epi8('"' ^ ' ')),
	    _mm_set1_epi8(' ' + 1));

	odd = _mm_or_si128(odd, _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
	return _mm_movemask_epi8(_mm_or_si128(odd, v));
}

/* Bytes that are no decimal digits. */
static inline unsigned
wide_not_digits(const char *p)
{
	__m128i v = _mm_sub_epi8(wide_load(p), _mm_set1_epi8('0'));

	return _mm_movemask_epi8(_mm_cmpeq_epi8(v,
	    _mm_min_epu8(v, _mm_set1_epi8(9)))) ^ 0xffff;
}

/* Bytes that are the same in both. */
static inline unsigned
wide_same(const char *a, const char *b)
{
	return _mm_movemask_epi8(_mm_cmpeq_epi8(wide_load(a), wide_load(b)));
}

#else

/* The high bits of eight bytes, side by side. */
static inline unsigned
wide_bits(uint64_t high)
{
	return (high >> 7) * UINT64_C(0x0102040810204080) >> 56;
}

/* The high bit of each byte that is 0, and of no other. */
static inline uint64_t
wide_zero(uint64_t w)
{
	return ~(((w & ~TEXT_HIGH) + ~TEXT_HIGH) | w | ~TEXT_HIGH);
}

/* The high bit of each byte of w, all below 0x80, that is n or more. */
static inline uint64_t
wide_from(uint64_t w, unsigned char n)
{
	return (w + TEXT_ONES * (0x80u - n)) & TEXT_HIGH;
}

static inline uint64_t
wide_odd8(uint64_t w)
{
	return (w & TEXT_HIGH) | (wide_from(w & ~TEXT_HIGH, 0x20) ^ TEXT_HIGH) |
	    wide_zero(w ^ TEXT_ONES * '"') | wide_zero(w ^ TEXT_ONES * '\\');
}

static inline uint64_t
wide_not_digits8(uint64_t w)
{
	return (w & TEXT_HIGH) | (wide_from(w & ~TEXT_HIGH, '0') ^ TEXT_HIGH) |
	    wide_from(w & ~TEXT_HIGH, '9' + 1);
}

static inline unsigned
wide_odd(const char *p)
{
	return wide_bits(wide_odd8(text_load(p))) |
	    wide_bits(wide_odd8(text_load(p + 8))) << 8;
}

static inline unsigned
wide_not_digits(const char *p)
{
	return wide_bits(wide_not_digits8(text_load(p))) |
	    wide_bits(wide_not_digits8(text_load(p + 8))) << 8;
}

static inline unsigned
wide_same(const char *a, const char *b)
{
	return wide_bits(wide_zero(text_load(a) ^ text_load(b))) |
	    wide_bits(wide_zero(text_load(a + 8) ^ text_load(b + 8))) << 8;
}

#endif
#endif
