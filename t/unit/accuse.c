/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Whom pressure is blamed on: sums of a while, and what rules make of them. */
#include <stdarg.h>
#include <string.h>

#include "core/engine.h"
#include "core/sums.h"
#include "tap.h"
#include "unit/random.h"

#define SECOND	UINT64_C(1000000000)

/* ---- sums ---- */

enum { ADDED = 3000, NAMES = 6 };

/* Against a list of all that was added, as long as there is room. */
static void
sums_are_exact(uint64_t *r)
{
	static struct { uint64_t t, ns; int name; } all[ADDED];
	struct intern *strings = intern_new();
	const char *name[NAMES];
	struct sums s = { .max = 64, .levels = 1u << 0 | 1u << 3,
	    .strings = strings };
	uint64_t t = SECOND, bad = 0, some = 0;

	for (int i = 0; i < NAMES; i++)
		name[i] = intern_get(strings, &"abcdef"[i], 1);
	for (int n = 0; n < ADDED; n++) {
		struct sum key = { .culprit = name[random_below(r, NAMES)] };
		unsigned k = random_below(r, 2) * 3;
		uint64_t step = SECOND << k, from, to, want = 0, got = 0;

		t += random_below(r, random_below(r, 100) ? SECOND : 90 * SECOND);
		all[n].t = t;
		all[n].ns = random_below(r, SECOND);
		for (int i = 0; i < NAMES; i++)
			if (key.culprit == name[i])
				all[n].name = i;
		sums_add(&s, &key, t, all[n].ns, 1);
		from = t - random_below(r, 30 * step < t ? 30 * step : t);
		to = t - random_below(r, t - from + 1);
		for (int i = 0; i <= n; i++)
			if (all[i].name == all[n].name && all[i].t / step >
			    from / step && all[i].t / step <= to / step)
				want += all[i].ns;
		for (size_t i = 0; i < s.max; i++)
			if (s.all[i].t != 0 && s.all[i].culprit == key.culprit)
				got += sums_get(&s, &s.all[i], k, from, to);
		bad += got != want;
		some += got > 0;
	}
	ok(bad == 0 && some > ADDED / 4, "sums are those of their slots");
	sums_forget(&s);
	sums_free(&s);
	intern_free(strings);
}

/* ---- incidents ---- */

static char said[1 << 20];
static size_t said_len;

static void
hear(void *arg, const char *line, size_t len)
{
	(void)arg;
	if (said_len + len < sizeof(said)) {
		memcpy(said + said_len, line, len);
		said_len += len;
		said[said_len] = '\0';
	}
}

static struct engine *engine;
static struct rules *rules;

/* With [psi_saturation] and these keys. */
static void
begin(const char *by)
{
	static const char *const keys[][2] = { { "resource", "cpu" },
	    { "above", "50%" }, { "for", "10s" }, { "close", "2s" } };
	struct engine_conf c = { .version = "0", .out = hear };
	char why[RULE_WHY];
	unsigned line;

	rules = rules_new();
	rules_set(rules, "psi_saturation", NULL, NULL, 1, why);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		rules_set(rules, "psi_saturation", keys[i][0], keys[i][1], 2, why);
	rules_set(rules, "psi_saturation", "by", by, 2, why);
	if (rules_done(rules, &line, why) == -1)
		printf("# %s\n", why);
	engine = engine_new(rules, &c);
	said_len = 0;
	said[0] = '\0';
}

static void
end(void)
{
	engine_end(engine);
	engine_free(engine);
	rules_free(rules);
}

static void __attribute__((format(printf, 1, 2)))
feed(const char *fmt, ...)
{
	char line[1000];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	engine_feed(engine, line, strlen(line));
}

static void
psi(unsigned s, const char *cgroup, unsigned pct)
{
	feed("{\"v\":1,\"event\":\"psi\",\"boot_ns\":%u500000000,%s%s%s"
	    "\"resource\":\"cpu\",\"interval_ns\":1000000000,\"some_pct\":%u}", s,
	    cgroup != NULL ? "\"cgroup\":\"" : "", cgroup != NULL ? cgroup : "",
	    cgroup != NULL ? "\"," : "", pct);
}

