/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <string.h>

#include "core/harm.h"
#include "rec/event.h"

#include "random.h"
#include "tap.h"

#define MS(n)	((n) * UINT64_C(1000000))

/* One window's word of who waited for whom. */
struct edge {
	unsigned	host, victim, culprit;	/* cgroups; culprit 0: its quota */
	uint64_t	at, ns;
	const char	*resource;	/* NULL: cpu */
	uint64_t	len;		/* of the window; 0: 1 s */
};

static int
feed(struct harm *h, const struct edge *e)
{
	char line[512], c[96];
	int n;

	snprintf(c, sizeof(c), e->culprit == 0 ? "\"kind\":\"throttle\"" :
	    "\"kind\":\"cgroup\",\"cgroup\":\"/s%u/p%u\"", e->culprit % 7,
	    e->culprit);
	n = snprintf(line, sizeof(line), "{\"v\":1,\"event\":\"stall\","
	    "\"boot_ns\":%" PRIu64 ",\"host\":\"h%u\",\"resource\":\"%s\","
	    "\"victim\":{\"cgroup\":\"/s%u/p%u\"},\"culprit\":{%s},"
	    "\"window_ns\":%" PRIu64 ",\"stall_ns\":%" PRIu64
	    ",\"method\":\"measured\",\"confidence\":1}", e->at, e->host,
	    e->resource != NULL ? e->resource : "cpu", e->victim % 7, e->victim, c,
	    e->len != 0 ? e->len : MS(1000), e->ns);
	return harm_feed(h, EV_stall, line, n);
}

/* Of a victim and culprit, by path; 0 if they are no pair. */
static uint64_t
between(const struct harm *h, const char *victim, const char *culprit)
{
	const struct harm_pair *p;

	for (size_t i = 0; i < h->pairs; i++) {
		p = h->rank[i];
		if (strcmp(h->party[p->victim].name, victim) == 0 &&
		    p->culprit != STALL_NOBODY &&
		    strcmp(h->party[p->culprit].name, culprit) == 0)
			return p->now;
	}
	return 0;
}

/* What each victim waited is the sum of its pairs, and the rank is one. */
static int
holds(const struct harm *h)
{
	uint64_t *sum = calloc(h->parties + 1, sizeof(*sum));
	int good = 1;

	for (size_t i = 0; i < h->pairs; i++) {
		sum[h->rank[i]->victim] += h->rank[i]->now;
		good &= i == 0 || h->rank[i]->now <= h->rank[i - 1]->now;
	}
	for (size_t i = 0; i < h->parties; i++)
		good &= sum[i] == h->party[i].now.waited;
	free(sum);
	return good;
}

static void
last_window(void)
{
	struct harm *h = harm_new(0);
	struct edge e = { .victim = 1, .culprit = 2, .at = MS(2000), .ns = MS(5) };
	const struct harm_party *p;

	feed(h, &e);
	e = (struct edge){ .victim = 1, .culprit = 3, .at = MS(3000), .ns = MS(7) };
	feed(h, &e);
	feed(h, &e);
	e.at = MS(1000);
	feed(h, &e);
	harm_sum(h, 1);
	p = harm_find(h, "h0", "/s1/p1", STALL_CPU);
	ok(p != NULL && p->now.waited == MS(14) && harm_span(h, p, 1) == MS(1000),
	    "harm: the last window is the latest, whatever came last");
	ok(between(h, "/s1/p1", "/s2/p2") == 0 &&
	    between(h, "/s1/p1", "/s3/p3") == MS(14),
	    "harm: who did nothing in it is not in it");
	ok(p->now.top != NULL && p->now.top->now == MS(14), "harm: the worst is known");
	harm_sum(h, 0);
	ok(p->now.waited == MS(26) && harm_span(h, p, 0) == MS(3000),
	    "harm: the sum is of all, from the first window's begin");
	ok(harm_find(h, "h1", "/s1/p1", STALL_CPU) == NULL &&
	    harm_find(h, "h0", "/s1/p1", STALL_IO) == NULL,
	    "harm: another host or resource is another party");
	harm_free(h);
}

static int
feed_psi(struct harm *h, unsigned cgroup, uint64_t at, uint64_t some)
{
	char line[256];
	int n;

	n = snprintf(line, sizeof(line), "{\"v\":1,\"event\":\"psi\","
	    "\"boot_ns\":%" PRIu64 ",\"host\":\"h0\",\"cgroup\":\"/s%u/p%u\","
	    "\"resource\":\"cpu\",\"interval_ns\":%" PRIu64
	    ",\"some_ns\":%" PRIu64 "}", at, cgroup % 7, cgroup, MS(1000),
	    some);
	return harm_feed(h, EV_psi, line, n);
}

/* Looks at 1, 2 and 3 s, each cgroup's a moment after the other's; the second
 * one is not in the last of them. */
