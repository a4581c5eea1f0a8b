/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What a value in a line says. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rec/json.h"
#include "rec/lex.h"
#include "rec/scan_impl.h"

int
scan_equal(const char *p, const char *end, const char *s, size_t n)
{
	char text[4];
	size_t len;

	for (; p < end; s += len, n -= len) {
		len = json_unescape_one(text, &p);
		if (len > n || memcmp(text, s, len) != 0)
			return 0;
	}
	return n == 0;
}

int
scan_next(const struct scan_val *v, size_t *pos, struct scan_val *key,
    struct scan_val *val)
{
	const char *end = v->p + v->len, *q;
	const char *p = lex_blank(v->p + (*pos > 0 ? *pos : 1), end);

	if (p >= end || *p == ']' || *p == '}')
		return 0;
	if (v->type == SCAN_OBJ) {
		*key = (struct scan_val){ .p = p + 1, .type = SCAN_STR };
		if ((q = lex_string(p + 1, end, &key->escaped)) == NULL)
			return 0;
		key->len = q - key->p;
		p = lex_blank(q + 1, end);
		p = lex_blank(p + 1, end);
	}
	if ((p = scan_value(p, end, val)) == NULL)
		return 0;
	p = lex_blank(p, end);
	*pos = p + (*p == ',') - v->p;
	return 1;
}

/* Any number of digits. */
static int
digits(const char *p, size_t len, uint64_t *u)
{
	uint64_t n = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned d = (unsigned char)(p[i] - '0');

		if (d > 9 || __builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, d, &n))
			return -1;
	}
	*u = n;
	return 0;
}

int
scan_u64(const struct scan_val *v, uint64_t *u)
{
	const char *p = v->p, *end;
	unsigned odd = v->len % 8;
	uint64_t n = 0, w;

	if (v->type != SCAN_NUM)
		return -1;
	if (v->len < 8 || v->len >= 20)
		return digits(p, v->len, u);
	end = p + v->len;
	/* First those that make no eight. */
	if (odd > 0) {
		w = text_last(text_load(p) << 8 * (8 - odd), odd);
		if (!text_digits(w))
			return -1;
		n = text_number(w);
	}
	for (p += odd; p < end; p += 8) {
		w = text_load(p);
		if (!text_digits(w))
			return -1;
		n = n * 100000000 + text_number(w);
	}
	*u = n;
	return 0;
}

/* A decimal of few digits: both parts are exact, so the quotient is what
 * strtod(3) makes of it.  0, or -1 for strtod(3). */
static int
decimal(const struct scan_val *v, double *d)
{
	static const double tens[] = { 1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8,
	    1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15 };
	uint32_t point = v->len - 1;
	uint64_t n = 0;

	if (v->len > 16)
		return -1;
	for (uint32_t i = 0; i < v->len; i++) {
		unsigned c = (unsigned char)(v->p[i] - '0');

		if (v->p[i] == '.')
			point = i;
		else if (c > 9)
			return -1;
		else
			n = n * 10 + c;
	}
	*d = (double)n / tens[v->len - 1 - point];
	return 0;
}

int
scan_double(const struct scan_val *v, double *d)
{
	if (v->type != SCAN_NUM)
		return -1;
	if (FLT_EVAL_METHOD == 0 && decimal(v, d) == 0)
		return 0;
	/* What follows a number in its object ends it for strtod(3), too. */
	*d = strtod(v->p, NULL);
	return isinf(*d) ? -1 : 0;
}

long
scan_str(const struct scan_val *v, char *buf, size_t cap)
{
	size_t len, put;

	if (v->type != SCAN_STR)
		return -1;
	len = json_unescape(buf, cap > 0 ? cap - 1 : 0, v->p, v->len, &put);
	if (cap > 0)
		buf[put] = '\0';
	return len;
}
