/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <errno.h>
#include <string.h>

#include "fuzz/oracle.h"

#include "jsontext.h"
#include "random.h"
#include "tap.h"

/* s as one line of plain text. */
static const char *
shown(const char *s)
{
	static char text[1000];
	size_t n = 0;

	for (; *s != '\0' && n < sizeof(text) - 8; s++)
		n += sprintf(text + n, *s >= ' ' && *s < 0x7f && *s != '#' ?
		    "%c" : "<%02x>", (unsigned char)*s);
	text[n] = '\0';
	return text;
}

static void
takes(const char *s, int want)
{
	char *copy = malloc(strlen(s) + 1);	/* to see reads past the end */
	const char *why;
	int rc;

	memcpy(copy, s, strlen(s));
	copy = realloc(copy, strlen(s) + (*s == '\0'));
	rc = scan_line(NULL, copy, strlen(s), NULL);
	why = oracle(copy, strlen(s));
	free(copy);
	ok((rc == 0) == want && why == NULL, "%s %s%s%s",
	    want ? "takes" : "refuses", shown(s), why != NULL ? ": " : "",
	    why != NULL ? why : "");
}

static void
grammar(void)
{
	static const char *const good[] = {
		"{}", " { } ", "\t{\"a\":\r1}", "{\"\":\"\"}",
		"{\"a\":[],\"b\":{},\"c\":[{}]}", "{\"a\":[1 , 2]}",
		"{\"n\":[0,-0,10,-1.5,1e5,1E+5,1.25e-7,12345678901234567]}",
		"{\"a\":true,\"b\":false,\"c\":null}",
		"{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD834\\udd1e\"}",
		"{\"a\":\"\\u0000\"}", "{\"a\":\"\x7f\"}",
		"{\"a\":\"\xc2\x80\xe0\xa0\x80\xed\x9f\xbf\xf4\x8f\xbf\xbf\"}",
	}, *const bad[] = {
		"", " ", "[]", "1", "\"a\"", "null", "{", "}", "{}{}", "{} x",
		"{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{,}", "{\"a\":1 \"b\":2}",
		"{a:1}", "{'a':1}", "{\"a\":[1,]}", "{\"a\":[,1]}", "{\"a\":[1}",
		"{\"a\":[1 2]}", "{\"a\":01}", "{\"a\":-}", "{\"a\":+1}",
		"{\"a\":1.}", "{\"a\":.5}", "{\"a\":1e}", "{\"a\":1e+}",
		"{\"a\":0x1}", "{\"a\":NaN}", "{\"a\":tru}", "{\"a\":truex}",
		"{\"a\":TRUE}", "{\"a\":nul", "{\"a\":\"", "{\"a\":\"\\",
		"{\"a\":\"\\x\"}", "{\"a\":\"\\u12\"}", "{\"a\":\"\\u12g4\"}",
		"{\"a\":\"\\uD800\"}", "{\"a\":\"\\uDC00\"}",
		"{\"a\":\"\\uD800\\u0041\"}", "{\"a\":\"\\uD800x\"}",
		"{\"a\":\"\x01\"}", "{\"a\":\"\t\"}", "{\"a\":\"\n\"}",
		"{\"a\":\"\x80\"}", "{\"a\":\"\xff\"}", "{\"a\":\"\xc0\x80\"}",
		"{\"a\":\"\xc1\xbf\"}", "{\"a\":\"\xe0\x9f\xbf\"}",
		"{\"a\":\"\xed\xa0\x80\"}", "{\"a\":\"\xf0\x8f\xbf\xbf\"}",
		"{\"a\":\"\xf4\x90\x80\x80\"}", "{\"a\":\"\xf5\x80\x80\x80\"}",
		"{\"a\":\"\xe2\x82\"}", "{\"a\":\"\xe2\x82", "\xef\xbb\xbf{}",
		"{\"\xff\":1}", "{} \x0b", "{\"a\":1}\x0c",
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		takes(good[i], 1);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		takes(bad[i], 0);
	ok(scan_line(NULL, "{}\0", 3, NULL) == -1, "refuses: a NUL behind");
	ok(scan_line(NULL, "{\"a\":\"\0\"}", 9, NULL) == -1,
	    "refuses: a NUL inside");
	ok(scan_line(NULL, "{\"a\":1e999,\"b\":99999999999999999999}", 36, NULL)
	    == 0, "takes numbers of any size");
	ok(scan_line(NULL, "{\"\\u0000\":1}", 12, NULL) == 0,
	    "takes a NUL in a key");
}

/* n objects or arrays, the first of them the line. */
static void
nested(const char *open, const char *close, int n)
{
	char s[600] = "{\"a\":";

	for (int i = 1; i < n; i++)
		strcat(s, open);
	strcat(s, "1");
	for (int i = 1; i < n; i++)
		strcat(s, close);
	strcat(s, "}");
	takes(s, n <= SCAN_DEPTH);
}

static void
depth(void)
{
	nested("[", "]", SCAN_DEPTH);
	nested("[", "]", SCAN_DEPTH + 1);
	nested("{\"a\":", "}", SCAN_DEPTH);
	nested("{\"a\":", "}", SCAN_DEPTH + 1);
}

static const char *const keys[] = {
	"pid", "victim.cgroup", "victim", "comm", "pid", "x.y.z", "victim.pid",
	"no",
};
enum { PID, V_CGROUP, VICTIM, COMM, PID2, XYZ, V_PID, NO };

static int
fetch(const char *s, struct scan_val *v)
{
	struct scan *set = scan_new(keys, 8);
	int rc = scan_line(set, s, strlen(s), v);

	scan_free(set);
	return rc;
}

static void
sets(void)
{
	const char *many[SCAN_KEYS + 1] = { "a", "b" };
	struct scan_val v[8];
	uint64_t u;

	ok(fetch("{\"cgroup\":0,\"pid\":42,\"victim\":{\"x\":1,\"cgroup\":\"/a\","
	    "\"pid\":7},\"comm\":\"a\\nb\",\"x\":{\"y\":{\"z\":null}},"
	    "\"z\":{\"pid\":9}}", v) == 0, "a line with fields and objects");
	ok(scan_u64(&v[PID], &u) == 0 && u == 42, "a field");
	ok(scan_u64(&v[PID2], &u) == 0 && u == 42, "that is asked for twice");
	ok(scan_is(&v[V_CGROUP], "/a"), "a field of an object");
	ok(scan_u64(&v[V_PID], &u) == 0 && u == 7, "another one");
	ok(v[VICTIM].type == SCAN_OBJ && v[VICTIM].len == 29, "and the object");
	ok(scan_is(&v[COMM], "a\nb") && v[COMM].escaped && !scan_is(&v[COMM], "a"),
	    "a string with an escape");
	ok(v[XYZ].type == SCAN_NULL, "null, two objects down");
	ok(v[NO].type == SCAN_NONE, "what is not there");
	ok(fetch("{\"p\\u0069d\":1,\"victim\":{\"cgroup\":1},"
	    "\"victim\":{\"p\\u0069d\":3},\"pid\":2,\"x\":[{\"y\":1}]}", v) == 0 &&
	    scan_u64(&v[PID], &u) == 0 && u == 2 &&
	    v[V_CGROUP].type == SCAN_NONE &&
	    scan_u64(&v[V_PID], &u) == 0 && u == 3 && v[XYZ].type == SCAN_NONE,
	    "escaped keys; the last counts, of objects too");
	ok(fetch("{\"victim\":{\"cgroup\":1},\"victim\":2}", v) == 0 &&
	    v[VICTIM].type == SCAN_NUM && v[V_CGROUP].type == SCAN_NONE,
	    "an object that comes again as a number is gone");
	ok(scan_new(keys, SCAN_KEYS + 1) == NULL && errno == EINVAL,
	    "too many keys");
	many[1] = "a..b";
	ok(scan_new(many, 2) == NULL && errno == EINVAL, "a path with a hole");
	many[1] = "";
	ok(scan_new(many, 2) == NULL && errno == EINVAL, "no name");
}

static void
many_keys(void)
{
	char names[SCAN_KEYS][8], line[2000] = "{";
	const char *set[SCAN_KEYS];
	struct scan_val v[SCAN_KEYS];
	struct scan *s;
	size_t n = 1, bad = 0;
	uint64_t u;

	for (int i = 0; i < SCAN_KEYS; i++) {
		sprintf(names[i], "k%d", i);
		set[i] = names[i];
		n += sprintf(line + n, "%s\"%s\":%d", i > 0 ? "," : "", names[i], i);
	}
	line[n++] = '}';
	s = scan_new(set, SCAN_KEYS);
	ok(scan_line(s, line, n, v) == 0, "a line with all the keys of a full set");
	for (int i = 0; i < SCAN_KEYS; i++)
		bad += scan_u64(&v[i], &u) != 0 || u != (uint64_t)i;
	ok(bad == 0, "each has its value");
	scan_free(s);
}

static void
numbers(void)
{
	struct scan_val v[8];
	uint64_t u;
	double d;

	fetch("{\"pid\":18446744073709551615,\"comm\":18446744073709551616,"
	    "\"no\":-1,\"x\":1}", v);
	ok(scan_u64(&v[PID], &u) == 0 && u == UINT64_MAX, "2^64 - 1 is whole");
	ok(scan_u64(&v[COMM], &u) == -1, "2^64 is too great");
	ok(scan_double(&v[COMM], &d) == 0 && d == 18446744073709551616.0,
	    "but a number");
	ok(scan_u64(&v[NO], &u) == -1, "-1 is not");
	fetch("{\"pid\":1.0,\"comm\":1e2,\"no\":\"1\",\"victim\":1e999}", v);
	ok(scan_u64(&v[PID], &u) == -1 && scan_u64(&v[COMM], &u) == -1 &&
	    scan_u64(&v[NO], &u) == -1, "nor fraction, exponent, string");
	ok(scan_double(&v[COMM], &d) == 0 && d == 100, "1e2 is 100");
	ok(scan_double(&v[NO], &d) == -1 && scan_double(&v[VICTIM], &d) == -1,
	    "a string is no number, 1e999 is none of ours");
}

static void
strings(void)
{
	struct scan_val v[8];
	char buf[16];

	fetch("{\"pid\":\"h\\u00e9llo\xe2\x82\xac\",\"comm\":1,\"no\":\"\"}", v);
	ok(scan_str(&v[PID], buf, 16) == 9 &&
	    strcmp(buf, "h\xc3\xa9llo\xe2\x82\xac") == 0, "a string");
	ok(scan_str(&v[PID], buf, 3) == 9 && strcmp(buf, "h") == 0,
	    "is not cut inside a character");
	ok(scan_str(&v[PID], buf, 9) == 9 && strcmp(buf, "h\xc3\xa9llo") == 0,
	    "at the end either");
	ok(scan_str(&v[PID], buf, 0) == 9, "and measured");
	ok(scan_str(&v[COMM], buf, 16) == -1 && !scan_is(&v[COMM], "1"),
	    "a number is no string");
	ok(scan_str(&v[NO], buf, 16) == 0 && scan_is(&v[NO], "") &&
	    !scan_is(&v[PID], "") && !scan_is(&v[VICTIM], ""), "the empty string");
}

static void
differential(uint64_t *r)
{
	static struct text t;
	const char *why = NULL;
	size_t good = 0, i;
	char *copy;

	t.r = r;
	for (i = 0; i < 100000 && why == NULL; i++) {
		t.n = 0;
		gen_value(&t, 0);
		for (size_t k = random_below(r, 3); k > 0 && t.n > 0; k--)
			mutate(&t);
		copy = malloc(t.n + 1);
		copy = realloc(memcpy(copy, t.s, t.n), t.n + (t.n == 0));
		good += scan_line(NULL, copy, t.n, NULL) == 0;
		why = oracle(copy, t.n);
		free(copy);
	}
	ok(why == NULL, "jansson agrees on %zu random lines, %zu of them good: %s",
	    i, good, why != NULL ? why : "");
	if (why != NULL) {
		printf("#");
		for (size_t k = 0; k < t.n; k++)
			printf(" %02x", (unsigned char)t.s[k]);
		putchar('\n');
	}
	ok(good > i / 10 && good < i / 10 * 9, "of which there are both sorts");
}

int
main(void)
{
	uint64_t seed = random_seed();

	grammar();
	depth();
	sets();
	many_keys();
	numbers();
	strings();
	differential(&seed);
	return tap_done();
}