static void
look_at_pressure(struct harm *h, int backwards)
{
	static const struct {
		unsigned	cgroup;
		uint64_t	at, some;
	} said[] = {
		{ 1, MS(1000), MS(100) }, { 2, MS(1010), MS(40) },
		{ 3, MS(1020), 0 },
		{ 1, MS(2000), 0 }, { 2, MS(2010), MS(50) }, { 3, MS(2020), 0 },
		{ 1, MS(3000), MS(300) }, { 3, MS(3020), 0 },
	};
	size_t n = sizeof(said) / sizeof(said[0]), k;

	for (size_t i = 0; i < n; i++) {
		k = backwards ? n - 1 - i : i;
		feed_psi(h, said[k].cgroup, said[k].at, said[k].some);
	}
}

/* Windows in which nobody waited for a resource have no records of it. */
static void
quiet_windows(void)
{
	struct edge io = { .victim = 1, .culprit = 2, .at = MS(1000), .ns = MS(5),
	    .resource = "io" };
	struct edge cpu = { .victim = 1, .culprit = 3, .at = MS(1001), .ns = 7 };
	struct harm *h = harm_new(0);
	const struct harm_party *p;

	feed(h, &io);
	feed(h, &cpu);
	harm_sum(h, 1);
	p = harm_find(h, "h0", "/s1/p1", STALL_IO);
	ok(p != NULL && p->now.waited == MS(5),
	    "harm: windows that end together are one");
	cpu.at = MS(1990);
	feed(h, &cpu);
	harm_sum(h, 1);
	ok(p->now.waited == 0 && p->now.top == NULL &&
	    harm_end(h, "h0", STALL_IO) == 0 &&
	    harm_end(h, "h0", STALL_CPU) == MS(1990),
	    "harm: a wait of an earlier window is not told as one of the last");
	harm_sum(h, 0);
	ok(p->now.waited == MS(5), "harm: but it is in the sum of all");
	feed_psi(h, 9, MS(3990), 0);
	harm_sum(h, 1);
	p = harm_find(h, "h0", "/s1/p1", STALL_CPU);
	ok(p->now.waited == 7, "harm: a look at pressure may come first");
	feed_psi(h, 9, MS(3991), 0);
	harm_sum(h, 1);
	ok(p->now.waited == 0, "harm: two of them do not");
	harm_free(h);
}

/* lnx-trace was held up, within a look or before it. */
static void
held_up(void)
{
	struct edge io = { .victim = 1, .culprit = 2, .at = MS(1900),
	    .len = MS(1900), .ns = MS(5), .resource = "io" };
	struct edge cpu = { .victim = 1, .culprit = 3, .at = MS(1000), .ns = 7 };
	struct harm *h = harm_new(0);
	const struct harm_party *p;

	feed(h, &cpu);
	feed(h, &io);
	harm_sum(h, 1);
	p = harm_find(h, "h0", "/s1/p1", STALL_CPU);
	ok(p != NULL && p->now.waited == 7 &&
	    harm_end(h, "h0", STALL_IO) == MS(1900),
	    "harm: windows of one look need not end at one moment");
	cpu.at = MS(3500);
	cpu.len = MS(2500);
	feed(h, &cpu);
	io.at = MS(4000);
	io.len = MS(490);
	feed(h, &io);
	harm_sum(h, 1);
	ok(harm_find(h, "h0", "/s1/p1", STALL_CPU)->now.waited == 0 &&
	    harm_find(h, "h0", "/s1/p1", STALL_IO)->now.waited == MS(5),
	    "harm: a short window after a long one is another");
	harm_free(h);
}

static void
pressure(int backwards)
{
	struct edge e = { .victim = 1, .culprit = 2, .at = MS(3000), .ns = MS(5) };
	const char *how = backwards ? "the latest first" : "in order";
	const struct harm_party *a, *b;
	struct harm *h = harm_new(0);

	if (backwards)
		look_at_pressure(h, 1);
	feed(h, &e);
	if (!backwards)
		look_at_pressure(h, 0);
	a = harm_find(h, "h0", "/s1/p1", STALL_CPU);
	b = harm_find(h, "h0", "/s2/p2", STALL_CPU);
	harm_sum(h, 0);
	ok(a != NULL && b != NULL && a->now.some == MS(400) &&
	    b->now.some == MS(90) && harm_looked(h, a, 0) == MS(3020) &&
	    a->now.waited == MS(5), "harm: pressure adds up, %s", how);
	harm_sum(h, 1);
	ok(a->now.some == MS(300) && harm_looked(h, a, 1) == MS(1000) &&
	    b->now.some == 0, "harm: and of who is not in the last look "
	    "nothing is said of it, %s", how);
	ok(harm_find(h, "h0", "/s3/p3", STALL_CPU) == NULL && h->parties == 2,
	    "harm: who never had pressure takes no place, %s", how);
	harm_free(h);
}

static uint64_t
measured(const struct harm *h, uint64_t seed)
{
	uint64_t sum = seed;
	const struct harm_pair *p;

	for (size_t i = 0; i < h->pairs; i++) {
		p = h->rank[i];
		sum = sum * 31 + p->now;
		for (const char *s = h->party[p->victim].name; *s != '\0'; s++)
			sum = sum * 31 + *s;
	}
	return sum;
}

