/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <string.h>

#include "rec/json.h"

#include "random.h"
#include "tap.h"

static void
is(const char *s, size_t n, size_t room, const char *want, size_t took)
{
	char buf[100];
	size_t used, len;

	memset(buf, '#', sizeof(buf) - 1);
	buf[99] = '\0';
	len = json_escape(buf, room, s, n, &used, NULL);
	ok(len == strlen(want) && memcmp(buf, want, len) == 0 && used == took,
	    "%zu bytes in a room of %zu are %zu", n, room, len);
	ok(strspn(buf + room, "#") == sizeof(buf) - 1 - room,
	    "nothing is written outside of it");
}

static void
rooms(void)
{
	is("", 0, 0, "", 0);
	is("abc", 3, 0, "", 0);
	is("abc", 3, 2, "ab", 2);
	is("abcdefghijkl", 12, 11, "abcdefghijk", 11);
	is("ab\n", 3, 3, "ab", 2);
	is("ab\n", 3, 4, "ab\\n", 3);
	is("a\x01", 2, 6, "a", 1);
	is("a\x01", 2, 7, "a\\u0001", 2);
	is("a\xe2\x82\xac", 4, 3, "a", 1);
	is("a\xe2\x82\xac", 4, 4, "a\xe2\x82\xac", 4);
	is("a\xff", 2, 3, "a", 1);
	is("a\xff", 2, 4, "a\xef\xbf\xbd", 2);
	is("\xc2\x9f", 2, 6, "\\u009f", 2);
}

static void
replaced(void)
{
	char buf[100];
	int bad = 0;

	json_escape(buf, 100, "caf\xc3\xa9", 5, NULL, &bad);
	ok(!bad, "what is UTF-8 is not replaced");
	json_escape(buf, 2, "ab\xff", 3, NULL, &bad);
	ok(!bad, "what did not fit either");
	json_escape(buf, 100, "caf\xc3", 4, NULL, &bad);
	ok(bad, "half a character is");
	json_escape(buf, 100, "a", 1, NULL, &bad);
	ok(bad, "which is not forgotten");
}

static void
lists(void)
{
	char buf[100];
	size_t used, n;

	n = json_escape_list(buf, 100, "a\0\0b\"", 5, &used, NULL);
	ok(n == 10 && memcmp(buf, "a\",\"\",\"b\\\"", 10) == 0 && used == 5,
	    "a NUL parts two strings");
	n = json_escape_list(buf, 3, "a\0b", 3, &used, NULL);
	ok(n == 1 && used == 1, "or does not, if it does not fit");
}

/* Measured, written, read again: all agree, whatever the room. */
static void
agree(uint64_t *r)
{
	char s[64], text[64 * JSON_WORST], back[64];
	size_t n, len, used, put, bad = 0;

	for (int i = 0; i < 100000; i++) {
		n = random_text(r, s, sizeof(s));
		len = json_escape(text, sizeof(text), s, n, NULL, NULL);
		bad += len != json_measure(s, n);
		bad += json_unescape(back, 64, text, len, &put) != n ||
		    put != n || memcmp(s, back, n) != 0;
		len = json_escape(text, random_below(r, 100), s, n, &used, NULL);
		bad += len != json_measure(s, used);
		bad += json_unescape(back, random_below(r, 65), text, len,
		    &put) != used || put > used || memcmp(s, back, put) != 0;
	}
	ok(bad == 0, "100000 random strings are written, measured and read alike");
}

static void
characters(void)
{
	char p[4];

	ok(json_utf8(p, 0x7f) == 1 && p[0] == 0x7f, "one byte");
	ok(json_utf8(p, 0xe9) == 2 && memcmp(p, "\xc3\xa9", 2) == 0, "two");
	ok(json_utf8(p, 0x20ac) == 3 && memcmp(p, "\xe2\x82\xac", 3) == 0, "three");
	ok(json_utf8(p, 0x10ffff) == 4 && memcmp(p, "\xf4\x8f\xbf\xbf", 4) == 0,
	    "four");
	ok(json_utf8(p, 0xd800) == 3 && memcmp(p, "\xef\xbf\xbd", 3) == 0,
	    "a surrogate is no character");
	ok(json_utf8(p, 0x110000) == 3, "nor is what is beyond");
}

int
main(void)
{
	uint64_t seed = random_seed();

	rooms();
	replaced();
	lists();
	agree(&seed);
	characters();
	return tap_done();
}
