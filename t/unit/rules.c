/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Properties of the rules' parts, and of the engine on random streams. */
#include <math.h>
#include <string.h>

#include "core/detect_impl.h"
#include "core/past.h"
#include "rec/event.h"
#include "tap.h"
#include "unit/random.h"

/* ---- window ---- */

enum { TIMES = 400 };

/* Against a list of all that was added. */
static void
windows(uint64_t *r)
{
	uint64_t t[TIMES], now = 1000000, bad = 0, exact = 0;

	for (int round = 0; round < 200; round++) {
		uint64_t len = 32 * (1 + random_below(r, 1000)), step = len / 32;
		struct window w = { 0 };

		for (int n = 0; n < TIMES; n++) {
			uint64_t most = 0, least = 0, sum;

			now += random_below(r, len / 4);
			t[n] = now;
			window_add(&w, len, now, 1);
			sum = window_sum(&w, len, now);
			for (int i = 0; i <= n; i++) {
				most += now - t[i] < len;
				least += now - t[i] <= len - step - 1;
			}
			bad += sum > most || sum < least;
			exact += sum == most;
		}
	}
	ok(bad == 0 && exact > TIMES, "a window holds what is younger than it, "
	    "or one step less");
}

/* Two early ones, and from slot 10 on two a slot, where the limit is one. */
static void
begins(void)
{
	struct window w = { 0 };

	window_add(&w, 3200, 200, 1);
	window_add(&w, 3200, 500, 1);
	ok(window_begun(&w, 3200, 600, 64) == 600, "less than the limit is none");
	for (int i = 0; i < 10; i++)
		window_add(&w, 3200, 1000 + i * 100, 2);
	ok(window_begun(&w, 3200, 1950, 32) == 1000 &&
	    window_late(&w, 3200, 1950, 4) == 8 &&
	    window_late(&w, 3200, 2150, 4) == 4, "it began where it rose");
}

/* Of a slot and in all far above 32 bits, and with fractions: exactly. */
static void
totals(void)
{
	struct total w = { 0 }, tenths = { 0 }, same = { 0 };

	for (int i = 0; i < 100000; i++)
		total_add(&w, 3200, 1000000 + i / 50, 0x1p40 + 0.25);
	ok(total_sum(&w, 3200, 1001999) == 100000 * (0x1p40 + 0.25),
	    "a large sum is not cut: %.2f", total_sum(&w, 3200, 1001999));
	ok(total_sum(&w, 3200, 1005250) == 0, "it ends with its window");
	for (int i = 0; i < 30; i++) {
		total_add(&tenths, 3200, 1000000 + i * 100, 0.1);
		total_add(&same, 3200, 1000000, 0.1);
	}
	ok(total_sum(&tenths, 3200, 1002900) == 3 &&
	    total_sum(&same, 3200, 1000000) == 3, "30 times 0.1 is 3");
}

/* ---- a straight line ---- */

static void
lines(uint64_t *r)
{
	double worst = 0, fit = 1;

	for (int round = 0; round < 500; round++) {
		double slope = (double)random_below(r, 1000000) - 500000;
		struct line l = { 0 };
		struct fit f;

		for (int i = 0; i < 100; i++)
			line_put(&l, 60000000000, 1000000000 * (uint64_t)(i + 5),
			    1e9 + slope * i);
		f = line_fit(&l, 60000000000, 104000000000);
		if (fabs(f.slope - slope) > worst)
			worst = fabs(f.slope - slope);
		if (slope != 0 && f.r2 < fit)
			fit = f.r2;
		if (f.n > LINE_POINTS || f.span > 60000000000)
			worst = 1e9;
	}
	ok(worst < 1e-3 && fit > 0.999999, "a straight line is found: off by %g, "
	    "R2 %g", worst, fit);
}

/* ---- waiting ---- */

struct thing {
	struct held	h;
	uint32_t	n;
};

static int
by_number(const struct held *a, const struct held *b)
{
	const struct thing *x = (const void *)a, *y = (const void *)b;

	return (x->n > y->n) - (x->n < y->n);
}