static void
any_order(uint64_t *r)
{
	enum { N = 2000 };
	static struct edge e[N];
	uint64_t sums[2] = { 0 }, all = 0, rolled = 0, quota = 0;
	struct harm *h;
	struct edge x;
	int good = 1;
	size_t k;

	for (size_t i = 0; i < N; i++) {
		e[i] = (struct edge){ .host = random_below(r, 3),
		    .victim = 1 + random_below(r, 20),
		    .culprit = random_below(r, 21),
		    .at = MS(1000) * (1 + random_below(r, 5)),
		    .ns = random_below(r, 1000) };
		all += e[i].ns;
		quota += e[i].culprit == 0 ? e[i].ns : 0;
	}
	for (int pass = 0; pass < 2; pass++) {
		h = harm_new(0);
		for (size_t i = 0; i < N; i++)
			good &= feed(h, &e[i]) == 0;
		for (int last = 0; last < 2; last++) {
			harm_sum(h, last);
			good &= holds(h);
			sums[pass] = measured(h, sums[pass]);
		}
		harm_free(h);
		for (size_t i = N; i > 1; i--) {
			k = random_below(r, i);
			x = e[i - 1];
			e[i - 1] = e[k];
			e[k] = x;
		}
	}
	ok(good, "harm: what a victim waited is the sum of its pairs");
	ok(sums[0] == sums[1], "harm: the order of the records does not matter");

	h = harm_new(1);
	for (size_t i = 0; i < N; i++)
		feed(h, &e[i]);
	harm_sum(h, 0);
	good = holds(h) && h->parties == 3 * 7;
	for (size_t i = 0; i < h->pairs; i++) {
		rolled += h->pair[i].now;
		quota -= h->pair[i].kind == STALL_THROTTLE ? h->pair[i].now : 0;
		good &= h->pair[i].kind != STALL_CGROUP ||
		    h->pair[i].victim != h->pair[i].culprit;
	}
	ok(good && rolled == all && quota == 0,
	    "harm: rolled up, the sum is the same and siblings are one");
	harm_free(h);
}

/* More pairs than there is room for: one that matters stays, and is exact. */
static void
bounded(void)
{
	struct harm *h = harm_new(0);
	struct edge big = { .victim = 1, .culprit = 2, .at = MS(1000), .ns = MS(1) };
	struct edge e = { .at = MS(1000), .ns = 3 };
	int good = 1;

	for (unsigned i = 0; i < 60000; i++) {
		e.victim = 3 + i % 200;
		e.culprit = 203 + i / 200;
		good &= feed(h, &e) == 0 && h->pairs <= HARM_PAIRS &&
		    (h->evicted == 0 || h->pairs > HARM_PAIRS / 4 * 3);
		if (i % 100 == 0)
			good &= feed(h, &big) == 0;
	}
	harm_sum(h, 0);
	ok(good && h->evicted + h->pairs == 60001,
	    "harm: there are never more pairs than may be, the others are counted");
	ok(between(h, "/s1/p1", "/s2/p2") == MS(600),
	    "harm: who matters most is not forgotten");
	harm_free(h);

	h = harm_new(0);
	for (unsigned i = 0; i < 20000; i++) {
		e.victim = 10 + i;
		e.culprit = 0;
		good &= feed(h, &e) == 0 && h->parties <= HARM_PARTIES;
		if (i % 100 == 0)
			good &= feed(h, &big) == 0;
	}
	harm_sum(h, 0);
	ok(good && holds(h) && h->evicted > 0 &&
	    between(h, "/s1/p1", "/s2/p2") == MS(200),
	    "harm: nor more cgroups");
	harm_free(h);
	ok(HARM_PARTIES * (sizeof(struct harm_party) + HARM_NAME + 16 + 8) +
	    HARM_PAIRS * (sizeof(struct harm_pair) + 8 + 8) <= 6 << 20,
	    "harm: all of it is at most 6 MiB");

	h = harm_new(0);
	for (e.host = 0; e.host < 2 * HARM_HOSTS; e.host++)
		good &= feed(h, &e) == 0;
	ok(good && h->hosts == HARM_HOSTS, "harm: nor more hosts");
	harm_free(h);
}

static void
greatest(void)
{
	struct harm *h = harm_new(0);
	struct edge e = { .victim = 1, .culprit = 2, .at = UINT64_MAX,
	    .ns = UINT64_MAX - 1 };

	feed(h, &e);
	feed(h, &e);
	e.culprit = 3;
	feed(h, &e);
	harm_sum(h, 0);
	ok(between(h, "/s1/p1", "/s2/p2") == UINT64_MAX &&
	    h->party[0].now.waited == UINT64_MAX, "harm: sums do not turn over");
	harm_free(h);
}

int
main(void)
{
	uint64_t r = random_seed();

	last_window();
	quiet_windows();
	held_up();
	pressure(0);
	pressure(1);
	any_order(&r);
	bounded();
	greatest();
	return tap_done();
}
