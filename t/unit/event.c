/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "rec/event.h"

#include "tap.h"

static struct event_ctx ctx = {
	.boot = "0123abcd", .host = "box",
	.real_ns = INT64_C(1769860800000000000), .line_max = EVENT_LINE_MIN,
};

static union {
	struct wire_exec e;
	struct wire_lost lost;
	struct wire_snap snap;
	struct wire_stall stall;
	char bytes[1 << 17];
} rec;
static char *tail;
static char line[EVENT_LINE_MAX];
static ssize_t len;

#define EXEC_HEAD "{\"v\":1,\"event\":\"exec\"," \
	"\"time\":\"2026-01-31T12:00:05.123456789Z\",\"boot_ns\":5123456789," \
	"\"host\":\"box\""
#define EXEC(text) EXEC_HEAD ",\"comm\":\"\"" text "}\n"

/* An exec of which nothing is known. */
static void
unknown(void)
{
	memset(&rec, 0xff, sizeof(struct wire_exec));
	rec.e.head = (struct wire_head){ .kind = EV_exec, .cpu = UINT16_MAX,
	    .boot_ns = 5123456789 };
	rec.e.exe_deleted = rec.e.exe_memfd = rec.e.argv_cut = 0;
	memset(rec.e.comm, 0, 16);
	rec.e.len_tty = rec.e.len_cgroup = rec.e.len_cgroup_v1 = 0;
	rec.e.len_exe = rec.e.len_script = rec.e.len_filename = 0;
	rec.e.len_cwd = rec.e.len_argv = 0;
	tail = (char *)(&rec.e + 1);
}

static void
add(__u32 *n, const char *s, size_t k)
{
	memcpy(tail, s, k);
	tail += k;
	*n = k;
}
#define ADD(f, s)	add(&rec.e.len_##f, s, sizeof(s) - 1)

static int
encode(void)
{
	rec.e.head.size = tail - rec.bytes;
	len = event_encode(&ctx, &rec, rec.e.head.size, line);
	if (len < 0)
		return -1;
	line[len] = '\0';
	return 0;
}

static void
is(const char *want, const char *what)
{
	int same = encode() == 0 && strcmp(line, want) == 0;

	ok(same, "%s", what);
	if (!same)
		printf("# have %s# want %s", line, want);
}

static void
values(void)
{
	unknown();
	is(EXEC(""), "what is unknown is absent");
	unknown();
	rec.e.pid = 42;
	is(EXEC_HEAD ",\"pid\":42,\"comm\":\"\"}\n", "no start, no id");
	rec.e.id_start = 77;
	is(EXEC_HEAD ",\"id\":\"0123abcd-77-42\",\"pid\":42,\"comm\":\"\"}\n",
	    "an id is boot, start, pid");
	rec.e.pid = 0;
	is(EXEC_HEAD ",\"pid\":0,\"comm\":\"\"}\n", "pid 0 is written, without id");
	rec.e.pid = UINT32_MAX;
	is(EXEC(""), "a start without pid is nothing");
	unknown();
	rec.e.uid = 0;
	rec.e.cap_eff = UINT64_C(0x1ffffffffff);
	rec.e.cgroup_id = UINT64_MAX - 1;
	rec.e.exe_memfd = 7;
	rec.e.head.cpu = 0;
	rec.e.head.seq = 1;
	is(EXEC(",\"uid\":0,\"cgroup_id\":\"18446744073709551614\","
	    "\"exe_memfd\":true,\"cap_eff\":\"000001ffffffffff\",\"cpu\":0,"
	    "\"seq\":1"), "zero is a value; sets and identities are strings");
	unknown();
	memcpy(rec.e.comm, "sixteen bytes :)", 16);
	is(EXEC_HEAD ",\"comm\":\"sixteen bytes :)\"}\n",
	    "a comm without NUL ends with its 16 bytes");
}

static void
tails(void)
{
	unknown();
	ADD(cgroup, "\0");
	ADD(exe, "sh\0bin\0usr\0");
	is(EXEC(",\"cgroup\":\"/\",\"exe\":\"/usr/bin/sh\""),
	    "names, leaf first, are a path; a lone NUL is the root");
	unknown();
	ADD(cwd, "c\0b\0\0");
	is(EXEC(",\"cwd\":\"b/c\",\"cut\":[\"cwd\"]"),
	    "a path without its root does not begin with a slash");
	unknown();
	ADD(script, "/tmp/\xc3\0");
	is(EXEC(",\"script\":\"/tmp/\",\"cut\":[\"script\"]"),
	    "a string that ends with a NUL is cut, and half a character with it");
	unknown();
	rec.e.argc = 0;
	is(EXEC(",\"argc\":0"), "an empty argv is absent, but argc tells");
	unknown();
	ADD(argv, "\0");
	is(EXEC(",\"argv\":[\"\"]"), "an empty argument is one");
	unknown();
	rec.e.argv_cut = 1;
	ADD(argv, "a\0\0b\xe2\x82");
	is(EXEC(",\"argv_cut\":true,\"argv\":[\"a\",\"\",\"b\"]"),
	    "an argument that is cut loses half a character, and says so once");
}

