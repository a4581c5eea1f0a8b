/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <errno.h>
#include <string.h>

#include "core/blame.h"
#include "rec/event.h"

#include "random.h"
#include "tap.h"

enum { PARTIES = 12, EDGES = 80, TOLD = 400 };

#define UNKNOWN	UINT64_MAX
#define MS(n)	((n) * UINT64_C(1000000))

static struct event_ctx ctx = {
	.boot = "0123abcd", .host = "box",
	.real_ns = INT64_C(1769860800000000000), .line_max = EVENT_LINE_MIN,
};

/* What was handed out. */
static struct {
	size_t	n, stop_at;
	char	line[TOLD][EVENT_LINE_MIN];
	union {
		struct wire_head	 head;
		struct wire_stall	 stall;
		struct wire_stall_total	 total;
		struct wire_stall_culprit culprit;
	} rec[TOLD];
} told;

static int
take(void *arg, const void *rec, size_t size)
{
	ssize_t len;

	(void)arg;
	if (told.n == TOLD || told.n == told.stop_at)
		return 7;
	memcpy(&told.rec[told.n], rec, size < sizeof(told.rec[0]) ? size :
	    sizeof(told.rec[0]));
	len = event_encode(&ctx, rec, size, told.line[told.n]);
	told.line[told.n++][len > 0 ? len : 0] = '\0';
	return 0;
}

static int
tell(const struct stall_window *w, uint64_t min_ns)
{
	struct blame_conf conf = { .min_ns = min_ns };

	told.n = 0;
	told.stop_at = TOLD;
	return blame(&conf, w, take, NULL);
}

/* Line i has this text behind its head. */
static void
line_is(size_t i, const char *kind, const char *want, const char *what)
{
	char line[EVENT_LINE_MIN];

	snprintf(line, sizeof(line), "{\"v\":1,\"event\":\"%s\","
	    "\"time\":\"2026-01-31T12:00:03.000000000Z\",\"boot_ns\":3000000000,"
	    "\"host\":\"box\",%s}\n", kind, want);
	ok(i < told.n && strcmp(told.line[i], line) == 0, "%s", what);
	if (i < told.n && strcmp(told.line[i], line) != 0)
		printf("# have %s# want %s", told.line[i], line);
}

static struct stall_party
party(uint64_t id)
{
	return (struct stall_party){ .cgroup_id = id, .cgroup_v1_id = UNKNOWN,
	    .cpu_ns = UNKNOWN, .psi_some_ns = UNKNOWN, .psi_full_ns = UNKNOWN,
	    .wait_max_ns = UNKNOWN, .open_ns = UNKNOWN,
	    .slept_ns = UNKNOWN };
}

static struct stall_edge
edge(uint32_t victim, uint32_t culprit, int kind, uint64_t ns)
{
	return (struct stall_edge){ .victim = victim, .culprit = culprit,
	    .kind = kind, .ns = ns, .waits = 3, .pid = UINT32_MAX,
	    .start = UNKNOWN };
}

#define VICTIM "\"resource\":\"cpu\",\"victim\":{\"cgroup_id\":\"4711\"," \
	"\"cgroup\":\"/pods/pay\"},"
#define WINDOW "\"window_ns\":1000000000,"

