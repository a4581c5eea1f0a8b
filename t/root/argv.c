/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * argv SEED COUNT MOST COMMAND: run COMMAND with COUNT argument lists made from
 * SEED, one after the other, each of at most MOST bytes: empty arguments, none
 * at all, quotes, newlines, control bytes, UTF-8 and what is not.
 *
 * Prints its own pid, and for each "PID ARGC ARGV_LEN ARGV REPLACED" as the
 * exec record must have it, in order.
 */
#include <jansson.h>

#include "stim.h"

extern char **environ;

enum { MAX_ARGS = 64, MAX_BYTES = 1 << 17 };

struct args {
	char	 buf[MAX_BYTES];
	char	*argv[MAX_ARGS + 1];
	int	 argc;
	size_t	 len;
};

static size_t
make_char(uint64_t *s, unsigned char *p)
{
	static const char *const odd[] = {
		"\"", "\\", "\n", "\t", "\r", "\b", "\f", "/", " ", "\x01",
		"\x1f", "\x7f", "'", "$", "\xc3\xa9", "\xe2\x82\xac",
		"\xf0\x9f\x90\x8c", "\xef\xbf\xbd", "\xf4\x8f\xbf\xbf",
		"\xc2\x80", "\xe0\xa0\x80", "\xf0\x90\x80\x80",
		"\xed\x9f\xbf", "\xee\x80\x80", "\xe2\x80\xa8",
		/* not UTF-8 */
		"\xff", "\xc3", "\xe2\x82", "\xf0\x9f\x90", "\x80", "\xc0\x80",
		"\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe0\x80\x80",
		"\xf0\x80\x80\x80", "\xc1\xbf", "\xf8\x88\x80\x80\x80",
	};
	uint64_t r = stim_rand(s);
	const char *o;

	if (r % 8 != 0) {
		*p = (unsigned char)(' ' + (r >> 8) % 95);
		return 1;
	}
	if (r % 16 == 0) {
		*p = (unsigned char)(1 + (r >> 8) % 255);
		return 1;
	}
	o = odd[(r >> 8) % (sizeof(odd) / sizeof(*odd))];
	memcpy(p, o, strlen(o));
	return strlen(o);
}

static void
make(struct args *a, uint64_t *s, size_t most)
{
	uint64_t r = stim_rand(s);
	size_t left = (r >> 8) % most, n, len;

	a->len = 0;
	a->argc = r % 64 == 0 ? 0 : 1 + (int)((r >> 40) % 12);
	for (int i = 0; i < a->argc; i++) {
		len = stim_rand(s) % 4 == 0 ? 0 : stim_rand(s) % (left / 2 + 1);
		a->argv[i] = a->buf + a->len;
		for (n = 0; n < len; )
			n += make_char(s, (unsigned char *)a->buf + a->len + n);
		a->buf[a->len + n] = '\0';
		a->len += n + 1;
		left = left > n + 1 ? left - n - 1 : 0;
	}
	a->argv[a->argc] = NULL;
}

/* Length of the character at p (RFC 3629), 0 if it is none. */
static size_t
utf8_len(const unsigned char *p)
{
	static const struct { unsigned char lo, hi, lo2, hi2, n; } row[] = {
		{ 0x01, 0x7f, 0x00, 0xff, 1 }, { 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};
	size_t i, k;

	for (i = 0; i < sizeof(row) / sizeof(*row); i++) {
		if (*p < row[i].lo || *p > row[i].hi)
			continue;
		if (row[i].n == 1)
			return 1;
		if (p[1] < row[i].lo2 || p[1] > row[i].hi2)
			return 0;
		for (k = 2; k < row[i].n; k++)
			if ((p[k] & 0xc0) != 0x80)
				return 0;
		return row[i].n;
	}
	return 0;
}

/* The string as JSON has it: each byte that is in no character is U+FFFD. */
static json_t *
clean(const char *arg, int *replaced)
{
	static char out[3 * MAX_BYTES];
	const unsigned char *p = (const unsigned char *)arg;
	size_t len = 0, n;

	for (; *p != '\0'; p += n > 0 ? n : 1) {
		if ((n = utf8_len(p)) > 0) {
			memcpy(out + len, p, n);
			len += n;
		} else {
			memcpy(out + len, "\xef\xbf\xbd", 3);
			len += 3;
			*replaced = 1;
		}
	}
	return json_stringn(out, len);
}

static void
expect(pid_t pid, const struct args *a)
{
	json_t *list = json_array();
	int i, replaced = 0;
	char *text;

	for (i = 0; i < a->argc; i++)
		must(json_array_append_new(list, clean(a->argv[i], &replaced)) == 0);
	/* Since Linux 5.18 no program starts without argv[0]. */
	if (a->argc == 0)
		must(json_array_append_new(list, json_string("")) == 0);
	must((text = json_dumps(list, JSON_COMPACT)) != NULL);
	printf("%d\t%d\t%zu\t%s\t%s\n", pid, a->argc == 0 ? 1 : a->argc,
	    a->argc == 0 ? 1 : a->len, text, replaced ? "[\"argv\"]" : "-");
	free(text);
	json_decref(list);
}

int
main(int argc, char **argv)
{
	static struct args a;
	uint64_t seed, s;
	size_t n, most, i;
	pid_t *pids;

	if (argc != 5)
		return 2;
	seed = s = strtoull(argv[1], NULL, 10);
	n = strtoul(argv[2], NULL, 10);
	most = strtoul(argv[3], NULL, 10);
	must(seed != 0 && most > 0 && most < MAX_BYTES / 8);
	must((pids = calloc(n, sizeof(*pids))) != NULL);
	/* First act, then tell: the acting is to be as fast as can be. */
	for (i = 0; i < n; i++) {
		make(&a, &s, most);
		if ((pids[i] = vfork()) == 0) {
			execve(argv[4], a.argv, environ);
			_exit(127);
		}
		must(pids[i] > 0 && stim_reap(pids[i]) == 0);
	}
	printf("%d\n", getpid());
	for (i = 0; i < n; i++) {
		make(&a, &seed, most);
		expect(pids[i], &a);
	}
	return 0;
}