#define STALL(text) "{\"v\":1,\"event\":\"stall\"," \
	"\"time\":\"2026-01-31T12:00:05.123456789Z\",\"boot_ns\":5123456789," \
	"\"host\":\"box\"" text "}\n"

static void
unknown_stall(void)
{
	struct wire_stall *s = &rec.stall;

	memset(s, 0xff, sizeof(*s));
	s->head = (struct wire_head){ .kind = EV_stall, .boot_ns = 5123456789 };
	s->len_resource = s->len_method = 0;
	s->len_victim_cgroup = s->len_victim_cgroup_v1 = 0;
	s->len_culprit_kind = s->len_culprit_comm = 0;
	s->len_culprit_cgroup = s->len_culprit_cgroup_v1 = 0;
	tail = (char *)(s + 1);
}

static void
objects(void)
{
	char want[512];
	size_t n;

	unknown_stall();
	is(STALL(""), "an object of which nothing is known is absent");
	rec.stall.victim_cgroup_v1_id = 7;
	is(STALL(",\"victim\":{\"cgroup_v1_id\":\"7\"}"),
	    "an object begins with the field that is known");
	rec.stall.culprit_id_start = 9;
	rec.stall.culprit_pid = 42;
	rec.stall.waits = 0;
	is(STALL(",\"victim\":{\"cgroup_v1_id\":\"7\"},\"culprit\":"
	    "{\"id\":\"0123abcd-9-42\",\"pid\":42},\"waits\":0"),
	    "fields behind an object are of the record");
	unknown_stall();
	n = sprintf(tail, "a%c\xff%c", 0, 0);
	tail[n] = '\0';
	rec.stall.len_victim_cgroup = n + 1;
	tail += n + 1;
	is(STALL(",\"victim\":{\"cgroup\":\"\xef\xbf\xbd/a\"},"
	    "\"cut\":[\"victim.cgroup\"],\"replaced\":[\"victim.cgroup\"]"),
	    "what was cut or replaced is named with its object");
	unknown_stall();
	memset(tail, 'x', 6000);
	rec.stall.len_culprit_comm = 6000;
	tail += 6000;
	n = sprintf(want, ",\"cut\":[\"culprit.comm\"]}\n");
	ok(encode() == 0 && len <= EVENT_LINE_MIN &&
	    strcmp(line + len - n, want) == 0, "likewise in a line that is too long");
}

static void
fractions(void)
{
	static const struct {
		uint64_t micro;
		const char *text;
	} f[] = {
		{ 0, "0" }, { 1, "0.000001" }, { 500000, "0.5" },
		{ 996266, "0.996266" }, { 1000000, "1" }, { 12340000, "12.34" },
		{ UINT64_MAX - 1, "18446744073709.551614" },
	};
	char want[256];

	for (size_t i = 0; i < sizeof(f) / sizeof(f[0]); i++) {
		unknown_stall();
		rec.stall.share = f[i].micro;
		snprintf(want, sizeof(want), STALL(",\"share\":%s"), f[i].text);
		is(want, f[i].text);
	}
}

