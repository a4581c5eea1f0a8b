/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Random numbers that can be had again, and records made of them. */
#ifndef RANDOM_H
#define RANDOM_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rec/event.h"

/* From LNX_SEED, or from the clock; told, so that it can be given back. */
static inline uint64_t
random_seed(void)
{
	const char *s = getenv("LNX_SEED");
	uint64_t seed = s != NULL ? strtoull(s, NULL, 0) :
	    (uint64_t)time(NULL) * 1000003 + (uint64_t)clock();

	printf("# LNX_SEED=%" PRIu64 "\n", seed);
	return seed;
}

static inline uint64_t
random_u64(uint64_t *r)			/* splitmix64 */
{
	uint64_t z = *r += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static inline uint64_t
random_below(uint64_t *r, uint64_t n)
{
	return random_u64(r) % n;
}

/* Small ones, great ones, and those at the edges. */
static inline uint64_t
random_edge(uint64_t *r)
{
	static const uint64_t edges[] = {
		0, 1, 9, 10, 99, 100, INT32_MAX, UINT32_MAX - UINT64_C(1),
		UINT32_MAX, UINT32_MAX + UINT64_C(1), INT64_MAX,
		UINT64_MAX - 1, UINT64_MAX, UINT64_C(9999999999999999999),
		UINT64_C(10000000000000000000),
	};

	switch (random_below(r, 3)) {
	case 0:
		return edges[random_below(r, sizeof(edges) / sizeof(edges[0]))];
	case 1:
		return random_below(r, 1000);
	default:
		return random_u64(r) >> random_below(r, 64);
	}
}

/* One character of UTF-8 at p, never a NUL or a slash; its length. */
static inline size_t
random_char(uint64_t *r, char *p)
{
	static const char *const odd[] = {
		"\"", "\\", "\n", "\t", "\x01", "\x1f", "\x7f", "\xc2\x80",
		"\xc2\x9f", "\xc2\xa0", "\xdf\xbf", "\xe0\xa0\x80",
		"\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbd", "\xef\xbf\xbf",
		"\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "\xe2\x80\xa8", "'",
	};
	const char *s;

	if (random_below(r, 8) != 0) {
		*p = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJ-_. =:0123"
		    [random_below(r, 46)];
		return 1;
	}
	s = odd[random_below(r, sizeof(odd) / sizeof(odd[0]))];
	memcpy(p, s, strlen(s));
	return strlen(s);
}

/* At most max bytes of UTF-8. */
static inline size_t
random_text(uint64_t *r, char *p, size_t max)
{
	size_t want = random_below(r, max + 1), n = 0;

	while (n + 4 <= want)
		n += random_char(r, p + n);
	return n;
}

/* One to four texts, each ended by a NUL; none is empty unless that is fine. */
static inline size_t
random_names(uint64_t *r, char *p, size_t max, int empty)
{
	size_t n = 0;

	for (size_t k = random_below(r, 4) + 1; k > 0; k--) {
		if (!empty)
			p[n++] = 'x';
		n += random_text(r, p + n, max);
		p[n++] = '\0';
	}
	return n;
}

static inline size_t
random_tail(uint64_t *r, int type, char *p, size_t max)
{
	if (random_below(r, 3) == 0)
		return 0;
	switch (type) {
	case F_str:
		return random_text(r, p, max);
	case F_path:
		if (random_below(r, 5) != 0)
			return random_names(r, p, max / 5, 0);
		p[0] = '\0';
		return 1;
	default:
		return random_names(r, p, max / 5, 1);
	}
}

static inline void
random_fixed(uint64_t *r, const struct field *f, char *rec)
{
	uint64_t v = random_edge(r);
	uint32_t u = v;
	uint16_t cpu = v;
	char *p = rec + f->off;

	switch (f->type) {
	case F_proc:
		u = random_edge(r);
		if (u == 0 || u == WIRE_UNKNOWN_32)	/* has no id */
			v = WIRE_UNKNOWN_64;
		memcpy(p, &v, sizeof(v));
		memcpy(p + 8, &u, sizeof(u));
		break;
	case F_flag:
		u &= 1;
		/* fallthrough */
	case F_u32:
		memcpy(p, &u, sizeof(u));
		break;
	case F_char:
		u = "RSDTtIZX"[u % 8];
		memcpy(p, &u, sizeof(u));
		break;
	case F_comm:
		random_text(r, p, 16);
		break;
	case F_cpu:
		memcpy(p, &cpu, sizeof(cpu));
		break;
	default:
		memcpy(p, &v, sizeof(v));
	}
}

/*
 * A record of that kind at rec, which has room, with tails of about max bytes.
 * Its size.  All bytes mean something: decoding its line gives the same.
 */
static inline size_t
random_record(uint64_t *r, int kind, char *rec, size_t max)
{
	const struct event_desc *d = event_desc(kind);
	struct wire_head h = { .kind = kind, .cpu = UINT16_MAX,
	    .boot_ns = random_edge(r) };
	uint32_t size = d->size, len;

	memset(rec, 0, d->size);
	memcpy(rec, &h, sizeof(h));
	for (size_t i = 0; i < d->nfields; i++) {
		const struct field *f = &d->fields[i];

		if (f->from == FROM_tail) {
			len = random_tail(r, f->type, rec + size, max);
			memcpy(rec + f->off, &len, sizeof(len));
			size += len;
		} else if (f->from < FROM_added) {
			random_fixed(r, f, rec);
		}
	}
	memcpy(rec + offsetof(struct wire_head, size), &size, sizeof(size));
	return size;
}

#endif