static void
golden(void)
{
	struct stall_party p[] = { party(5120), party(4711) };
	struct stall_edge e[] = {
		edge(1, STALL_NOBODY, STALL_UNKNOWN, MS(4)),
		edge(1, 0, STALL_CGROUP, MS(300)),
		edge(1, STALL_NOBODY, STALL_KTHREAD, MS(16)),
		edge(0, 1, STALL_CGROUP, MS(100)),
	};
	struct stall_window w = { .resource = STALL_CPU, .from = MS(2000),
	    .to = MS(3000), .party = p, .nparty = 2, .edge = e, .nedge = 4 };

	p[0].cgroup = "batch\0pods";
	p[0].cgroup_len = sizeof("batch\0pods");
	p[0].cpu_ns = MS(400);
	p[1].cgroup = "pay\0pods";
	p[1].cgroup_len = sizeof("pay\0pods");
	p[1].psi_some_ns = MS(160);
	p[1].psi_full_ns = 0;
	p[1].wait_max_ns = MS(8);
	p[1].open_ns = MS(5);
	p[1].waits = 12;
	e[1].pid = 8123;
	e[1].start = MS(1000);
	memcpy(e[1].comm, "spark", 5);
	memcpy(e[2].comm, "0123456789abcdef", 16);
	e[3].method = STALL_SAMPLED;

	ok(tell(&w, MS(10)) == 0 && told.n == 7, "two victims, two culprits");
	line_is(0, "stall_total", VICTIM WINDOW "\"stall_ns\":320000000,"
	    "\"waits\":12,\"by\":{\"neighbour\":300000000,\"self\":0,\"throttle\":0,"
	    "\"limit\":0,\"kthread\":16000000,\"irq\":0,\"steal\":0,\"idle\":0,"
	    "\"unknown\":4000000,\"older\":0},\"coverage\":0.9875,"
	    "\"psi_some_ns\":160000000,\"psi_full_ns\":0,"
	    "\"wait_max_ns\":8000000,\"open_ns\":5000000,"
	    "\"method\":\"measured\"", "who waited most comes first");
	line_is(1, "stall", VICTIM "\"culprit\":{\"kind\":\"cgroup\","
	    "\"comm\":\"spark\",\"cgroup_id\":\"5120\","
	    "\"cgroup\":\"/pods/batch\",\"id\":\"0123abcd-1000000000-8123\","
	    "\"pid\":8123}," WINDOW "\"stall_ns\":300000000,\"waits\":3,"
	    "\"share\":0.9375,\"method\":\"measured\",\"confidence\":0.9875",
	    "then whom it waited for, with the process");
	line_is(2, "stall", VICTIM "\"culprit\":{\"kind\":\"kthread\","
	    "\"comm\":\"0123456789abcdef\"}," WINDOW "\"stall_ns\":16000000,"
	    "\"waits\":3,\"share\":0.05,\"method\":\"measured\","
	    "\"confidence\":0.9875", "a thread of the kernel has a name");
	ok(strstr(told.line[3], "stall_total") != NULL &&
	    strstr(told.line[4], "\"method\":\"sampled\"") != NULL,
	    "what is less than min has no stall record");
	line_is(5, "stall_culprit", "\"resource\":\"cpu\",\"culprit\":{"
	    "\"kind\":\"cgroup\",\"cgroup_id\":\"5120\","
	    "\"cgroup\":\"/pods/batch\"}," WINDOW "\"induced_ns\":300000000,"
	    "\"victims\":1,\"cpu_ns\":400000000,\"harm_ratio\":0.75,"
	    "\"psi_contribution\":0.15,\"method\":\"measured\"",
	    "who made others wait most: 0.9375 of 160 ms of pressure in 1 s");
	line_is(6, "stall_culprit", "\"resource\":\"cpu\",\"culprit\":{"
	    "\"kind\":\"cgroup\",\"cgroup_id\":\"4711\","
	    "\"cgroup\":\"/pods/pay\"}," WINDOW "\"induced_ns\":100000000,"
	    "\"victims\":1,\"method\":\"sampled\"",
	    "without CPU time no ratio, without pressure no part in it");
}

/* An I/O window: the length is measured, who did it is a model's word. */
static void
estimated(void)
{
	struct stall_party p[] = { party(1), party(2), party(3) };
	struct stall_edge e[] = {
		edge(0, 1, STALL_CGROUP, MS(30)),
		edge(0, 2, STALL_CGROUP, MS(10)),
		edge(0, STALL_NOBODY, STALL_UNKNOWN, MS(60)),
	};
	struct stall_window w = { .resource = STALL_IO, .to = MS(1000),
	    .party = p, .nparty = 3, .edge = e, .nedge = 3 };

	e[0].method = e[1].method = STALL_ESTIMATED;
	e[0].confidence = 625;
	e[1].confidence = 1001;
	ok(tell(&w, 0) == 0 && told.n == 6, "an I/O window");
	ok(strstr(told.line[0], "\"resource\":\"io\"") != NULL &&
	    strstr(told.line[0], "\"method\":\"measured\"") != NULL &&
	    told.rec[0].total.coverage == 400000,
	    "the length of the wait is measured, the model covers a part");
	ok(strstr(told.line[1], "\"method\":\"measured\"") != NULL &&
	    told.rec[1].stall.confidence == 400000,
	    "what is not known is known to be not known");
	ok(strstr(told.line[2], "\"method\":\"estimated\"") != NULL &&
	    told.rec[2].stall.confidence == 625000,
	    "an edge is estimated, with the model's confidence");
	ok(told.rec[3].stall.confidence == 1000000, "which is at most 1");
	ok(strstr(told.line[4], "\"method\":\"estimated\"") != NULL &&
	    strstr(told.line[5], "\"method\":\"estimated\"") != NULL,
	    "and so is what a culprit did in all");
}