static void
bytes(void)
{
	unknown();
	memcpy(rec.e.comm, "\xff", 2);
	ADD(exe, "a\xc0\xaf\0" "b\"\\\0");
	ADD(argv, "\x01\x1b[\n\r\t\b\f\x7f\xc2\x9b\0\xed\xa0\x80\0\xf5\0\xe2\x82\xac");
	is("{\"v\":1,\"event\":\"exec\",\"time\":\"2026-01-31T12:00:05.123456789Z\","
	    "\"boot_ns\":5123456789,\"host\":\"box\",\"comm\":\"\xef\xbf\xbd\","
	    "\"exe\":\"/b\\\"\\\\/a\xef\xbf\xbd\xef\xbf\xbd\","
	    "\"argv\":[\"\\u0001\\u001b[\\n\\r\\t\\b\\f\\u007f\\u009b\","
	    "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\",\"\xef\xbf\xbd\","
	    "\"\xe2\x82\xac\"],\"replaced\":[\"comm\",\"exe\",\"argv\"]}\n",
	    "controls are escaped, what is not UTF-8 becomes U+FFFD and is told");
	unknown();
	memcpy(ctx.host, "b\xff", 3);
	ok(encode() == 0 && strstr(line, "\"host\":\"b\xef\xbf\xbd\"") != NULL &&
	    strstr(line, "\"replaced\":[\"host\"]}\n") != NULL, "also in host");
	strcpy(ctx.host, "");
	ok(encode() == 0 && strstr(line, "host") == NULL, "no host is absent");
	strcpy(ctx.host, "box");
	strcpy(ctx.boot, "\"");
	rec.e.pid = 1, rec.e.id_start = 1;
	ok(encode() == 0 && strstr(line, "\"id\"") == NULL, "no boot id, no id");
	strcpy(ctx.boot, "0123abcd");
}

/* A line's fields as jansson sees them. */
static json_t *
parsed(void)
{
	json_error_t err;
	json_t *j = json_loadb(line, len, JSON_ALLOW_NUL, &err);

	if (j == NULL)
		printf("# %s at %d\n", err.text, err.position);
	return j;
}

static size_t
length(json_t *j, const char *name)
{
	json_t *v = json_object_get(j, name), *e;
	size_t sum = json_string_length(v), i;

	json_array_foreach(v, i, e)
		sum += json_string_length(e);
	return sum;
}

static void
cuts(void)
{
	static char big[60000];
	json_t *j;

	memset(big, 'x', sizeof(big));
	unknown();
	ADD(exe, "sh\0bin\0usr\0");
	for (int i = 0; i < 200; i++)
		memcpy(big + i * 100 + 97, "\xc3\xa9", 3);
	add(&rec.e.len_argv, big, 20000);
	ok(encode() == 0 && len <= EVENT_LINE_MIN && len > EVENT_LINE_MIN - 200,
	    "a long argv fills the line, %zd bytes", len);
	j = parsed();
	ok(json_is_true(json_object_get(j, "argv_cut")), "and is said to be cut");
	ok(json_object_get(j, "cut") == NULL && length(j, "exe") == 11,
	    "but nothing else is");
	ok(json_object_get(j, "replaced") == NULL, "nor is a character");
	json_decref(j);

	memset(big, 'y', sizeof(big));
	unknown();
	for (int i = 99; i < 20000; i += 100)
		big[i] = '\0';
	add(&rec.e.len_cwd, big, 4000);
	add(&rec.e.len_argv, big, 20000);
	ok(encode() == 0 && len <= EVENT_LINE_MIN, "a long path beside it");
	j = parsed();
	ok(length(j, "cwd") > 1300 && length(j, "cwd") < 2000 &&
	    length(j, "argv") > 1300, "takes half");
	ok(strstr(line, "\"cwd\":\"y") != NULL &&
	    strstr(line, "\"cut\":[\"cwd\"]") != NULL, "and loses its root");
	json_decref(j);

	unknown();
	memset(big, 1, sizeof(big));
	add(&rec.e.len_tty, big, 5000);
	add(&rec.e.len_cgroup, big, 5000);
	add(&rec.e.len_cgroup_v1, big, 5000);
	add(&rec.e.len_exe, big, 5000);
	add(&rec.e.len_script, big, 5000);
	add(&rec.e.len_filename, big, 5000);
	add(&rec.e.len_cwd, big, 5000);
	add(&rec.e.len_argv, big, 5000);
	ok(encode() == 0 && len <= EVENT_LINE_MIN && len > EVENT_LINE_MIN - 300,
	    "controls in every field, %zd bytes", len);
	j = parsed();
	ok(length(j, "tty") > 20 && length(j, "tty") == length(j, "argv") &&
	    length(j, "tty") == length(j, "cwd"), "each gets the same");
	json_decref(j);
	ctx.line_max = EVENT_LINE_MAX;
	ok(encode() == 0 && len > 6 * 40000 && strstr(line, "cut") == NULL,
	    "a longer line holds it all");
	ctx.line_max = EVENT_LINE_MIN;
}

static void
refused(const char *what)
{
	errno = 0;
	ok(event_encode(&ctx, &rec, rec.e.head.size, line) == -1 &&
	    errno == EINVAL, "%s is no record", what);
}

