/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <string.h>

#include "host/cgstat.h"
#include "host/word.h"
#include "rec/wire.h"

#define NAME(v)	[CG_##v] = #v
#define NELEM(a) (sizeof(a) / sizeof((a)[0]))

static const char *const values[CG_VALUES] = {
	NAME(cpu_ns), NAME(user_ns), NAME(system_ns), NAME(periods),
	NAME(throttled_periods), NAME(throttled_ns), NAME(throttled_local_ns),
	NAME(memory_low_events), NAME(memory_high_events),
	NAME(memory_max_events), NAME(oom_events), NAME(oom_kills),
	NAME(read_bytes), NAME(write_bytes), NAME(reads), NAME(writes),
	NAME(cpu_quota_ns), NAME(cpu_period_ns), NAME(memory_bytes),
	NAME(memory_max_bytes), NAME(memory_high_bytes), NAME(pids),
	NAME(pids_max),
};

/* A line "key number" of a file, or a pair "key=number". */
struct key {
	const char	*key;
	int		 value;
	unsigned	 times;
};

static const struct key cpu_keys[] = {
	{ "usage_usec", CG_cpu_ns, 1000 },
	{ "user_usec", CG_user_ns, 1000 },
	{ "system_usec", CG_system_ns, 1000 },
	{ "nr_periods", CG_periods, 1 },
	{ "nr_throttled", CG_throttled_periods, 1 },
	{ "throttled_usec", CG_throttled_ns, 1000 },
};

static const struct key local_keys[] = {
	{ "throttled_usec", CG_throttled_local_ns, 1000 },
};

static const struct key event_keys[] = {
	{ "low", CG_memory_low_events, 1 },
	{ "high", CG_memory_high_events, 1 },
	{ "max", CG_memory_max_events, 1 },
	{ "oom", CG_oom_events, 1 },
	{ "oom_kill", CG_oom_kills, 1 },
};

static const struct key io_keys[] = {
	{ "rbytes", CG_read_bytes, 1 },
	{ "wbytes", CG_write_bytes, 1 },
	{ "rios", CG_reads, 1 },
	{ "wios", CG_writes, 1 },
};

static const struct {
	const char	*name;
	const struct key *keys;
	size_t		 nkeys;
	int		 value;		/* of a file that is one value */
} files[CGSTAT_FILES] = {
#define KEYS(k)	k, NELEM(k), 0
	[CGSTAT_CPU] = { "cpu.stat", KEYS(cpu_keys) },
	[CGSTAT_CPU_LOCAL] = { "cpu.stat.local", KEYS(local_keys) },
	[CGSTAT_CPU_MAX] = { "cpu.max", NULL, 0, CG_cpu_quota_ns },
	[CGSTAT_MEMORY] = { "memory.current", NULL, 0, CG_memory_bytes },
	[CGSTAT_MEMORY_MAX] = { "memory.max", NULL, 0, CG_memory_max_bytes },
	[CGSTAT_MEMORY_HIGH] = { "memory.high", NULL, 0, CG_memory_high_bytes },
	[CGSTAT_MEMORY_EVENTS] = { "memory.events", KEYS(event_keys) },
	[CGSTAT_PIDS] = { "pids.current", NULL, 0, CG_pids },
	[CGSTAT_PIDS_MAX] = { "pids.max", NULL, 0, CG_pids_max },
	[CGSTAT_IO] = { "io.stat", KEYS(io_keys) },
};

const char *
cgstat_file(enum cgstat_file f)
{
	return files[f].name;
}

const char *
cgstat_name(enum cgstat_value v)
{
	return values[v];
}

/* A number times so much; "max" is no limit, unknown.  0, or -1. */
static int
number(struct word w, unsigned times, uint64_t *v)
{
	uint64_t n;

	if (word_is(w, "max")) {
		*v = WIRE_UNKNOWN_64;
		return 0;
	}
	if (word_u64(w, &n) == -1 || __builtin_mul_overflow(n, times, &n) ||
	    n == WIRE_UNKNOWN_64)
		return -1;
	*v = n;
	return 0;
}

static const struct key *
find(enum cgstat_file f, struct word name)
{
	for (size_t i = 0; i < files[f].nkeys; i++)
		if (word_is(name, files[f].keys[i].key))
			return &files[f].keys[i];
	return NULL;
}

/* "key number" */
static int
flat(enum cgstat_file f, struct word l, struct cgstat *s)
{
	const struct key *k;
	struct word name, num;

	if (!word_next(&l, ' ', &name) || (k = find(f, name)) == NULL)
		return 0;
	if (!word_next(&l, ' ', &num) || l.p != l.end || word_is(num, "max"))
		return -1;
	return number(num, k->times, &s->v[k->value]);
}

/* "8:0 rbytes=1 wbytes=2": added to what other devices have. */
static int
device(struct word l, struct cgstat *s)
{
	const struct key *k;
	struct word w, name;
	uint64_t n, *v;

	if (!word_next(&l, ' ', &w))
		return 0;
	while (word_next(&l, ' ', &w)) {
		if (!word_next(&w, '=', &name) ||
		    (k = find(CGSTAT_IO, name)) == NULL)
			continue;
		v = &s->v[k->value];
		if (word_u64(w, &n) == -1 || __builtin_add_overflow(*v, n, v) ||
		    *v == WIRE_UNKNOWN_64)
			return -1;
	}
	return 0;
}

/* One value; "quota period" of cpu.max is two. */
static int
single(enum cgstat_file f, struct word text, struct cgstat *s)
{
	unsigned times = f == CGSTAT_CPU_MAX ? 1000 : 1;
	struct word l, w;

	if (!word_next(&text, '\n', &l) || text.p != text.end ||
	    !word_next(&l, ' ', &w) ||
	    number(w, times, &s->v[files[f].value]) == -1)
		return -1;
	if (f == CGSTAT_CPU_MAX && (!word_next(&l, ' ', &w) ||
	    number(w, times, &s->v[CG_cpu_period_ns]) == -1))
		return -1;
	return l.p == l.end ? 0 : -1;
}

int
cgstat_parse(enum cgstat_file f, const char *text, size_t len,
    struct cgstat *s, const char **why)
{
	struct word rest = { text, text + len }, l;
	int rc = 0;

	*why = "a number is none, or too great";
	if (len >= CGSTAT_TEXT) {
		*why = "too long";
		return -1;
	}
	/* io.stat of who did no io yet, cpu.stat.local without the controller. */
	if (len > 0 ? text[len - 1] != '\n' : files[f].keys == NULL) {
		*why = len == 0 ? "empty" : "its last line has no end";
		return -1;
	}
	if (files[f].keys == NULL)
		return single(f, rest, s);
	if (f == CGSTAT_IO)
		for (size_t i = 0; i < NELEM(io_keys); i++)
			s->v[io_keys[i].value] = 0;
	while (rc == 0 && word_next(&rest, '\n', &l))
		rc = f == CGSTAT_IO ? device(l, s) : flat(f, l, s);
	return rc;
}
