/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What the kernel writes about pressure and cgroups, taken apart; and records
 * made of it. */
#include <stdlib.h>
#include <string.h>

#include "host/cgstat.h"
#include "host/look_record.h"
#include "host/psi.h"
#include "rec/event.h"
#include "rec/make.h"
#include "tap.h"

#define NONE	WIRE_UNKNOWN_64

static struct psi_text got;
static const char *why;

static int
parse(const char *text)
{
	why = "";
	return psi_parse(text, strlen(text), &got, &why);
}

static int
refuses(const char *text, const char *part)
{
	return parse(text) == -1 && strstr(why, part) != NULL &&
	    strchr(why, '\n') == NULL;
}

static void
pressure(void)
{
	char text[PSI_TEXT + 1];

	ok(parse("some avg10=12.34 avg60=4.50 avg300=0.07 total=918273\n"
	    "full avg10=0.00 avg60=0.00 avg300=0.00 total=5\n") == 0 &&
	    got.some.total_ns == 918273000 && got.full.total_ns == 5000 &&
	    got.some.avg10 == 12340000 && got.some.avg60 == 4500000 &&
	    got.some.avg300 == 70000 && got.full.avg10 == 0, "both lines");
	ok(parse("some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n") == 0 &&
	    got.some.total_ns == 0 && got.full.total_ns == NONE &&
	    got.full.avg10 == NONE, "no full line: unknown, not 0");
	ok(parse("full avg10=0.00 avg60=0.00 avg300=0.00 total=7\n") == 0 &&
	    got.some.total_ns == NONE && got.full.total_ns == 7000,
	    "irq has a full line only");
	ok(parse("some total=1 avg10=100.00 avg3600=1.00\nhalf total=9\n") == 0
	    && got.some.total_ns == 1000 && got.some.avg10 == 100000000 &&
	    got.some.avg60 == NONE, "another order, words of another kernel");
	ok(parse("some total=18446744073709550\n") == 0 &&
	    got.some.total_ns == UINT64_C(18446744073709550000),
	    "584 years of stall");
	ok(refuses("some total=18446744073709552\n", "too great"),
	    "a total that has no ns");
	ok(refuses("some total=99999999999999999999999\n", "number"),
	    "a total of 23 digits");
	ok(refuses("some avg10=1.5.5 total=1\n", "number"), "two points");
	ok(refuses("some avg10=-1.00 total=1\n", "number"), "a sign");
	ok(refuses("some avg10=nan total=1\n", "number"), "no number");
	ok(refuses("some avg10= total=1\n", "number"), "nothing");
	ok(refuses("some avg10=0.00\n", "no total"), "no total");
	ok(refuses("some total=1\nsome total=2\n", "twice"), "a line twice");
	ok(refuses("", "empty"), "nothing at all");
	ok(refuses("some total=1", "no end"), "half a line");
	ok(refuses("\n\n", "neither"), "empty lines");
	ok(refuses("hello\n", "neither"), "another file");
	memset(text, ' ', PSI_TEXT);
	memcpy(text, "some total=1", 12);
	text[PSI_TEXT - 1] = '\n';
	text[PSI_TEXT] = '\0';
	ok(refuses(text, "too long"), "a very long one");
}

static int
asks(const char *text, struct psi_ask *a)
{
	const char *want = NULL;
	int rc = psi_ask_parse(text, a, &want);

	return rc == 0 ? 1 : want == NULL;
}

static void
questions(void)
{
	static const char *const bad[] = {
		"", "cpu", "cpu some", "cpu some 1s", "cpu any 150ms/1s",
		"disk some 150ms/1s", "cpu some 2s/1s", "cpu some 150ms/11s",
		"cpu some 0s/1s", "cpu some 150ms/1s x", "cpu some 150ms/1s/1s",
		"cpu some 1h/1h", "cpu some 150ms/1s@x", "cpu some 150ms/1s@",
		"cpu some -1ms/1s", "cpu some 1ns/1s",
	};
	struct psi_ask a;
	char text[PSI_ASK];

	ok(asks("cpu some 150ms/1s", &a) && a.resource == PSI_CPU && !a.full &&
	    a.stall_ns == 150000000 && a.window_ns == 1000000000 &&
	    a.cgroup == NULL, "a question");
	ok(psi_ask_text(&a, text) == sizeof("some 150000 1000000") &&
	    strcmp(text, "some 150000 1000000") == 0, "as the kernel wants it");
	ok(psi_ask_widen(&a) == 1 && a.stall_ns == 300000000 &&
	    a.window_ns == 2000000000, "in a window of 2 s");
	ok(psi_ask_widen(&a) == 0, "that is one already");
	ok(asks("memory full 1s/2.5s @/a b", &a) && a.resource == PSI_MEMORY &&
	    a.full && strcmp(a.cgroup, "/a b") == 0, "of a cgroup");
	ok(psi_ask_widen(&a) == 1 && a.stall_ns == 1600000000 &&
	    a.window_ns == 4000000000, "2.5 s become 4");
	ok(asks("io full 10s/10s", &a) && psi_ask_widen(&a) == 0,
	    "as long as it goes");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(!asks(bad[i], &a), "no question: '%s'", bad[i]);
}