/* Records that are at most so much late come out in order, and all of them. */
static void
holds(uint64_t *r)
{
	uint64_t bad = 0, in = 0, taken = 0, window = 100000;

	for (int round = 0; round < 100; round++) {
		struct hold *h = hold_new(1000, window, by_number);
		uint64_t now = random_below(r, 2) * 5000000, last = 0;
		const struct held *x;

		for (int i = 0; i <= 2000; i++) {
			struct thing *it;
			uint64_t t;

			now += random_below(r, random_below(r, 50) ? 300 : 500000);
			t = now - (now > window ? random_below(r, window) : 0);
			hold_time(h, t);
			for (;;) {
				if ((x = hold_take(h, 0)) == NULL)
					break;
				bad += x->t < last;
				last = x->t;
				taken++;
			}
			bad += t < hold_since(h) && now - t < window;
			it = (void *)hold_put(h, t, random_below(r, 9) ?
			    sizeof(*it) : random_below(r, 9000) + sizeof(*it));
			it->n = i;
			in++;
		}
		while ((x = hold_take(h, 1)) != NULL) {
			bad += x->t < last;
			last = x->t;
			taken++;
		}
		hold_free(h);
	}
	ok(bad == 0 && in == taken, "what waits comes out in order, and nothing "
	    "is lost: %llu of %llu", (unsigned long long)taken,
	    (unsigned long long)in);
}

/* ---- patterns ---- */

static int
slow(const char *p, const char *s)
{
	if (*p == '*')
		return slow(p + 1, s) || (*s != '\0' && slow(p, s + 1));
	if (*s == '\0' || *p == '\0')
		return *s == *p;
	return (*p == '?' || *p == *s) && slow(p + 1, s + 1);
}

static void
globs(uint64_t *r)
{
	uint64_t bad = 0, met = 0;
	char p[8], s[10];

	for (int i = 0; i < 200000; i++) {
		size_t np = random_below(r, sizeof(p)), ns = random_below(r, sizeof(s));

		for (size_t k = 0; k < np; k++)
			p[k] = "ab*?"[random_below(r, 4)];
		for (size_t k = 0; k < ns; k++)
			s[k] = "ab"[random_below(r, 2)];
		p[np] = s[ns] = '\0';
		bad += where_glob(p, s) != slow(p, s);
		met += where_glob(p, s);
	}
	ok(bad == 0 && met > 1000, "patterns match what a slow matcher says");
}

/* ---- values ---- */

static void
values(void)
{
	static const struct {
		enum unit	unit;
		const char	*s;
		double		v;
	} good[] = {
		{ UNIT_TIME, "2s", 2e9 }, { UNIT_TIME, "1.5", 1.5e9 },
		{ UNIT_SIZE, "64MiB", 67108864 }, { UNIT_PCT, "12.5%", 12.5 },
		{ UNIT_RATE, "600/min", 10 }, { UNIT_RATE, "1MiB/s", 1048576 },
		{ UNIT_RATE, "7200/h", 2 }, { UNIT_COUNT, "0", 0 },
		{ UNIT_ANY, "-5", -5 }, { UNIT_ANY, "10", 10 },
		{ UNIT_ANY, "2ms", 2e6 }, { UNIT_ANY, "1GiB", 1073741824 },
	};
	static const struct { enum unit unit; const char *s; } bad[] = {
		{ UNIT_TIME, "2 s" }, { UNIT_TIME, "-2s" }, { UNIT_SIZE, "1XB" },
		{ UNIT_PCT, "40" }, { UNIT_PCT, "%" }, { UNIT_PCT, "1e3%" },
		{ UNIT_RATE, "10" }, { UNIT_RATE, "10/d" }, { UNIT_RATE, "/s" },
		{ UNIT_COUNT, "1.5" }, { UNIT_COUNT, "-1" }, { UNIT_ANY, "" },
		{ UNIT_ANY, "nan" }, { UNIT_ANY, "0x10" }, { UNIT_ANY, "1e5" },
	};
	double v;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ok(value_parse(good[i].unit, good[i].s, &v) == 0 &&
		    fabs(v - good[i].v) < 1e-6, "%s is %g", good[i].s, good[i].v);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(value_parse(bad[i].unit, bad[i].s, &v) == -1,
		    "'%s' is not %s", bad[i].s, value_want(bad[i].unit));
}

