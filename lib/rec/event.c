/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <errno.h>
#include <string.h>

#include "base/num.h"

#include "rec/event.h"
#include "rec/text.h"

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))
#define LEN(s)		(sizeof(s) - 1)

/* Fields named pad* have no row: ROW(pad0, r) is nothing, ROW(x, r) is r. */
#define PAD_pad0	,
#define PAD_pad1	,
#define PAD_pad2	,
#define PAD_pad3	,
#define THIRD(a, b, c, ...)	c
#define PICK(...)		THIRD(__VA_ARGS__)
#define NONE(...)
#define SAME(...)		__VA_ARGS__
#define ROW(f, ...)		PICK(PAD_##f, NONE, SAME, )(__VA_ARGS__)

#define KEY(f)		",\"" f "\":"
#define HEAD_TYPE(f)							\
	(sizeof(((struct wire_head *)0)->f) == 2 ? F_cpu : F_seq)

#define EVENT(ev, n, doc)	static const struct field fields_##ev[] = {
#define PROC(ev, i, p, doc)	{ #i, #p, doc,				\
	offsetof(struct wire_##ev, i##_start), F_proc, FROM_wire,	\
	LEN(KEY(#i)), LEN(KEY(#p)), KEY(#i), KEY(#p) },
#define FIELD(f, doc, off, t, from)	{ #f, NULL, doc, off, t, from,	\
	LEN(KEY(#f)), 0, KEY(#f), "" },
#define WIRE(ev, t, f, doc)						\
	ROW(f, FIELD(f, doc, offsetof(struct wire_##ev, f), F_##t, FROM_wire))
#define TAIL(ev, t, f, doc)						\
	FIELD(f, doc, offsetof(struct wire_##ev, len_##f), F_##t, FROM_tail)
#define HEAD(ev, t, f, doc)						\
	FIELD(f, doc, offsetof(struct wire_head, f), HEAD_TYPE(f), FROM_head)
#define ADDED(ev, t, f, doc)	FIELD(f, doc, 0, F_##t, FROM_added)
#define OPEN(ev, o, doc)	{ #o, NULL, doc, LEN(#o "_"), F_open, FROM_none,	\
	LEN(KEY(#o)), 0, KEY(#o), "" },
#define CLOSE(ev, o)		{ #o, NULL, "", 0, F_close, FROM_none, 0, 0, "", "" },
#define END(ev)			};
#include "rec/event.def"

/*
 * The longest line: each value at its longest, each tail empty but named in
 * "cut" and "replaced".
 */
enum {
	MAX_u64 = 20, MAX_u32 = 10, MAX_flag = 4, MAX_hex64 = 18,
	MAX_dec64 = 22, MAX_micro = 21, MAX_time = NUM_TIME + 2, MAX_char = 8,
	MAX_comm = 2 + 16 * 6 + LEN("\"comm\","),
	MAX_line = NUM_TIME + LEN("\",\"boot_ns\":") + 20 +
	    LEN(",\"host\":\"\"") + 64 * 6 + LEN(",\"cut\":[]") +
	    LEN(",\"replaced\":[\"host\",]") + LEN("}\n"),
	MAX_slack = 64,		/* the encoder copies keys 32 bytes at a time */
};
#define MAX_TAIL(f)	(LEN(KEY(#f)) + LEN("[\"\"]") + 2 * LEN("\"" #f "\","))

#define HEADTEXT(ev)	"{\"v\":1,\"event\":\"" #ev "\",\"time\":\""

static const struct event_desc descs[] = {
#define EVENT(ev, n, doc)						\
	{ .name = #ev, .kind = n, .size = sizeof(struct wire_##ev),	\
	  .fields = fields_##ev, .nfields = NELEM(fields_##ev),		\
	  .head = HEADTEXT(ev), .headlen = LEN(HEADTEXT(ev)),		\
	  .room = MAX_slack + MAX_line + LEN(HEADTEXT(ev))
#define PROC(ev, i, p, doc)	+ LEN(KEY(#i) KEY(#p)) + 2 + EVENT_ID + MAX_u32
#define WIRE(ev, t, f, doc)	+ LEN(KEY(#f)) + MAX_##t
#define TAIL(ev, t, f, doc)	+ MAX_TAIL(f)
#define HEAD(ev, t, f, doc)	+ LEN(KEY(#f)) + MAX_##t
#define OPEN(ev, o, doc)	+ LEN(KEY(#o) "{}")
#define END(ev)			},
#include "rec/event.def"
};

const struct event_desc *
event_desc(int kind)
{
	/* By position where event.def counts without gaps, as it does now. */
	if (kind > 0 && (size_t)kind <= NELEM(descs) &&
	    descs[kind - 1].kind == kind)
		return &descs[kind - 1];
	for (size_t i = 0; kind > 0 && i < NELEM(descs); i++)
		if (descs[i].kind == kind)
			return &descs[i];
	return NULL;
}

int
event_kind(const char *name, size_t len)
{
	for (size_t i = 0; i < NELEM(descs); i++)
		if (strlen(descs[i].name) == len &&
		    memcmp(descs[i].name, name, len) == 0)
			return descs[i].kind;
	return 0;
}

const struct event_desc *
event_check(const void *rec, size_t size)
{
	const struct event_desc *d;
	struct wire_head h;
	uint64_t sum;
	uint32_t len;

	if (size < sizeof(h))
		return NULL;
	memcpy(&h, rec, sizeof(h));
	if (h.size > size || (d = event_desc(h.kind)) == NULL ||
	    h.size < d->size)
		return NULL;
	sum = d->size;
	for (size_t i = 0; i < d->nfields; i++)
		if (d->fields[i].from == FROM_tail) {
			memcpy(&len, (const char *)rec + d->fields[i].off,
			    sizeof(len));
			sum += len;
		}
	return sum == h.size ? d : NULL;
}

/* Bytes of a row in its struct. */
static size_t
width(const struct field *f)
{
	switch (f->from == FROM_tail ? F_u32 : f->type) {
	case F_proc: case F_comm:
		return 16;
	case F_u32: case F_flag: case F_char:
		return 4;
	default:
		return 8;
	}
}

static int
in_struct(const struct field *f)
{
	return f->from == FROM_wire || f->from == FROM_tail;
}

/* The bytes of a record whose struct ends at n; 0 if none can end there. */
static uint64_t
ends_at(const struct event_desc *d, const void *rec, size_t n)
{
	uint64_t sum = n;
	uint32_t len;

	for (size_t i = 0; i < d->nfields; i++) {
		const struct field *f = &d->fields[i];

		if (!in_struct(f) || f->off >= n)
			continue;
		if (f->off + width(f) > n)
			return 0;
		if (f->from == FROM_tail) {
			memcpy(&len, (const char *)rec + f->off, sizeof(len));
			sum += len;
		}
	}
	return sum;
}

/* Rows of the struct from n on become unknown; it is zero there. */
static void
blank(const struct event_desc *d, char *rec, size_t n)
{
	for (size_t i = 0; i < d->nfields; i++) {
		const struct field *f = &d->fields[i];

		if (f->from != FROM_wire || f->off < n || f->type == F_flag ||
		    f->type == F_char || f->type == F_comm)
			continue;
		memset(rec + f->off, 0xff, f->type == F_proc ? 12 : width(f));
	}
}

#define EVENT(ev, n, doc)						\
	_Static_assert(sizeof(struct wire_##ev) <= EVENT_MORE, #ev);
#include "rec/event.def"

const void *
event_widen(const void *rec, size_t *size, void *buf)
{
	const struct event_desc *d;
	struct wire_head h;
	size_t n;

	if (event_check(rec, *size) != NULL)
		return rec;
	if (*size < sizeof(h))
		return NULL;
	memcpy(&h, rec, sizeof(h));
	if (h.size > *size || h.size < sizeof(h) ||
	    (d = event_desc(h.kind)) == NULL)
		return NULL;
	/* Structs are multiples of 8 bytes. */
	n = d->size < h.size + 8 ? d->size - 8 : h.size / 8 * 8;
	while (n > sizeof(h) && ends_at(d, rec, n) != h.size)
		n -= 8;
	if (n <= sizeof(h))
		return NULL;
	memset(buf, 0, d->size);
	memcpy(buf, rec, n);
	blank(d, buf, n);
	memcpy((char *)buf + d->size, (const char *)rec + n, h.size - n);
	h.size += d->size - n;
	memcpy(buf, &h, sizeof(h));
	*size = h.size;
	return buf;
}

size_t
event_id(char *p, const char boot[9], uint64_t start, uint32_t pid)
{
	char *q = p + 8;

	memcpy(p, boot, 8);
	*q++ = '-';
	q += num_put(q, start);
	*q++ = '-';
	q += num_put(q, pid);
	*q = '\0';
	return q - p;
}

/*
 * Eight lowercase hexadecimal digits; or -1.  All at one time: of a letter, bit 6
 * is set, and its digit is 9 more than its low half.
 */
static int
hex8(const char *s, uint32_t *v)
{
	uint64_t w = text_load(s), letter = w >> 6 & TEXT_ONES;
	uint64_t n = (w & TEXT_ONES * 0x0f) + 9 * letter;

	if ((w & TEXT_ONES * 0xf0) != 0x30 * (TEXT_ONES + letter) ||
	    (n & TEXT_ONES * 0x10) != 0 ||
	    ((n + 6 * TEXT_ONES) >> 4 & TEXT_ONES) != letter)
		return -1;
	n = __builtin_bswap64(n);
	n = (n | n >> 4) & UINT64_C(0x00ff00ff00ff00ff);
	n = (n | n >> 8) & UINT64_C(0x0000ffff0000ffff);
	*v = n | n >> 16;
	return 0;
}

/*
 * The number of n digits that end at q, as num_put() writes them.  There are
 * bytes before them: n, made up to whole eights, can be read.
 */
static int
number(const char *q, size_t n, uint64_t max, uint64_t *v)
{
	uint64_t w, scale = 1;

	if (n == 0 || n > 20 || (n > 1 && q[-(ptrdiff_t)n] == '0'))
		return -1;
	for (*v = 0;; n -= 8) {
		q -= 8;
		w = text_last(text_load(q), n < 8 ? n : 8);
		if (!text_digits(w) ||
		    __builtin_mul_overflow(text_number(w), scale, &w) ||
		    __builtin_add_overflow(*v, w, v))
			return -1;
		if (n <= 8)
			break;
		scale *= 100000000;
	}
	return *v > max ? -1 : 0;
}

enum { FROM = 9 };		/* in an id, the start is behind the boot and a '-' */

/* How many of these bytes are digits, from the last on. */
static inline unsigned
digits_behind(uint64_t w)
{
	uint64_t x = w ^ TEXT_ONES * '0';

	/* The high bit of each that is none. */
	x = (((x & ~TEXT_HIGH) + TEXT_ONES * (0x80 - 10)) | x) & TEXT_HIGH;
	return x != 0 ? (unsigned)__builtin_clzll(x) / 8 : 8;
}

/* Start and process of an id as most are: of up to 16 and 7 digits.  0, or -1 if
 * it is something else. */
static inline int
id_quick(const char *s, const char *end, uint64_t *start, uint32_t *pid)
{
	uint64_t w = text_load(end - 8), high;
	unsigned n = digits_behind(w), m;
	uint32_t last;
	const char *dash = end - n - 1;
	ptrdiff_t len = dash - (s + FROM);

	if (n == 0 || n == 8 || len < 1 || len > 16 || *dash != '-' ||
	    (n > 1 && dash[1] == '0') || (len > 1 && s[FROM] == '0'))
		return -1;
	last = text_number(text_last(w, n));
	w = text_load(dash - 8);
	m = digits_behind(w);
	if (len > 8) {
		high = text_load(dash - 16);
		if (m < 8 || digits_behind(high) + 8 < len)
			return -1;
		*start = text_number(text_last(high, len - 8)) *
		    UINT64_C(100000000) + text_number(w);
	} else {
		if (m < len)
			return -1;
		*start = text_number(text_last(w, len));
	}
	*pid = last;
	return 0;
}

int
event_id_parse(const char *s, size_t len, uint32_t *boot, uint64_t *start,
    uint32_t *pid)
{
	const char *end = s + len, *dash = end;
	uint64_t n;

	if (len > FROM && hex8(s, boot) == 0 && s[FROM - 1] == '-' &&
	    id_quick(s, end, start, pid) == 0)
		return 0;
	errno = EINVAL;
	if (len <= FROM || hex8(s, boot) == -1 || s[FROM - 1] != '-')
		return -1;
	while (dash > s + FROM && dash[-1] != '-')
		dash--;
	if (dash == s + FROM || number(end, end - dash, UINT32_MAX, &n) == -1 ||
	    number(dash - 1, dash - 1 - (s + FROM), UINT64_MAX, start) == -1)
		return -1;
	*pid = n;
	return 0;
}
