/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* decode(encode(x)) = x, and what decode makes of lines that are not ours. */
#include <errno.h>
#include <glob.h>
#include <string.h>

#include "rec/event.h"

#include "random.h"
#include "tap.h"

static char line[EVENT_LINE_MAX], rec[1 << 16], back[1 << 16];

/* One random record there and back; what is wrong, or NULL. */
static const char *
there_and_back(uint64_t *r, int kind)
{
	struct event_ctx ctx = { .boot = "0123abcd", .host = "box",
	    .real_ns = random_u64(r), .line_max = 1 << 16 };
	struct event_ctx ctx2 = { .line_max = EVENT_LINE_MIN };
	size_t size = random_record(r, kind, rec, 200);
	ssize_t n = event_encode(&ctx, rec, size, line), m;

	if (n == -1)
		return "not encoded";
	if (line[n - 1] != '\n' || memchr(line, '\n', n) != line + n - 1)
		return "not one line";
	m = event_decode(&ctx2, line, n - 1, back, sizeof(back));
	if (m == -1)
		return "not decoded";
	if ((size_t)m != size || memcmp(rec, back, size) != 0)
		return "not the same";
	if (ctx2.real_ns != ctx.real_ns || strcmp(ctx2.host, "box") != 0)
		return "not the same clock or host";
	for (m = 0; m < 3; m++) {
		errno = 0;
		if (event_decode(&ctx2, line, n - 1, back,
		    random_below(r, size)) != -1 || errno != EOVERFLOW)
			return "not too large for a small buffer";
	}
	return NULL;
}

static void
round_trips(uint64_t *r)
{
	const char *bad;

	for (int k = 1; k < EV_max; k++) {
		if (event_desc(k) == NULL)
			continue;
		bad = NULL;
		for (int i = 0; i < 5000 && bad == NULL; i++)
			bad = there_and_back(r, k);
		ok(bad == NULL, "%s: 5000 random records, there and back: %s",
		    event_desc(k)->name, bad != NULL ? bad : "the same");
		if (bad != NULL)
			printf("# %s\n", line);
	}
}

/* The rows of the struct from n on, as JSON has them: unknown is not there. */
static int
without(const struct event_desc *d, size_t n, const char *s)
{
	char key[80];

	for (size_t i = 0; i < d->nfields; i++) {
		const struct field *f = &d->fields[i];

		if ((f->from != FROM_wire && f->from != FROM_tail) || f->off < n ||
		    f->type == F_comm || f->name[strcspn(f->name, "_")] == '_')
			continue;
		snprintf(key, sizeof(key), ",\"%s\":", f->name);
		if (strstr(s, key) != NULL)
			return 0;
	}
	return 1;
}

/* A record as a build made it whose struct ended n bytes in: what is wrong when it
 * is read by this one; NULL; or "" if none can end there. */
static const char *
older(uint64_t *r, const struct event_desc *d, size_t n)
{
	struct event_ctx ctx = { .boot = "0123abcd", .line_max = 1 << 16 };
	static char wide[(1 << 16) + EVENT_MORE];
	size_t size = random_record(r, d->kind, rec, 60), at = d->size, to = n;
	struct wire_head h;
	const char *got;
	uint32_t len;

	for (size_t i = 0; i < d->nfields; i++) {
		const struct field *f = &d->fields[i];

		if (f->from == FROM_wire && f->off < n &&
		    f->off + (f->type == F_proc || f->type == F_comm ? 16u : 4u) > n)
			return "";
		if (f->from != FROM_tail)
			continue;
		memcpy(&len, rec + f->off, 4);
		if (f->off < n) {
			memcpy(back + to, rec + at, len);
			to += len;
		}
		at += len;
	}
	memcpy(back, rec, n);
	memcpy(&h, rec, sizeof(h));
	h.size = to;
	memcpy(back, &h, sizeof(h));
	size = to;
	if ((got = event_widen(back, &size, wide)) == NULL)
		return "not read";
	if (event_check(got, size) != d)
		return "not a record of this build";
	if (memcmp(got + sizeof(h), rec + sizeof(h), n - sizeof(h)) != 0)
		return "what was there is not the same";
	if (memcmp(got + d->size, back + n, to - n) != 0)
		return "texts are not the same";
	len = event_encode(&ctx, got, size, line);
	line[len] = '\0';
	return without(d, n, line) ? NULL : "what was not there is told";
}

