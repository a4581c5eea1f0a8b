/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"

#include "rec/event.h"
#include "rec/scan.h"
#include "rec/tail.h"

struct dec {
	struct event_ctx	*ctx;
	const struct event_desc	*d;
	char			*rec;
	size_t			 len, cap;
	struct scan_val		 v, time, boot_ns, host, cut;
	struct scan_val		 val[EVENT_FIELDS];
	struct scan_val		 pid[EVENT_FIELDS];
	uint8_t			 object[EVENT_FIELDS];	/* row that opens the one it is in */
};

enum { NO_OBJECT = 255 };

static int
invalid(void)
{
	errno = EINVAL;
	return -1;
}

static int
missing(const struct scan_val *v)
{
	return v->type == SCAN_NONE || v->type == SCAN_NULL;
}

static inline int
is_key(const struct scan_val *key, const char *name, size_t len)
{
	if (key->escaped)
		return scan_is(key, name);
	return key->len == len && memcmp(key->p, name, len) == 0;
}

/* Where the value of such a key of that object belongs; fields from hint on
 * are tried first. */
static struct scan_val *
place(struct dec *d, const struct scan_val *key, size_t object, size_t *hint)
{
	size_t n = d->d->nfields, strip;

	strip = object == NO_OBJECT ? 0 : d->d->fields[object].off;
	for (size_t k = 0; k < n; k++) {
		size_t i = (*hint + k) % n;
		const struct field *f = &d->d->fields[i];

		if (d->object[i] != object || f->type == F_close)
			continue;
		if (is_key(key, f->name + strip, f->keylen - 4u - strip)) {
			*hint = i;
			return &d->val[i];
		}
		if (f->pid != NULL && is_key(key, f->pid + strip,
		    f->pidkeylen - 4u - strip)) {
			*hint = i + 1;
			return &d->pid[i];
		}
	}
	return NULL;
}

static struct scan_val *
place_common(struct dec *d, const struct scan_val *key)
{
	return scan_is(key, "v") ? &d->v :
	    scan_is(key, "time") ? &d->time :
	    scan_is(key, "boot_ns") ? &d->boot_ns :
	    scan_is(key, "host") ? &d->host :
	    scan_is(key, "cut") ? &d->cut : NULL;
}

/* Find the kind, which is near the start of lines that are ours. */
static int
find_kind(struct dec *d, const struct scan_val *line)
{
	struct scan_val key, val = { 0 };
	char name[32];
	size_t pos = 0;
	long n;

	while (scan_next(line, &pos, &key, &val) && !scan_is(&key, "event"))
		val.type = SCAN_NONE;
	n = scan_str(&val, name, sizeof(name));
	if (n < 0 || (size_t)n >= sizeof(name) ||
	    (d->d = event_desc(event_kind(name, n))) == NULL)
		return invalid();
	return 0;
}

static void
find_objects(struct dec *d)
{
	size_t open = NO_OBJECT;

	for (size_t i = 0; i < d->d->nfields; i++) {
		if (d->d->fields[i].type == F_close)
			open = NO_OBJECT;
		d->object[i] = open;
		if (d->d->fields[i].type == F_open)
			open = i;
	}
}

/* The fields of the object that row i opens. */
static int
collect_object(struct dec *d, size_t i)
{
	struct scan_val key, val, *to;
	size_t pos = 0, hint = i;

	if (missing(&d->val[i]))
		return 0;
	if (d->val[i].type != SCAN_OBJ)
		return invalid();
	while (scan_next(&d->val[i], &pos, &key, &val))
		if ((to = place(d, &key, i, &hint)) != NULL)
			*to = val;
	return 0;
}

static int
collect(struct dec *d, const char *line, size_t len)
{
	struct scan_val top, key, val, *to;
	size_t pos = 0, hint = 0;

	if (scan_line(NULL, line, len, NULL) == -1)
		return invalid();
	while (*line != '{')
		line++, len--;
	top = (struct scan_val){ .p = line, .len = len, .type = SCAN_OBJ };
	if (find_kind(d, &top) == -1)
		return -1;
	find_objects(d);
	while (scan_next(&top, &pos, &key, &val)) {
		if ((to = place(d, &key, NO_OBJECT, &hint)) == NULL)
			to = place_common(d, &key);
		if (to != NULL)
			*to = val;
	}
	for (size_t i = 0; i < d->d->nfields; i++)
		if (d->d->fields[i].type == F_open && collect_object(d, i) == -1)
			return -1;
	return 0;
}

static void
put32(struct dec *d, size_t off, uint32_t v)
{
	memcpy(d->rec + off, &v, sizeof(v));
}

static void
put64(struct dec *d, size_t off, uint64_t v)
{
	memcpy(d->rec + off, &v, sizeof(v));
}