static struct cgstat st;

static int
stat_of(enum cgstat_file f, const char *text)
{
	memset(&st, 0xff, sizeof(st));
	return cgstat_parse(f, text, strlen(text), &st, &why);
}

static void
stats(void)
{
	ok(stat_of(CGSTAT_CPU, "usage_usec 3\nuser_usec 2\nsystem_usec 1\n"
	    "nr_periods 9\nnr_throttled 8\nthrottled_usec 7\nnr_bursts 6\n"
	    "core_sched.force_idle_usec 5\n") == 0 &&
	    st.v[CG_cpu_ns] == 3000 && st.v[CG_user_ns] == 2000 &&
	    st.v[CG_system_ns] == 1000 && st.v[CG_periods] == 9 &&
	    st.v[CG_throttled_periods] == 8 && st.v[CG_throttled_ns] == 7000 &&
	    st.v[CG_throttled_local_ns] == NONE, "cpu.stat");
	ok(stat_of(CGSTAT_CPU_LOCAL, "throttled_usec 4\n") == 0 &&
	    st.v[CG_throttled_local_ns] == 4000 &&
	    st.v[CG_throttled_ns] == NONE, "cpu.stat.local");
	ok(stat_of(CGSTAT_CPU_LOCAL, "") == 0 &&
	    st.v[CG_throttled_local_ns] == NONE,
	    "cpu.stat.local without a controller");
	ok(stat_of(CGSTAT_CPU_MAX, "50000 100000\n") == 0 &&
	    st.v[CG_cpu_quota_ns] == 50000000 &&
	    st.v[CG_cpu_period_ns] == 100000000, "cpu.max");
	ok(stat_of(CGSTAT_CPU_MAX, "max 100000\n") == 0 &&
	    st.v[CG_cpu_quota_ns] == NONE &&
	    st.v[CG_cpu_period_ns] == 100000000, "no quota is none, not 0");
	ok(stat_of(CGSTAT_CPU_MAX, "max\n") == -1, "half of cpu.max");
	ok(stat_of(CGSTAT_MEMORY, "94371840\n") == 0 &&
	    st.v[CG_memory_bytes] == 94371840, "memory.current");
	ok(stat_of(CGSTAT_MEMORY_MAX, "max\n") == 0 &&
	    st.v[CG_memory_max_bytes] == NONE, "no memory.max");
	ok(stat_of(CGSTAT_MEMORY_MAX, "1\n2\n") == -1, "two of them");
	ok(stat_of(CGSTAT_MEMORY_MAX, "") == -1, "none of them");
	ok(stat_of(CGSTAT_MEMORY_EVENTS, "low 1\nhigh 2\nmax 3\noom 4\n"
	    "oom_kill 5\noom_group_kill 6\n") == 0 &&
	    st.v[CG_memory_low_events] == 1 &&
	    st.v[CG_memory_high_events] == 2 &&
	    st.v[CG_memory_max_events] == 3 && st.v[CG_oom_events] == 4 &&
	    st.v[CG_oom_kills] == 5, "memory.events");
	ok(stat_of(CGSTAT_PIDS, "12\n") == 0 && st.v[CG_pids] == 12,
	    "pids.current");
	ok(stat_of(CGSTAT_IO, "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 "
	    "dios=6\n8:16 rbytes=10 wbytes=20 rios=30 wios=40\n7:0 \n") == 0 &&
	    st.v[CG_read_bytes] == 11 && st.v[CG_write_bytes] == 22 &&
	    st.v[CG_reads] == 33 && st.v[CG_writes] == 44,
	    "io.stat: the sum of its devices");
	ok(stat_of(CGSTAT_IO, "") == 0 && st.v[CG_reads] == 0,
	    "io.stat without a device: there was no io");
	ok(stat_of(CGSTAT_IO, "8:0 rbytes=x\n") == -1, "io.stat, no number");
	ok(stat_of(CGSTAT_IO, "8:0 rbytes=18446744073709551615\n"
	    "8:1 rbytes=1\n") == -1, "io.stat, a sum that is too great");
	ok(stat_of(CGSTAT_CPU, "usage_usec 18446744073709551615\n") == -1,
	    "cpu.stat, a time that has no ns");
	ok(stat_of(CGSTAT_CPU, "usage_usec 1 2\n") == -1, "three words");
	ok(stat_of(CGSTAT_CPU, "usage_usec max\n") == -1, "no count is max");
	ok(stat_of(CGSTAT_CPU, "usage_usec 1") == -1, "half a line");
	for (int i = 0; i < CG_VALUES; i++)
		ok(cgstat_name(i) != NULL, "value %d has a name", i);
}