static void
stall(unsigned s, const char *victim, const char *culprit, unsigned n,
    uint64_t ns)
{
	feed("{\"v\":1,\"event\":\"stall\",\"boot_ns\":%u000000000,\"resource\":"
	    "\"cpu\",\"victim\":{\"cgroup\":\"%s\"},\"culprit\":{\"kind\":"
	    "\"cgroup\",\"cgroup\":\"%s%u\"},\"window_ns\":1000000000,"
	    "\"stall_ns\":%" PRIu64 ",\"method\":\"measured\"}", s, victim,
	    culprit, n, ns);
}

/* The first line of that state says all of these words; NULL ends them. */
static int
told(const char *state, ...)
{
	char want[40], *p, *nl;
	const char *word;
	va_list ap;
	int all = 1;

	snprintf(want, sizeof(want), "\"state\":\"%s\"", state);
	if ((p = strstr(said, want)) == NULL)
		return 0;
	nl = strchr(p, '\n');
	*nl = '\0';
	va_start(ap, state);
	while ((word = va_arg(ap, const char *)) != NULL)
		all &= strstr(p, word) != NULL;
	va_end(ap);
	if (!all)
		printf("# %s\n", p);
	*nl = '\n';
	return all;
}

/* More records in one second than there are in a window elsewhere. */
static void
hundreds(void)
{
	begin("host");
	for (unsigned t = 1; t < 40; t++) {
		stall(t, "/v", "/heavy", 0, 90000000);
		for (unsigned i = 0; i < 700; i++)
			stall(t, "/w", "/light", i, 80000000);
		psi(t, NULL, t < 20 ? 90 : 1);
	}
	end();
	ok(told("opened", "\"culprit\":{\"kind\":\"cgroup\",\"cgroup\":\"/heavy0\","
	    "\"stall_ns\":900000000", NULL),
	    "of 700 who are nearly as bad, the worst is named");
	/* Pressure was above until 19.5 s. */
	ok(told("closed", "\"cgroup\":\"/heavy0\",\"stall_ns\":900000000", NULL),
	    "at the end, who it was while it lasted");
}

/* Who was bad before the rule's time, and who is bad elsewhere, is not it. */
static void
when_and_where(void)
{
	begin("host");
	for (unsigned t = 1; t < 60; t++) {
		if (t < 30)
			stall(t, "/v", "/before", 0, 900000000);
		else
			stall(t, "/v", "/now", 0, 100000000);
		psi(t, NULL, t > 35 ? 90 : 1);
	}
	end();
	ok(told("opened", "\"cgroup\":\"/now0\",\"stall_ns\":1000000000,"
	    "\"share\":1", NULL), "who was worse before the time of the rule is "
	    "not named");
	begin("cgroup");
	for (unsigned t = 1; t < 20; t++) {
		stall(t, "/a/b", "/x", 0, 200000000);
		stall(t, "/a/c", "/x", 0, 200000000);
		stall(t, "/a", "/y", 0, 300000000);
		stall(t, "/ab", "/z", 0, 900000000);
		psi(t, "/a", 90);
	}
	end();
	ok(told("opened", "\"cgroup\":\"/x0\",\"stall_ns\":4000000000,"
	    "\"share\":0.571", NULL),
	    "of a cgroup: with what is below it, and nothing else");
}

/* More pairs than are kept apart. */
static void
too_many(void)
{
	char victim[20];

	begin("cgroup");
	for (unsigned t = 1; t < 15; t++) {
		for (unsigned i = 0; i < 10000; i++) {
			snprintf(victim, sizeof(victim), "/a/v%u", i % 100);
			stall(t, victim, "/light", i, 1000000);
			if (i == 5000)
				stall(t, victim, "/heavy", 0, 300000000);
		}
		psi(t, "/a", 90);
	}
	end();
	ok(told("opened", "\"cgroup\":\"/heavy0\",\"stall_ns\":3000000000",
	    "the sums cover ", NULL) && !told("opened", "\"confidence\":1,", NULL),
	    "the worst is named among too many, and that there are is told");
}

int
main(void)
{
	uint64_t r = random_seed();

	sums_are_exact(&r);
	hundreds();
	when_and_where();
	too_many();
	return tap_done();
}