/* A number of at most max; unknown, or all ones, where there is none. */
static int
number(const struct scan_val *v, uint64_t max, uint64_t *u)
{
	*u = WIRE_UNKNOWN_64;
	if (missing(v))
		return 0;
	return scan_u64(v, u) == -1 || *u > max ? invalid() : 0;
}

/* The text of a string without escapes in buf; -1 if there is none. */
static long
text(const struct scan_val *v, char *buf, size_t cap)
{
	long n = scan_str(v, buf, cap);

	return n >= 0 && (size_t)n < cap ? n : invalid();
}

static int
decimal(const struct scan_val *v, uint64_t *u)
{
	char s[24];

	return text(v, s, sizeof(s)) == -1 ? -1 :
	    num_u64(s, 0, UINT64_MAX, u) == -1 ? invalid() : 0;
}

static int
hexadecimal(const struct scan_val *v, uint64_t *u)
{
	char s[24], *end;
	long n = text(v, s, sizeof(s));

	if (n != 16 || strspn(s, "0123456789abcdef") != 16)
		return invalid();
	*u = strtoull(s, &end, 16);
	return 0;
}

/* Millionths of a number that is not negative. */
static int
millionths(const struct scan_val *v, uint64_t *u)
{
	uint32_t unit = 100000;
	size_t i = 0;

	if (v->type != SCAN_NUM)
		return invalid();
	for (*u = 0; i < v->len && v->p[i] >= '0' && v->p[i] <= '9'; i++)
		if (__builtin_mul_overflow(*u, 10, u) ||
		    __builtin_add_overflow(*u, v->p[i] - '0', u))
			return invalid();
	if (i == 0 || __builtin_mul_overflow(*u, 1000000, u))
		return invalid();
	if (i < v->len && v->p[i] == '.')
		for (i++; i < v->len && v->p[i] >= '0' && v->p[i] <= '9'; i++) {
			if (__builtin_add_overflow(*u, (v->p[i] - '0') * unit, u))
				return invalid();
			unit /= 10;
		}
	return i == v->len ? 0 : invalid();
}

static int
instant(const struct dec *d, const struct scan_val *v, uint64_t *u)
{
	char s[64];
	long n = text(v, s, sizeof(s));

	if (n == -1 || num_time(s, n, u) == -1)
		return invalid();
	*u -= (uint64_t)d->ctx->real_ns;
	return 0;
}

static int
put_proc(struct dec *d, const struct field *f, size_t i)
{
	uint64_t start = WIRE_UNKNOWN_64, pid;
	uint32_t boot, id_pid;
	char s[EVENT_ID];
	long n;

	if (number(&d->pid[i], UINT32_MAX, &pid) == -1)
		return -1;
	if (!missing(&d->val[i])) {
		n = text(&d->val[i], s, sizeof(s));
		if (n == -1 ||
		    event_id_parse(s, n, &boot, &start, &id_pid) == -1)
			return invalid();
		memcpy(d->ctx->boot, s, 8);
		d->ctx->boot[8] = '\0';
		if (pid == WIRE_UNKNOWN_64)
			pid = id_pid;
	}
	put64(d, f->off, start);
	put32(d, f->off + 8, pid);
	return 0;
}

static int
put_char(struct dec *d, const struct field *f, const struct scan_val *v)
{
	const unsigned char *u;
	char s[5] = "";
	long n;

	if (missing(v))
		return 0;
	if ((n = text(v, s, sizeof(s))) == -1)
		return -1;
	u = (const unsigned char *)s;
	if (u[0] < 0x80)
		put32(d, f->off, u[0]);
	else if (u[0] < 0xe0)
		put32(d, f->off, (u[0] & 31) << 6 | (u[1] & 63));
	else if (u[0] < 0xf0)
		put32(d, f->off, (u[0] & 15) << 12 | (u[1] & 63) << 6 |
		    (u[2] & 63));
	else
		put32(d, f->off, (uint32_t)(u[0] & 7) << 18 |
		    (u[1] & 63) << 12 | (u[2] & 63) << 6 | (u[3] & 63));
	return 0;
}

static int
put_flag(struct dec *d, const struct field *f, const struct scan_val *v)
{
	if (!missing(v) && v->type != SCAN_TRUE && v->type != SCAN_FALSE)
		return invalid();
	put32(d, f->off, v->type == SCAN_TRUE);
	return 0;
}

static int
put_comm(struct dec *d, const struct field *f, const struct scan_val *v)
{
	char s[17] = "";

	if (!missing(v) && scan_str(v, s, sizeof(s)) == -1)
		return invalid();
	memcpy(d->rec + f->off, s, 16);
	return 0;
}