static void
older_builds(uint64_t *r)
{
	static char wide[(1 << 16) + EVENT_MORE];
	size_t n, ends, size;
	const char *bad;

	for (int k = 1; k < EV_max; k++) {
		const struct event_desc *d = event_desc(k);

		if (d == NULL || d->size == sizeof(struct wire_head))
			continue;
		bad = NULL;
		ends = 0;
		/* All but the first rows, of which nothing is told. */
		for (n = d->size / 16 * 8; bad == NULL && n < d->size; n += 8)
			for (int i = 0; i < 50 && bad == NULL; i++) {
				bad = older(r, d, n);
				if (bad != NULL && bad[0] == '\0') {
					bad = NULL;
					break;
				}
				ends++;
			}
		ok(bad == NULL && ends >= 50, "%s: recorded by %zu older builds: %s",
		    d->name, ends / 50, bad != NULL ? bad : "read");
	}
	size = random_record(r, EV_exec, rec, 60);
	ok(event_widen(rec, &size, wide) == rec, "one of this build is left as it is");
	for (n = 0; n < sizeof(struct wire_head); n++)
		size = n, ends += event_widen(rec, &size, wide) != NULL;
	memset(rec, 0xff, 256);
	size = 256;
	ok(event_widen(rec, &size, wide) == NULL, "what is none is none");
}

/* A line that was cut is cut no further. */
static void
cut_lines(uint64_t *r)
{
	struct event_ctx ctx = { .boot = "0123abcd", .host = "box",
	    .line_max = EVENT_LINE_MIN }, ctx2 = ctx;
	static char again[EVENT_LINE_MIN];
	size_t bad = 0, cut = 0;
	ssize_t n, m;

	for (int i = 0; i < 14000; i++) {
		n = random_record(r, 1 + i % EV_oom, rec, 4000);
		n = event_encode(&ctx, rec, n, line);
		if (n == -1 || n > EVENT_LINE_MIN) {
			bad++;
			continue;
		}
		line[n] = '\0';
		cut += strstr(line, "cut") != NULL;
		m = event_decode(&ctx2, line, n, back, sizeof(back));
		m = event_encode(&ctx2, back, m, again);
		bad += m != n || memcmp(line, again, n) != 0;
	}
	ok(bad == 0 && cut > 1000, "%zu lines that were cut come back as they were",
	    cut);
}

static ssize_t
decode(const char *s, struct wire_exit *e)
{
	struct event_ctx ctx = { .line_max = EVENT_LINE_MIN };
	static char buf[4096];
	ssize_t n;

	errno = 0;
	n = event_decode(&ctx, s, strlen(s), buf, sizeof(buf));
	memcpy(e, buf, sizeof(*e));
	return n;
}

#define HEAD "\"v\":1,\"time\":\"2026-01-31T12:00:00Z\",\"boot_ns\":5"

static void
takes(const char *s, const char *what)
{
	struct wire_exit e;

	ok(decode(s, &e) >= (ssize_t)sizeof(e) && e.pid == 42 &&
	    e.head.boot_ns == 5 && e.exit_code == 3, "takes %s", what);
}

static void
refuses(const char *s, const char *what)
{
	struct wire_exit e;

	ok(decode(s, &e) == -1 && errno == EINVAL, "refuses %s", what);
}

