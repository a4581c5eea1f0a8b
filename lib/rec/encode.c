/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <errno.h>
#include <string.h>

#include "base/num.h"

#include "rec/event.h"
#include "rec/json.h"
#include "rec/tail.h"

/*
 * A line is written in one pass that trusts that everything fits.  If it does
 * not, the pass is thrown away and done again with a limit for each tail.
 */
struct enc {
	const struct event_ctx	*ctx;
	const struct event_desc	*d;
	const char		*rec;
	const char		*tail;		/* next one */
	char			*p;
	char			*stop;		/* pass 1: tails end before it */
	size_t			 limit;		/* pass 2: most of a tail */
	uint64_t		 cut, replaced;	/* bit i: field i */
	uint64_t		 forced;	/* pass 2: flag i is true */
	size_t			 strip;		/* in an object: of a row's name */
	char			*object;	/* where it begins */
	int			 boot;		/* the boot id is known */
	int			 host_replaced;
	int			 bare;		/* leave out the tails */
	int			 full;		/* something did not fit */
};

static inline uint32_t
get32(const char *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint64_t
get64(const char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline char *
put(char *p, const char *s, size_t n)
{
	memcpy(p, s, n);
	return p + n;
}

/* Write ,"name": of len bytes; more than it takes, see MAX_slack in event.c. */
static inline char *
put_key(const struct enc *e, char *p, const char *key, size_t len)
{
	if (e->strip == 0) {
		memcpy(p, key, 32);
		return p + len;
	}
	*p++ = ',';
	*p++ = '"';
	len -= 2 + e->strip;
	return put(p, key + 2 + e->strip, len);
}

static inline char *
key(const struct enc *e, const struct field *f)
{
	return put_key(e, e->p, f->key, f->keylen);
}

static inline char *
digits(char *p, uint64_t v)
{
	if (v < 10) {
		*p = '0' + v;
		return p + 1;
	}
	return p + num_put(p, v);
}

static inline void
put_u64(struct enc *e, const struct field *f, uint64_t v)
{
	e->p = digits(key(e, f), v);
}

/* Millionths, as few digits as it takes. */
static void
put_micro(struct enc *e, const struct field *f, uint64_t v)
{
	uint32_t part = v % 1000000;
	char *p = digits(key(e, f), v / 1000000);

	if (part > 0)
		*p++ = '.';
	for (uint32_t unit = 100000; part > 0; unit /= 10) {
		*p++ = '0' + part / unit;
		part %= unit;
	}
	e->p = p;
}

/* An object begins with its first field; one without any is not there. */
static void
put_open(struct enc *e, const struct field *f)
{
	e->p = put(key(e, f), "{", 1);
	e->object = e->p;
	e->strip = f->off;
}

static void
put_close(struct enc *e)
{
	char *p = e->object;

	e->strip = 0;
	if (e->p == p) {
		while (*--p != ',')
			;
		e->p = p;
		return;
	}
	memmove(p, p + 1, e->p - p - 1);	/* the comma before the first */
	e->p[-1] = '}';
}

static void
put_proc(struct enc *e, const struct field *f)
{
	uint64_t start = get64(e->rec + f->off);
	uint32_t pid = get32(e->rec + f->off + 8);
	char *p = e->p;

	if (pid == WIRE_UNKNOWN_32)
		return;
	if (pid != 0 && start != WIRE_UNKNOWN_64 && e->boot) {
		p = key(e, f);
		*p++ = '"';
		p += event_id(p, e->ctx->boot, start, pid);
		*p++ = '"';
	}
	e->p = digits(put_key(e, p, f->pidkey, f->pidkeylen), pid);
}

static void
put_hex(struct enc *e, const struct field *f, uint64_t v)
{
	static const char hex[] = "0123456789abcdef";
	char *p = key(e, f);

	*p++ = '"';
	for (int i = 60; i >= 0; i -= 4)
		*p++ = hex[v >> i & 15];
	*p++ = '"';
	e->p = p;
}

static void
put_time(struct enc *e, const struct field *f, uint64_t v)
{
	char *p = key(e, f);

	*p++ = '"';
	num_put_time(p, v + (uint64_t)e->ctx->real_ns);
	p[NUM_TIME] = '"';
	e->p = p + NUM_TIME + 1;
}

static char *
put_text(char *p, const char *s, size_t n, int *bad)
{
	*p++ = '"';
	p += json_escape(p, n * JSON_WORST, s, n, NULL, bad);
	*p++ = '"';
	return p;
}

static void
put_comm(struct enc *e, const struct field *f, size_t i)
{
	const char *s = e->rec + f->off;
	int bad = 0;

	e->p = put_text(key(e, f), s, strnlen(s, 16), &bad);
	if (bad)
		e->replaced |= UINT64_C(1) << i;
}

static void
put_char(struct enc *e, const struct field *f, uint32_t c)
{
	char text[4];
	size_t n = json_utf8(text, c);

	e->p = put_text(key(e, f), text, n, NULL);
}

/* How much a tail may take at p. */
static size_t
room(const struct enc *e, const char *p)
{
	if (e->limit > 0)
		return e->limit;
	return p < e->stop ? (size_t)(e->stop - p) : 0;
}

/* The flag before the tail says that it is cut; else "cut" says it. */
static int
has_flag(const struct event_desc *d, size_t i)
{
	const char *name = d->fields[i].name;
	size_t len = strlen(name);

	return i > 0 && d->fields[i - 1].type == F_flag &&
	    strncmp(d->fields[i - 1].name, name, len) == 0 &&
	    strcmp(d->fields[i - 1].name + len, "_cut") == 0;
}

static void
put_tail(struct enc *e, const struct field *f, size_t i)
{
	size_t n = get32(e->rec + f->off);
	const char *s = e->tail;
	int told;
	char *p;

	if (n == 0 || e->bare)
		return;
	e->tail += n;
	p = key(e, f);
	e->p = tail_put(p, room(e, p), f->type, s, n, &told);
	if (told == 0)
		return;
	if (told & TAIL_FULL)
		e->full = 1;
	if (told & TAIL_REPLACED)
		e->replaced |= UINT64_C(1) << i;
	if (told & (TAIL_CUT | TAIL_FULL) && !has_flag(e->d, i))
		e->cut |= UINT64_C(1) << i;
}

static void
put_wire64(struct enc *e, const struct field *f)
{
	uint64_t v = get64(e->rec + f->off);

	if (v == WIRE_UNKNOWN_64)
		return;
	switch (f->type) {
	case F_hex64:
		put_hex(e, f, v);
		break;
	case F_time:
		put_time(e, f, v);
		break;
	case F_micro:
		put_micro(e, f, v);
		break;
	case F_dec64:
		e->p = key(e, f);
		*e->p++ = '"';
		e->p = digits(e->p, v);
		*e->p++ = '"';
		break;
	default:
		put_u64(e, f, v);
	}
}

static void
put_flag(struct enc *e, const struct field *f, size_t i)
{
	if (get32(e->rec + f->off) != 0 || (e->forced >> i & 1))
		e->p = put(key(e, f), "true", 4);
}

static inline void
put_field(struct enc *e, const struct field *f, size_t i)
{
	uint64_t seq;
	uint32_t v;
	uint16_t cpu;

	switch (f->type) {
	case F_u32:
		if ((v = get32(e->rec + f->off)) != WIRE_UNKNOWN_32)
			put_u64(e, f, v);
		break;
	case F_u64:
	case F_micro:
	case F_hex64:
	case F_dec64:
	case F_time:
		put_wire64(e, f);
		break;
	case F_flag:
		put_flag(e, f, i);
		break;
	case F_proc:
		put_proc(e, f);
		break;
	case F_comm:
		put_comm(e, f, i);
		break;
	case F_char:
		v = get32(e->rec + f->off);
		if (v != 0 && v != WIRE_UNKNOWN_32)
			put_char(e, f, v);
		break;
	case F_cpu:
		memcpy(&cpu, e->rec + f->off, sizeof(cpu));
		if (cpu != UINT16_MAX)
			put_u64(e, f, cpu);
		break;
	case F_seq:
		seq = get64(e->rec + f->off);
		if (seq != 0)
			put_u64(e, f, seq);
		break;
	case F_open:
		put_open(e, f);
		break;
	case F_close:
		put_close(e);
		break;
	}
}

static void
put_head(struct enc *e)
{
	uint64_t boot_ns = get64(e->rec + offsetof(struct wire_head, boot_ns));
	char *p = e->p;
	size_t n;

	memcpy(p, e->d->head, sizeof(e->d->head));
	p += e->d->headlen;
	num_put_time(p, boot_ns + (uint64_t)e->ctx->real_ns);
	p = put(p + NUM_TIME, "\",\"boot_ns\":", 12);
	p = digits(p, boot_ns);
	if ((n = strnlen(e->ctx->host, sizeof(e->ctx->host) - 1)) > 0) {
		p = put(p, ",\"host\":", 8);
		p = put_text(p, e->ctx->host, n, &e->host_replaced);
	}
	e->p = p;
}

/* ,"cut":["exe","victim.cgroup"] */
static void
put_list_of(struct enc *e, const char *what, uint64_t set, const char *first)
{
	const struct field *f, *open = NULL;
	char *p;

	if (set == 0 && first == NULL)
		return;
	p = put(e->p, what, strlen(what));
	if (first != NULL)
		p = put(p, first, strlen(first));
	for (size_t i = 0; i < e->d->nfields; i++) {
		f = &e->d->fields[i];
		open = f->type == F_open ? f : f->type == F_close ? NULL : open;
		if (!(set >> i & 1))
			continue;
		*p++ = '"';
		memcpy(p, f->name, strlen(f->name));
		if (open != NULL)
			p[open->off - 1] = '.';
		p += strlen(f->name);
		p = put(p, "\",", 2);
	}
	p[-1] = ']';
	e->p = p;
}

static size_t
put_line(struct enc *e, char *buf)
{
	e->p = buf;
	e->tail = e->rec + e->d->size;
	e->cut = e->replaced = 0;
	e->host_replaced = e->full = 0;
	put_head(e);
	for (size_t i = 0; i < e->d->nfields; i++) {
		const struct field *f = &e->d->fields[i];

		if (f->from == FROM_tail)
			put_tail(e, f, i);
		else if (f->from != FROM_added)
			put_field(e, f, i);
	}
	put_list_of(e, ",\"cut\":[", e->cut, NULL);
	put_list_of(e, ",\"replaced\":[", e->replaced,
	    e->host_replaced ? "\"host\"," : NULL);
	e->p = put(e->p, "}\n", 2);
	return e->p - buf;
}

/* Find the limit of a tail, and the flags that must say that one was cut. */
static void
plan(struct enc *e, char *buf)
{
	size_t needs[EVENT_FIELDS] = { 0 }, n = e->d->nfields, used, len;
	const struct field *f;

	e->bare = 1;
	used = put_line(e, buf) + 64 + strlen(",\"cut\":[],\"replaced\":[]");
	e->bare = 0;
	for (size_t i = 0; i < n; i++) {
		f = &e->d->fields[i];
		if (f->from != FROM_tail || (len = get32(e->rec + f->off)) == 0)
			continue;
		needs[i] = tail_need(f->type, e->tail, len);
		e->tail += len;
		used += 3 * f->keylen + TAIL_QUOTES;
		if (has_flag(e->d, i) && get32(e->rec + f[-1].off) == 0)
			used += f[-1].keylen + strlen("true");
	}
	e->limit = tail_level(needs, n, e->ctx->line_max - used);
	for (size_t i = 0; i < n; i++)
		if (needs[i] > e->limit && has_flag(e->d, i))
			e->forced |= UINT64_C(1) << (i - 1);
}

/* A boot id that is no hexadecimal number is not known. */
static int
boot_good(const char *boot)
{
	for (int i = 0; i < 8; i++)
		if (!((boot[i] >= '0' && boot[i] <= '9') ||
		    (boot[i] >= 'a' && boot[i] <= 'f')))
			return 0;
	return 1;
}

ssize_t
event_encode(const struct event_ctx *ctx, const void *rec, size_t size,
    char *buf)
{
	struct enc e = { .ctx = ctx, .rec = rec, .boot = boot_good(ctx->boot) };
	size_t n;

	if (ctx->line_max < EVENT_LINE_MIN || ctx->line_max > EVENT_LINE_MAX ||
	    (e.d = event_check(rec, size)) == NULL) {
		errno = EINVAL;
		return -1;
	}
	e.stop = buf + ctx->line_max - e.d->room;
	n = put_line(&e, buf);
	if (!e.full)
		return n;
	plan(&e, buf);
	return put_line(&e, buf);
}