static void
edges_of_the_world(void)
{
	struct stall_party p[] = { party(1), party(2), party(3) };
	struct stall_edge e[] = {
		edge(0, 1, STALL_CGROUP, UNKNOWN - 1),
		edge(0, 1, STALL_CGROUP, UNKNOWN - 1),
		edge(2, 1, STALL_CGROUP, UNKNOWN - 1),
		edge(2, 2, STALL_CGROUP, 5),
	};
	struct stall_window w = { .resource = STALL_MEMORY, .to = 1,
	    .party = p, .nparty = 3, .edge = e, .nedge = 4 };

	p[0].psi_some_ns = p[2].psi_some_ns = UNKNOWN - 1;
	p[1].cpu_ns = 1;
	ok(tell(&w, 0) == 0 && told.n == 7, "sums beyond 64 bits");
	ok(told.rec[0].total.stall_ns == UNKNOWN - 1 &&
	    told.rec[6].culprit.induced_ns == UNKNOWN - 1 &&
	    told.rec[6].culprit.victims == 2 &&
	    told.rec[6].culprit.harm_ratio == UNKNOWN - 1 &&
	    told.rec[6].culprit.psi_contribution == UNKNOWN - 1,
	    "stay at the greatest number that is known");
	ok(strstr(told.line[5], "\"kind\":\"self\"") != NULL &&
	    told.rec[3].total.by_self == 5,
	    "who waits for its own cgroup waits for itself");

	w.nedge = 0;
	ok(tell(&w, 0) == 0 && told.n == 0, "who waited nothing has no record");
	p[1].open_ns = 4;
	ok(tell(&w, 0) == 0 && told.n == 1 && told.rec[0].total.stall_ns == 0 &&
	    told.rec[0].total.open_ns == 4 &&
	    told.rec[0].total.slept_ns == UNKNOWN &&
	    told.rec[0].total.coverage == UNKNOWN,
	    "who still waits has, and of nothing no part is explained");
	p[1].open_ns = 0;
	p[1].slept_ns = 6;
	ok(tell(&w, 0) == 0 && told.n == 1 && told.rec[0].total.stall_ns == 0 &&
	    told.rec[0].total.slept_ns == 6 &&
	    told.rec[0].total.by_unknown == 0,
	    "what was slept is told, and is no waiting");
	p[1].slept_ns = 0;
	p[1].cpu_ns = 0;
	w.nedge = 1;
	ok(tell(&w, 0) == 0 && told.rec[told.n - 1].culprit.harm_ratio == UNKNOWN,
	    "without CPU time there is no ratio");

	w.nedge = 4;
	told.n = 0;
	told.stop_at = 2;
	ok(blame(&(struct blame_conf){ 0 }, &w, take, NULL) == 7 && told.n == 2,
	    "the taker can end it");
	e[3].victim = 3;
	errno = 0;
	ok(tell(&w, 0) == -1 && errno == EINVAL && told.n == 0,
	    "no such victim");
	e[3].victim = 0;
	e[3].culprit = 3;
	ok(tell(&w, 0) == -1 && errno == EINVAL, "no such culprit");
	e[3].culprit = STALL_NOBODY;
	e[3].kind = STALL_KINDS;
	ok(tell(&w, 0) == -1 && errno == EINVAL, "no such kind");
}

static struct stall_party parties[PARTIES];
static struct stall_edge edges[EDGES];

/* A window as any part of the house might measure one. */
static struct stall_window
random_window(uint64_t *r)
{
	struct stall_window w = { .resource = random_below(r, STALL_RESOURCES),
	    .from = MS(2000), .party = parties, .edge = edges };
	uint64_t most = random_below(r, 2) ? 5 : MS(1000);

	w.to = w.from + 1 + random_below(r, MS(3000));
	w.nparty = 1 + random_below(r, PARTIES);
	w.nedge = random_below(r, EDGES + 1);
	for (size_t i = 0; i < w.nparty; i++) {
		parties[i] = party(random_below(r, 3) ? i : 7);
		parties[i].cpu_ns = random_below(r, 2) ? UNKNOWN :
		    random_below(r, MS(2000));
		parties[i].psi_some_ns = random_below(r, 3) ?
		    random_below(r, MS(1000)) : UNKNOWN;
	}
	for (size_t i = 0; i < w.nedge; i++) {
		edges[i] = edge(random_below(r, w.nparty),
		    random_below(r, 4) ? random_below(r, w.nparty) : STALL_NOBODY,
		    random_below(r, 2) ? 0 : random_below(r, STALL_KINDS),
		    random_below(r, most));
		edges[i].method = random_below(r, 3);
		edges[i].pid = random_below(r, 4);
	}
	return w;
}

static uint64_t
parts(const struct wire_stall_total *t)
{
	return t->by_neighbour + t->by_self + t->by_throttle + t->by_limit +
	    t->by_kthread + t->by_irq + t->by_steal + t->by_idle +
	    t->by_unknown + t->by_older;
}