static const char *
line_of(const void *rec, size_t size)
{
	static char line[EVENT_LINE_MIN];
	struct event_ctx ctx = { .line_max = EVENT_LINE_MIN };
	ssize_t n = event_encode(&ctx, rec, size, line);

	line[n > 0 ? n - 1 : 0] = '\0';
	return line;
}

static int
has(const char *line, const char *part)
{
	if (strstr(line, part) != NULL)
		return 1;
	printf("# %s\n# has not: %s\n", line, part);
	return 0;
}

static void
records(void)
{
	struct cgroup_node n = { .path = (char *)"/a/b", .id = 4711 };
	struct look_at *a = calloc(1, sizeof(*a));
	uint64_t buf[1024];
	const char *line;
	size_t size;

	memset(a->psi, 0xff, sizeof(a->psi));
	memset(&a->stat, 0xff, sizeof(a->stat));
	a->psi[PSI_IO].at = 6000000000;
	a->psi[PSI_IO].interval_ns = 1000000000;
	a->psi[PSI_IO].some_ns = 318000001;
	a->psi[PSI_IO].text.some.total_ns = 5;
	size = look_record_psi(a, PSI_IO, "interval", buf, sizeof(buf));
	line = line_of(buf, size);
	ok(has(line, "\"resource\":\"io\",\"reason\":\"interval\","
	    "\"interval_ns\":1000000000,\"some_ns\":318000001,"
	    "\"some_pct\":31.8,\"some_total_ns\":5}"),
	    "the machine has no cgroup, and what is unknown is absent");
	a->cgroup = &n;
	size = look_record_psi(a, PSI_IO, "once", buf, sizeof(buf));
	ok(has(line_of(buf, size), "\"cgroup_id\":\"4711\",\"cgroup\":\"/a/b\""),
	    "a cgroup has its path");
	a->stat.at = 7000000000;
	for (int i = 0; i < CG_GROWING; i++)
		a->stat.grown[i] = i + 1;
	for (int i = CG_GROWING; i < CG_VALUES; i++)
		a->stat.now.v[i] = i + 1;
	size = look_record_stat(a, buf, sizeof(buf));
	ok(has(line_of(buf, size), "\"cpu_ns\":1,\"user_ns\":2,\"system_ns\":3,"
	    "\"periods\":4,\"throttled_periods\":5,\"throttled_ns\":6,"
	    "\"throttled_local_ns\":7,\"cpu_quota_ns\":17,\"cpu_period_ns\":18,"
	    "\"memory_bytes\":19,\"memory_max_bytes\":20,"
	    "\"memory_high_bytes\":21,\"memory_low_events\":8,"
	    "\"memory_high_events\":9,\"memory_max_events\":10,"
	    "\"oom_events\":11,\"oom_kills\":12,\"pids\":22,\"pids_max\":23,"
	    "\"read_bytes\":13,\"write_bytes\":14,\"reads\":15,\"writes\":16"),
	    "each value has its field");
	ok(look_record_stat(a, buf, 64) == 0, "no room, no record");
	free(a);
}

static int
path_is(const char *path, const char *wire, size_t len)
{
	uint64_t buf[64];
	struct make m;
	size_t n;

	make_begin(&m, EV_cgroup);
	make_path(&m, "cgroup", path);
	n = make_end(&m, 1, buf, sizeof(buf));
	return n == sizeof(struct wire_cgroup) + len &&
	    memcmp((char *)buf + n - len, wire, len) == 0;
}

static void
paths(void)
{
	struct wire_lost lost;
	uint64_t buf[64];
	struct make m;
	size_t size;

	ok(path_is("/a/bc", "bc\0a\0", 5), "a path, leaf first");
	ok(path_is("/", "\0", 1), "the root");
	ok(path_is("/x", "x\0", 2), "one name");
	ok(path_is(NULL, "", 0), "no path");
	make_begin(&m, EV_cgroup);
	make_path(&m, "cgroup", "a/b");
	ok(make_end(&m, 1, buf, sizeof(buf)) == 0, "no / first, no record");
	make_begin(&m, EV_psi);
	make_path(&m, "resource", "/a");
	ok(make_end(&m, 1, buf, sizeof(buf)) == 0, "a string is no path");
	make_begin(&m, EV_lost);
	make_num(&m, "to", 3);
	make_num(&m, "count", 1);
	make_num(&m, "from", 2);
	make_text(&m, "source", "late");
	size = make_end(&m, 1, buf, sizeof(buf));
	memcpy(&lost, buf, sizeof(lost));
	ok(size == sizeof(lost) + 4 && lost.count == 1 && lost.from == 2 &&
	    lost.to == 3, "fields in any order");
}

int
main(void)
{
	pressure();
	questions();
	stats();
	records();
	paths();
	return tap_done();
}