/* ---- the engine ---- */

static char said[2][1 << 20];
static size_t said_len[2];

static void
hear(void *arg, const char *line, size_t len)
{
	size_t *n = arg;
	char *to = said[n - said_len];

	if (*n + len < sizeof(said[0])) {
		memcpy(to + *n, line, len);
		*n += len;
	}
}

struct stream {
	char		text[4000][240];
	uint64_t	t[4000];
	size_t		n;
};

/* Two sources: processes of one, pressure and stalls of the other. */
static void
make_stream(struct stream *s, uint64_t *r)
{
	uint64_t t = 5000000000;

	s->n = 0;
	while (s->n < 4000) {
		char *p = s->text[s->n];
		unsigned k = random_below(r, 6), who = random_below(r, 5);
		unsigned long long now = t += random_below(r, 40000000);

		s->t[s->n++] = t;
		switch (k) {
		case 0: case 1:
			sprintf(p, "{\"v\":1,\"event\":\"fork\",\"boot_ns\":%llu,\"id\":"
			    "\"0123abcd-%llu-%zu\",\"parent_id\":\"0123abcd-%u-%u\","
			    "\"comm\":\"c%u\",\"cgroup\":\"/g%u\"}", now, now,
			    s->n + 100, who + 1, who + 2, who, who % 2);
			break;
		case 2:
			sprintf(p, "{\"v\":1,\"event\":\"exit\",\"boot_ns\":%llu,\"id\":"
			    "\"0123abcd-%llu-%zu\",\"parent_id\":\"0123abcd-%u-%u\","
			    "\"comm\":\"c%u\",\"exit_code\":%u,\"duration_ns\":1000}",
			    now, now - 1000, s->n + 9000, who + 1, who + 2, who, who);
			break;
		case 3:
			sprintf(p, "{\"v\":1,\"event\":\"sample\",\"boot_ns\":%llu,"
			    "\"id\":\"0123abcd-%u-%u\",\"comm\":\"c%u\","
			    "\"interval_ns\":1000000000,\"cpu_ns\":%u,\"fds\":%u,"
			    "\"fds_max\":100,\"voluntary\":0,\"state\":\"D\"}", now,
			    who + 1, who + 2, who, who * 250000000, 60 + who * 10);
			break;
		case 4:
			sprintf(p, "{\"v\":1,\"event\":\"psi\",\"boot_ns\":%llu,"
			    "\"cgroup\":\"/g%u\",\"resource\":\"memory\","
			    "\"interval_ns\":500000000,\"some_pct\":%u}", now, who,
			    who * 25);
			break;
		case 5:
			sprintf(p, "{\"v\":1,\"event\":\"stall\",\"boot_ns\":%llu,"
			    "\"resource\":\"cpu\",\"victim\":{\"cgroup\":\"/g%u\"},"
			    "\"culprit\":{\"kind\":\"cgroup\",\"cgroup\":\"/g%u\"},"
			    "\"stall_ns\":%u,\"method\":\"measured\"}", now, who,
			    (who + 1) % 5, who * 30000000);
		}
	}
}

static struct rules *
some_rules(void)
{
	static const char *const text[][3] = {
		{ "fork_storm", "growth", "0%" }, { "noisy_neighbor", "window", "2s" },
		{ "psi_saturation", "for", "1s" }, { "fd_exhaustion", "used", "80%" },
		{ "short_lived", "processes", "10" }, { "crash_loop", "deaths", "3" },
		{ "d_state", "for", "1s" }, { "cpu_spin", "for", "1s" },
	};
	struct rules *rs = rules_new();
	char why[RULE_WHY];
	unsigned line;

	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
		rules_set(rs, text[i][0], NULL, NULL, 1, why);
		rules_set(rs, text[i][0], text[i][1], text[i][2], 2, why);
		rules_set(rs, text[i][0], "cooldown", "1s", 3, why);
	}
	return rules_done(rs, &line, why) == 0 ? rs : NULL;
}

