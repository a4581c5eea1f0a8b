/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What makes the scanner fast changes nothing in what it finds. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rec/event.h"
#include "rec/scan.h"
#include "rec/wide.h"

#include "jsontext.h"
#include "random.h"
#include "tap.h"

static const char *const keys[] = {
	"pid", "victim.cgroup", "victim", "comm", "pid", "x.y.z", "victim.pid",
	"no",
};

static int
same_val(const struct scan_val *a, const struct scan_val *b)
{
	return a->type == b->type && a->p == b->p && a->len == b->len &&
	    a->escaped == b->escaped;
}

/* Does a set that saw other lines find what one finds that saw none? */
static int
agree(struct scan *old, const char *s, size_t n)
{
	struct scan_val v[8], w[8];
	struct scan *fresh = scan_new(keys, 8);
	int a = scan_line(old, s, n, v), b = scan_line(fresh, s, n, w);
	int same = a == b;

	for (int i = 0; i < 8 && same && a == 0; i++)
		same = same_val(&v[i], &w[i]);
	scan_free(fresh);
	return same;
}

/* The same from the second member on, if the first two have commas behind them and
 * are of no consequence? */
static int
agree_rest(struct scan *old, const char *s, size_t n)
{
	static const char head[] = "{\"v\":1,\"event\":\"x\",";
	size_t from = sizeof(head) - 1;
	struct scan_val v[8], w[8];
	char *line = malloc(from + n);
	int a, b, same;

	/* In place of its bracket. */
	memcpy(line, head, from);
	memcpy(line + from, s + 1, n - 1);
	line = realloc(line, from + n - 1);
	a = scan_rest(old, line, from, from + n - 1, v);
	b = scan_line(old, line, from + n - 1, w);
	same = a == b;
	for (int i = 0; i < 8 && same && a == 0; i++)
		same = same_val(&v[i], &w[i]);
	free(line);
	return same;
}

/* A record as sources write them: the same keys in the same order, but some
 * that may be missing, and at times a blank. */
static void
gen_record(struct text *t)
{
	static const char *const fields[] = { "\"v\":", "\"event\":",
	    "\"pid\":", "\"comm\":", "\"voluntary_switches_of_all\":",
	    "\"a_name_of_more_than_thirty_two_bytes\":", "\"victim\":",
	    "\"pid\":", "\"x\":", "\"p\\u0069d\":", "\"cpu\":" };
	static const char *const inner[] = { "\"cgroup\":", "\"pid\":",
	    "\"y\":", "\"comm\":" };
	int some = 0;

	add(t, "{");
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		int objects = i == 6 && random_below(t->r, 4) > 0;

		if (random_below(t->r, 8) == 0)
			continue;
		add(t, some++ ? "," : "");
		if (random_below(t->r, 16) == 0)
			blanks(t);
		add(t, fields[i]);
		if (!objects) {
			gen_value(t, 4);
			continue;
		}
		add(t, "{");
		for (size_t k = 0, in = 0; k < 4; k++)
			if (random_below(t->r, 4) > 0) {
				add(t, in++ ? "," : "");
				add(t, inner[k]);
				gen_value(t, 4);
			}
		add(t, "}");
	}
	add(t, "}");
}

static void
remembers(uint64_t *r)
{
	struct scan *set = scan_new(keys, 8);
	static struct text t;
	size_t i, bad = 0;
	char *copy;

	t.r = r;
	for (i = 0; i < 100000 && !bad; i++) {
		t.n = 0;
		if (random_below(r, 8) == 0)
			gen_value(&t, 0);
		else
			gen_record(&t);
		if (random_below(r, 3) == 0)
			for (size_t k = random_below(r, 3); k > 0 && t.n > 0; k--)
				mutate(&t);
		/* So many keys that some must be forgotten. */
		if (random_below(r, 64) == 0) {
			t.n = 0;
			add(&t, "{\"victim\":{");
			for (int k = 0; k < 40; k++) {
				char key[32];

				sprintf(key, "%s\"k%d\":1", k > 0 ? "," : "",
				    (int)random_below(r, 500));
				add(&t, key);
			}
			add(&t, "},\"pid\":1}");
		}
		copy = malloc(t.n + 1);		/* to see reads past the end */
		copy = realloc(memcpy(copy, t.s, t.n), t.n + (t.n == 0));
		bad += !agree(set, copy, t.n);
		if (t.n > 0 && t.s[0] == '{')
			bad += !agree_rest(set, copy, t.n);
		free(copy);
	}
	scan_free(set);
	ok(!bad, "a set that remembers the order of keys finds what one finds "
	    "that does not, in %zu lines", i);
	if (bad)
		printf("# %.*s\n", (int)t.n, t.s);
}