static int
put_u64(struct dec *d, const struct field *f, const struct scan_val *v)
{
	uint64_t u = WIRE_UNKNOWN_64;
	int rc = 0;

	if (f->type == F_u64)
		rc = number(v, UINT64_MAX, &u);
	else if (!missing(v))
		rc = f->type == F_hex64 ? hexadecimal(v, &u) :
		    f->type == F_micro ? millionths(v, &u) :
		    f->type == F_dec64 ? decimal(v, &u) : instant(d, v, &u);
	put64(d, f->off, u);
	return rc;
}

static int
put_head(struct dec *d, const struct field *f, const struct scan_val *v)
{
	uint64_t u;
	uint16_t cpu;

	if (number(v, f->type == F_cpu ? UINT16_MAX : UINT64_MAX, &u) == -1)
		return -1;
	if (f->type == F_cpu) {
		cpu = u;
		memcpy(d->rec + f->off, &cpu, sizeof(cpu));
	} else if (!missing(v)) {
		put64(d, f->off, u);
	}
	return 0;
}

static int
put_field(struct dec *d, const struct field *f, size_t i)
{
	const struct scan_val *v = &d->val[i];
	uint64_t u;

	switch (f->type) {
	case F_proc:
		return put_proc(d, f, i);
	case F_u32:
		if (number(v, UINT32_MAX, &u) == -1)
			return -1;
		put32(d, f->off, u);
		return 0;
	case F_flag:
		return put_flag(d, f, v);
	case F_char:
		return put_char(d, f, v);
	case F_comm:
		return put_comm(d, f, v);
	case F_cpu:
	case F_seq:
		return put_head(d, f, v);
	default:
		return put_u64(d, f, v);
	}
}

/* Is field i named in "cut"? */
static int
is_cut(const struct dec *d, size_t i)
{
	const struct event_desc *k = d->d;
	struct scan_val key, v;
	char name[sizeof(k->fields[i].key)];
	size_t pos = 0;

	if (d->cut.type != SCAN_ARR)
		return 0;
	strcpy(name, k->fields[i].name);
	if (d->object[i] != NO_OBJECT)
		name[k->fields[d->object[i]].off - 1] = '.';
	while (scan_next(&d->cut, &pos, &key, &v))
		if (scan_is(&v, name))
			return 1;
	return 0;
}

static int
append_tail(struct dec *d, const struct field *f, size_t i)
{
	const struct scan_val *v = &d->val[i];
	ssize_t n = 0;

	if (!missing(v))
		n = tail_get(d->rec + d->len, d->cap - d->len, f->type, v,
		    is_cut(d, i));
	if (n == -1)
		return -1;
	put32(d, f->off, n);
	d->len += n;
	return 0;
}

static int
put_common(struct dec *d)
{
	struct wire_head h = { .kind = d->d->kind, .cpu = UINT16_MAX };
	uint64_t v, real, boot_ns;
	char s[65];

	if (scan_u64(&d->v, &v) == -1 || v != 1 ||
	    scan_u64(&d->boot_ns, &boot_ns) == -1)
		return invalid();
	d->ctx->real_ns = 0;
	if (instant(d, &d->time, &real) == -1)
		return -1;
	d->ctx->real_ns = real - boot_ns;
	if (!missing(&d->host)) {
		if (scan_str(&d->host, s, sizeof(s)) == -1)
			return invalid();
		strcpy(d->ctx->host, s);
	}
	h.boot_ns = boot_ns;
	memset(d->rec, 0, d->d->size);
	memcpy(d->rec, &h, sizeof(h));
	d->len = d->d->size;
	return 0;
}

/* Only a source tells the boot id otherwise than in ids of processes. */
static void
note_boot(struct dec *d)
{
	for (size_t i = 0; i < d->d->nfields; i++)
		if (d->d->kind == EV_source &&
		    strcmp(d->d->fields[i].name, "boot_id") == 0 &&
		    d->val[i].type == SCAN_STR && d->val[i].len >= 8)
			scan_str(&d->val[i], d->ctx->boot, 9);
}

ssize_t
event_decode(struct event_ctx *ctx, const char *line, size_t len, void *buf,
    size_t cap)
{
	struct dec d = { .ctx = ctx, .rec = buf, .cap = cap };
	const struct field *f;

	if (collect(&d, line, len) == -1)
		return -1;
	if (cap < d.d->size) {
		errno = EOVERFLOW;
		return -1;
	}
	if (put_common(&d) == -1)
		return -1;
	for (size_t i = 0; i < d.d->nfields; i++) {
		f = &d.d->fields[i];
		if (f->from == FROM_tail ? append_tail(&d, f, i) == -1 :
		    f->from < FROM_added && put_field(&d, f, i) == -1)
			return -1;
	}
	note_boot(&d);
	put32(&d, offsetof(struct wire_head, size), d.len);
	return d.len;
}