/* With r, the input is silent now and then, where no record is missing that is
 * earlier than one that came.  How often. */
static size_t
run(const struct rules *rs, const struct stream *s, const uint16_t *order,
    size_t *len, uint64_t *r)
{
	struct engine_conf c = { .reorder_ns = 500000000, .version = "0",
	    .out = hear, .arg = len };
	struct engine *e = engine_new(rs, &c);
	size_t silences = 0, most = 0;

	*len = 0;
	for (size_t i = 0; i < s->n; i++) {
		engine_feed(e, s->text[order[i]], strlen(s->text[order[i]]));
		most = order[i] > most ? order[i] : most;
		if (r != NULL && most == i && random_below(r, 3) == 0) {
			engine_silent(e);
			silences++;
		}
	}
	engine_end(e);
	engine_free(e);
	return silences;
}

/* Each record late by less than the window: sorted by when it comes. */
static void
shuffle(const struct stream *s, uint16_t *order, uint64_t *r)
{
	static uint64_t due[4000];

	for (size_t i = 0; i < s->n; i++) {
		uint64_t at = s->t[i] + random_below(r, 490000000);
		size_t k = i;

		for (; k > 0 && due[k - 1] > at; k--) {
			due[k] = due[k - 1];
			order[k] = order[k - 1];
		}
		due[k] = at;
		order[k] = i;
	}
}

static int
alike(void)
{
	return said_len[0] == said_len[1] &&
	    memcmp(said[0], said[1], said_len[0]) == 0;
}

static void
engines(uint64_t *r)
{
	static struct stream s;
	static uint16_t order[4000];
	struct rules *rs = some_rules();
	size_t same = 0, incidents = 0, moved = 0, silent = 0, silences = 0;

	ok(rs != NULL, "some rules");
	for (int round = 0; round < 20; round++) {
		make_stream(&s, r);
		for (size_t i = 0; i < s.n; i++)
			order[i] = i;
		run(rs, &s, order, &said_len[0], NULL);
		silences += run(rs, &s, order, &said_len[1], r);
		silent += alike();
		shuffle(&s, order, r);
		for (size_t i = 0; i < s.n; i++)
			moved += order[i] != i;
		run(rs, &s, order, &said_len[1], NULL);
		same += alike();
		silences += run(rs, &s, order, &said_len[1], r);
		silent += alike();
		for (size_t i = 0; i < said_len[0]; i++)
			incidents += said[0][i] == '\n';
	}
	ok(same == 20 && incidents > 200 && moved > 1000,
	    "any order within the window gives the same %zu lines", incidents);
	ok(silent == 40 && silences > 20000,
	    "%zu silences in which nothing is on its way change nothing", silences);
	rules_free(rs);
}

/* ---- what came too late ---- */

/* As many as there is room for, and each of them as it was. */
static void
pasts(void)
{
	struct past p = { 0 };
	struct past_line head;
	const char *line;
	char text[1000];
	size_t at = 0, n = 0, bad = 0;

	memset(text, 'x', sizeof(text));
	for (uint64_t i = 0; i < 1000; i++)
		past_keep(&p, i, text, sizeof(text) - i % 10);
	bad += p.len > PAST_BYTES || p.len < PAST_BYTES - 2 * sizeof(text);
	while ((line = past_next(&p, &at, &head)) != NULL) {
		bad += head.t != n || head.len != sizeof(text) - n % 10 ||
		    memcmp(line, text, head.len) != 0;
		n++;
	}
	past_free(&p);
	ok(bad == 0 && n > 200 && past_next(&p, &(size_t){ 0 }, &head) == NULL,
	    "late lines are kept as they are, and no more than there is room for");
}

int
main(void)
{
	uint64_t r = random_seed();

	pasts();
	values();
	windows(&r);
	begins();
	totals();
	lines(&r);
	holds(&r);
	globs(&r);
	engines(&r);
	return tap_done();
}