/* Whole numbers of all lengths, some with another byte in them. */
static void
digits(uint64_t *r)
{
	size_t bad = 0;
	char s[24];

	for (int i = 0; i < 100000; i++) {
		struct scan_val v = { .p = s, .type = SCAN_NUM };
		uint64_t u = 1;
		char *end;
		int whole;

		v.len = 1 + random_below(r, 20);
		for (uint32_t k = 0; k < v.len; k++)
			s[k] = '0' + random_below(r, 10);
		s[v.len] = '\0';
		if (random_below(r, 4) == 0)
			s[random_below(r, v.len)] = "/:.-eE p\x7f\xb0"
			    [random_below(r, 10)];
		errno = 0;
		(void)strtoull(s, &end, 10);
		whole = errno == 0 && end == s + v.len && s[0] >= '0';
		bad += (scan_u64(&v, &u) == 0) != whole ||
		    (whole && u != strtoull(s, NULL, 10));
	}
	ok(bad == 0, "whole numbers are those of strtoull(3)");
}

/* One number of an id, as num_put() writes them. */
static int
is_number(const char *p, const char *end, uint64_t max, uint64_t *u)
{
	char s[32] = "", *stop;

	if (p >= end || end - p > 30 || (*p == '0' && end - p > 1) || *p < '0' ||
	    *p > '9')
		return 0;
	memcpy(s, p, end - p);
	errno = 0;
	*u = strtoull(s, &stop, 10);
	return errno == 0 && *stop == '\0' && stop - s == end - p && *u <= max;
}

/* Ids of all lengths, some with another byte in them. */
static void
ids(uint64_t *r)
{
	size_t bad = 0, good = 0;
	uint32_t boot, pid = 1;
	uint64_t start = 1, x, y;
	char id[EVENT_ID + 1], *copy;

	for (int i = 0; i < 300000; i++) {
		uint64_t a = ~UINT64_C(0) >> random_below(r, 64);
		uint32_t b = UINT32_MAX >> random_below(r, 32);
		size_t n = event_id(id, "0123abcd", a - random_below(r, 2),
		    b - random_below(r, 2)), dash;
		int is;

		if (random_below(r, 3) == 0)
			id[8 + random_below(r, n - 8)] = "-/:0 9x\xb0\"\\"
			    [random_below(r, 10)];
		if (random_below(r, 8) == 0)
			n = 9 + random_below(r, n - 8);
		for (dash = n; dash > 9 && id[dash - 1] != '-'; dash--)
			;
		is = id[8] == '-' && dash > 9 &&
		    is_number(id + 9, id + dash - 1, UINT64_MAX, &x) &&
		    is_number(id + dash, id + n, UINT32_MAX, &y);
		copy = malloc(n);		/* to see reads past both ends */
		memcpy(copy, id, n);
		pid = 0;	/* and stays, if it is none */
		bad += (event_id_parse(copy, n, &boot, &start, &pid) == 0) != is ||
		    (!is && pid != 0) ||
		    (is && (start != x || pid != y || boot != 0x0123abcd));
		good += is;
		free(copy);
	}
	ok(bad == 0 && good > 100000, "ids are what they look like");
}

static void
wide(void)
{
	size_t bad = 0;
	char s[WIDE], z[WIDE];

	for (int c = 0; c < 256; c++)
		for (int at = 0; at < WIDE; at++) {
			unsigned bit = 1u << at;
			int odd = c < 0x20 || c >= 0x80 || c == '"' || c == '\\';

			memset(s, '7', WIDE);
			memset(z, '7', WIDE);
			s[at] = c;
			bad += wide_odd(s) != (odd ? bit : 0);
			bad += wide_not_digits(s) != (c < '0' || c > '9' ? bit : 0);
			bad += wide_same(s, z) != (0xffff & ~(c != '7' ? bit : 0));
		}
	ok(bad == 0, "sixteen bytes at a time are those of one at a time");
}

int
main(void)
{
	uint64_t seed = random_seed();

	remembers(&seed);
	digits(&seed);
	ids(&seed);
	wide();
	return tap_done();
}