/* From the edges as they are, the slow way. */
struct want {
	uint64_t induced, victims, psi_ns, psi_known;
};

static struct want
want(const struct stall_window *w, uint32_t c)
{
	struct want s = { 0 };
	uint64_t all, mine;

	for (uint32_t v = 0; v < w->nparty; v++) {
		all = mine = 0;
		for (size_t i = 0; i < w->nedge; i++) {
			if (edges[i].victim != v)
				continue;
			all += edges[i].ns;
			if (edges[i].culprit == c && c != v &&
			    edges[i].kind == STALL_CGROUP)
				mine += edges[i].ns;
		}
		s.induced += mine;
		s.victims += mine > 0;
		if (mine == 0 || parties[v].psi_some_ns == UNKNOWN)
			continue;
		s.psi_known = 1;
		s.psi_ns += (unsigned __int128)parties[v].psi_some_ns * mine / all;
	}
	return s;
}

/* Which party a culprit record speaks of: that whose sums it has. */
static int
culprit_holds(const struct stall_window *w, const struct wire_stall_culprit *r)
{
	for (uint32_t c = 0; c < w->nparty; c++) {
		struct want s = want(w, c);
		uint64_t cpu = parties[c].cpu_ns;

		if (s.induced == r->induced_ns && s.victims == r->victims &&
		    r->culprit_cgroup_id == parties[c].cgroup_id &&
		    r->cpu_ns == cpu && r->harm_ratio == (cpu == UNKNOWN ||
		    cpu == 0 ? UNKNOWN : s.induced * 1000000 / cpu) &&
		    r->psi_contribution == (s.psi_known ?
		    s.psi_ns * 1000000 / (w->to - w->from) : UNKNOWN))
			return 1;
	}
	return 0;
}

/* The records of one window, read in their order. */
static int
holds(const struct stall_window *w)
{
	uint64_t waited = 0, last_total = UNKNOWN, last = 0, left = 0, all = 0;
	const struct wire_stall_total *t = NULL;
	size_t i = 0;

	for (; i < told.n && told.rec[i].head.kind != EV_stall_culprit; i++) {
		if (told.rec[i].head.kind == EV_stall_total) {
			if (left != 0 || told.rec[i].total.stall_ns > last_total)
				return 0;
			t = &told.rec[i].total;
			if (parts(t) != t->stall_ns || t->stall_ns == 0 ||
			    t->coverage != (unsigned __int128)(t->stall_ns -
			    t->by_unknown - t->by_older) * 1000000 / t->stall_ns)
				return 0;
			last_total = last = left = t->stall_ns;
			waited += t->stall_ns;
			continue;
		}
		if (t == NULL || told.rec[i].stall.stall_ns > last)
			return 0;
		last = told.rec[i].stall.stall_ns;
		left -= last;
		if (told.rec[i].stall.share != last * 1000000 / t->stall_ns)
			return 0;
	}
	for (last = UNKNOWN; i < told.n; i++) {
		if (told.rec[i].head.kind != EV_stall_culprit ||
		    told.rec[i].culprit.induced_ns > last ||
		    !culprit_holds(w, &told.rec[i].culprit))
			return 0;
		last = told.rec[i].culprit.induced_ns;
	}
	for (size_t k = 0; k < w->nedge; k++)
		all += edges[k].ns;
	return left == 0 && waited == all;
}

static void
random_windows(void)
{
	static char first[TOLD][EVENT_LINE_MIN];
	uint64_t seed = random_seed(), r = seed;
	struct stall_window w;
	size_t n, bad = 0, moved = 0, cut = 0;

	for (int i = 0; i < 1000; i++) {
		w = random_window(&r);
		bad += tell(&w, 0) != 0 || !holds(&w);
		memcpy(first, told.line, sizeof(first[0]) * told.n);
		n = told.n;
		tell(&w, 0);
		moved += n != told.n;
		for (size_t k = 0; k < n && k < told.n; k++)
			moved += strcmp(first[k], told.line[k]) != 0;
		tell(&w, MS(1));
		for (size_t k = 0; k < told.n; k++)
			cut += told.rec[k].head.kind == EV_stall &&
			    told.rec[k].stall.stall_ns < MS(1);
	}
	ok(bad == 0, "1000 windows: edges and parts add up, sums are the slow sums");
	ok(moved == 0, "the same window gives the same records");
	ok(cut == 0, "none below min");
}

int
main(void)
{
	golden();
	estimated();
	edges_of_the_world();
	random_windows();
	return tap_done();
}