static void
lines(void)
{
	struct wire_exit e;

	takes("{" HEAD ",\"event\":\"exit\",\"pid\":42,\"exit_code\":3}",
	    "a line whose event is not first");
	takes(" {\"exit_code\" : 3 , \"x\":[{}],\"pid\":42," HEAD
	    ",\"\\u0065vent\":\"ex\\u0069t\" } ", "blanks, escapes, any order");
	takes("{" HEAD ",\"event\":\"exit\",\"pid\":1,\"pid\":42,\"exit_code\":3,"
	    "\"uid\":null}", "a field that comes twice, as the last says");
	takes("{" HEAD ",\"event\":\"exit\",\"id\":\"0123abcd-9-42\","
	    "\"exit_code\":3}", "a pid from the id");
	ok(decode("{" HEAD ",\"event\":\"exit\"}", &e) == sizeof(e) &&
	    e.pid == UINT32_MAX && e.id_start == UINT64_MAX &&
	    e.exit_code == UINT32_MAX && e.utime_ns == UINT64_MAX &&
	    e.core == 0 && e.comm[0] == 0 && e.head.cpu == UINT16_MAX,
	    "what is absent is unknown");
	refuses("{" HEAD ",\"event\":\"stall\",\"victim\":5}",
	    "a number for an object");
	refuses("{" HEAD ",\"event\":\"stall\",\"share\":-1}",
	    "a share below nothing");
	refuses("{" HEAD ",\"event\":\"stall\",\"share\":\"1\"}",
	    "a share that is a string");
	refuses("{" HEAD ",\"event\":\"stall\",\"share\":18446744073710}",
	    "a share that is too large");
	refuses("", "nothing");
	refuses("[]", "an array");
	refuses("{" HEAD "}", "no event");
	refuses("{" HEAD ",\"event\":7}", "an event that is a number");
	refuses("{" HEAD ",\"event\":\"stroll\"}", "an unknown kind");
	refuses("{\"v\":2,\"event\":\"exit\",\"time\":\"2026-01-31T12:00:00Z\","
	    "\"boot_ns\":5}", "another version");
	refuses("{\"v\":1,\"event\":\"exit\",\"boot_ns\":5}", "no time");
	refuses("{\"v\":1,\"event\":\"exit\",\"time\":\"2026-01-31T12:00:00Z\"}",
	    "no boot_ns");
	refuses("{" HEAD ",\"event\":\"exit\",\"pid\":\"42\"}", "a pid as string");
	refuses("{" HEAD ",\"event\":\"exit\",\"pid\":4294967296}", "a pid too large");
	refuses("{" HEAD ",\"event\":\"exit\",\"pid\":1.5}", "half a process");
	refuses("{" HEAD ",\"event\":\"exit\",\"id\":\"abc\"}", "a bad id");
	refuses("{" HEAD ",\"event\":\"exit\",\"core\":1}", "a number as flag");
	refuses("{" HEAD ",\"event\":\"exit\",\"comm\":1}", "a number as comm");
	refuses("{" HEAD ",\"event\":\"exit\",\"cgroup\":[]}", "a list as path");
	refuses("{" HEAD ",\"event\":\"exec\",\"argv\":[1]}", "a number in argv");
	refuses("{" HEAD ",\"event\":\"exec\",\"cap_eff\":\"1\"}", "half a set");
	refuses("{" HEAD ",\"event\":\"exec\",\"argv\":[\"a\\u0000\"]}",
	    "a NUL in an argument");
	refuses("{" HEAD ",\"event\":\"exec\",\"cwd\":\"\\u0000\"}",
	    "a NUL in a path");
	refuses("{" HEAD ",\"event\":\"exit\"", "half a line");
	refuses("{" HEAD ",\"event\":\"exit\"}{}", "two");
}

/* The files of t/data/what, given to each one by one. */
static void
files(const char *what, void (*each)(const char *name, char *text, size_t n))
{
	const char *dir = getenv("srcdir");
	char pattern[4096];
	glob_t g = { 0 };

	snprintf(pattern, sizeof(pattern), "%s/t/data/%s/*.ndjson",
	    dir != NULL ? dir : ".", what);
	glob(pattern, 0, NULL, &g);
	ok(g.gl_pathc >= 7, "%zu files %s", g.gl_pathc, what);
	for (size_t i = 0; i < g.gl_pathc; i++) {
		FILE *f = fopen(g.gl_pathv[i], "r");
		size_t n = f != NULL ? fread(rec, 1, sizeof(rec), f) : 0;

		if (f != NULL)
			fclose(f);
		each(strrchr(g.gl_pathv[i], '/') + 1, rec, n);
	}
	globfree(&g);
}

static void
good_file(const char *name, char *text, size_t n)
{
	struct event_ctx ctx = { .line_max = EVENT_LINE_MIN };
	ssize_t m = event_decode(&ctx, text, n, back, sizeof(back));

	/* Of a kind that is made by a filter, the wire has the head only. */
	if (m == (ssize_t)sizeof(struct wire_head)) {
		ok(strncmp(name, "incident.", 9) == 0, "%s is not on the wire",
		    name);
		return;
	}
	m = m > 0 ? event_encode(&ctx, back, m, line) : m;
	ok(m == (ssize_t)n && memcmp(line, text, n) == 0,
	    "%s is what the encoder writes", name);
}

static void
bad_file(const char *name, char *text, size_t n)
{
	struct event_ctx ctx = { .line_max = EVENT_LINE_MIN };
	ssize_t m = event_decode(&ctx, text, n, back, sizeof(back));
	uint32_t pid;

	if (strcmp(name, "dup-key.ndjson") == 0) {
		memcpy(&pid, back + offsetof(struct wire_exit, pid), sizeof(pid));
		ok(m > 0 && pid == 42, "%s: the last counts", name);
	} else {
		ok(m == -1 && errno == EINVAL, "%s is no record", name);
	}
}

int
main(void)
{
	uint64_t seed = random_seed();

	round_trips(&seed);
	older_builds(&seed);
	cut_lines(&seed);
	lines();
	files("event", good_file);
	files("bad", bad_file);
	return tap_done();
}