static void
refusals(void)
{
	unknown();
	ADD(exe, "sh\0");
	encode();
	ok(event_encode(&ctx, &rec, rec.e.head.size + 5, line) == len,
	    "padding behind a record is passed over");
	ok(event_encode(&ctx, &rec, rec.e.head.size - 1, line) == -1, "a half");
	ok(event_encode(&ctx, &rec, 3, line) == -1, "three bytes");
	rec.e.len_exe++;
	refused("a tail too long");
	rec.e.len_exe = UINT32_MAX;
	refused("a tail of 4 GiB");
	rec.e.len_exe = 2;
	refused("a tail too short");
	rec.e.len_exe = 3;
	rec.e.head.kind = 0;
	refused("kind 0");
	rec.e.head.kind = EV_max;
	refused("a kind unknown");
	rec.e.head.kind = EV_exec;
	ctx.line_max = EVENT_LINE_MIN - 1;
	refused("nothing without room for a line");
	ctx.line_max = EVENT_LINE_MIN;
}

static void
described(void)
{
	size_t pads = 0, large = 0, gone = 0;

	for (int k = 1; k < EV_max; k++) {
		const struct event_desc *d = event_desc(k);

		if (d == NULL)
			continue;
		gone += event_kind(d->name, strlen(d->name)) != k;
		large += d->nfields > EVENT_FIELDS ||
		    d->room > EVENT_LINE_MIN - 1024;
		for (size_t i = 0; i < d->nfields; i++)
			pads += strncmp(d->fields[i].name, "pad", 3) == 0;
	}
	ok(pads == 0, "padding is no field");
	ok(large == 0, "every kind leaves 1 KiB of the shortest line to tails");
	ok(gone == 0, "every kind is found by its name");
	ok(event_desc(0) == NULL && event_desc(-1) == NULL &&
	    event_desc(EV_max) == NULL, "other numbers are no kinds");
	ok(event_kind("exe", 3) == 0 && event_kind("process", 7) == 0 &&
	    event_kind("", 0) == 0, "other names neither");
}

static void
ids(void)
{
	static const char *const bad[] = {
		"", "0123abcd", "0123abcd-", "0123abcd-1", "0123abcd-1-",
		"0123abcd--1", "0123abcd-1-4294967296", "0123abcd-1-1 ",
		"0123ABCD-1-1", "0123abc-1-1", "0123abcd-18446744073709551616-1",
		"0123abcd-01-1", "0123abcd-1-01", "0123abcd-1-2-3", "0123abcd-1-",
		"0123abcd-123456789012345678901-1", "0123abcd-1-12345678901",
		"0123abcd-100000000000000000000-1", "0123abcd-/-1", "0123abcd-1-:",
	};
	char id[EVENT_ID];
	uint32_t boot, pid;
	uint64_t start;
	size_t n = event_id(id, "0123abcd", UINT64_MAX, UINT32_MAX), good = 0;

	ok(n == EVENT_ID - 1 && id[n] == '\0', "the longest id");
	ok(event_id_parse(id, n, &boot, &start, &pid) == 0 &&
	    boot == 0x0123abcd && start == UINT64_MAX && pid == UINT32_MAX,
	    "is taken apart again");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		good += event_id_parse(bad[i], strlen(bad[i]), &boot, &start,
		    &pid) == 0;
	ok(good == 0, "what is no id is refused");
}

/* Any byte in any place of the boot, and numbers of any length. */
static void
ids_of_all_sorts(void)
{
	char id[EVENT_ID], c;
	uint32_t boot, pid;
	uint64_t start, bad = 0;
	size_t n;

	for (int i = 0; i < 8 * 256; i++) {
		n = event_id(id, "0123abcd", 1234567890123, 42);
		id[i % 8] = c = i / 8;
		bad += (event_id_parse(id, n, &boot, &start, &pid) == 0) !=
		    (strchr("0123456789abcdef", c) != NULL && c != '\0');
		if (c == 'f')
			bad += (boot >> (28 - i % 8 * 4) & 15) != 15;
	}
	for (uint64_t k = 1; k != 0; k = k > UINT64_MAX / 3 ? 0 : k * 3) {
		n = event_id(id, "fedcba98", k, k & UINT32_MAX);
		bad += event_id_parse(id, n, &boot, &start, &pid) != 0 ||
		    boot != 0xfedcba98 || start != k || pid != (uint32_t)k;
	}
	ok(bad == 0, "ids of all sorts are taken apart, and no others");
}

int
main(void)
{
	described();
	ids();
	ids_of_all_sorts();
	values();
	tails();
	objects();
	fractions();
	bytes();
	cuts();
	refusals();
	return tap_done();
}
