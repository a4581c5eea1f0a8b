/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <string.h>

#include "core/blame_pick.h"
#include "rec/wire.h"

#include "tap.h"

#define UNKNOWN	UINT64_MAX
#define MS(n)	((n) * UINT64_C(1000000))

static char told[4096];

static int
take(void *arg, const void *rec, size_t size)
{
	const struct wire_head *h = rec;
	const struct wire_stall_total *t = rec;
	const struct wire_stall *s = rec;
	const struct wire_stall_culprit *c = rec;
	char buf[64];

	(void)arg, (void)size;
	if (h->kind == EV_stall_total)
		snprintf(buf, sizeof(buf), "T%d=%d ", (int)t->victim_cgroup_id,
		    (int)(t->stall_ns / MS(1)));
	else if (h->kind == EV_stall)
		snprintf(buf, sizeof(buf), "%d<%d ", (int)s->victim_cgroup_id,
		    (int)s->culprit_cgroup_id);
	else
		snprintf(buf, sizeof(buf), "C%d ", (int)c->culprit_cgroup_id);
	strcat(told, buf);
	return 0;
}

static struct stall_party
party(uint64_t id, const char *path, uint32_t len)
{
	return (struct stall_party){ .cgroup_id = id, .cgroup_v1_id = UNKNOWN,
	    .cgroup = path, .cgroup_len = len, .cpu_ns = UNKNOWN,
	    .psi_some_ns = UNKNOWN, .psi_full_ns = UNKNOWN,
	    .wait_max_ns = UNKNOWN, .open_ns = UNKNOWN };
}

#define PARTY(id, path) party(id, path, sizeof(path))

static struct stall_edge
edge(uint32_t victim, uint32_t culprit, uint64_t ns)
{
	return (struct stall_edge){ .victim = victim, .culprit = culprit,
	    .kind = culprit == STALL_NOBODY ? STALL_UNKNOWN : STALL_CGROUP,
	    .ns = ns, .waits = 3, .pid = UINT32_MAX, .start = UNKNOWN };
}

/* What is kept with --cgroup of these. */
static void
kept(const char *a, uint64_t a_id, const char *b, int v1, const char *want,
    const char *what)
{
	struct stall_party p[] = { PARTY(1, "api\0pods"), PARTY(2, "web\0pods"),
	    PARTY(3, "batch"), PARTY(4, ""), PARTY(5, "api\0pods2") };
	struct stall_edge e[] = { edge(0, 1, MS(90)), edge(0, 2, MS(80)),
	    edge(0, STALL_NOBODY, MS(3)), edge(1, 2, MS(50)), edge(1, 4, MS(1)),
	    edge(2, 3, MS(40)), edge(3, 2, MS(30)), edge(4, 3, MS(20)) };
	struct stall_window w = { .resource = STALL_CPU, .from = MS(2000),
	    .to = MS(3000), .party = p, .nparty = 5, .edge = e, .nedge = 8 };
	static struct pick pick;

	memset(&pick, 0, sizeof(pick));
	p[1].cgroup_v1_id = 77;
	p[1].cgroup_v1 = "x\0y";
	p[1].cgroup_v1_len = sizeof("x\0y");
	pick.fn = take;
	pick.v1 = v1;
	ok(a == NULL || pick_add(&pick, a_id, a) == 0, "%s: taken", what);
	ok(b == NULL || pick_add(&pick, 999, b) == 0, "%s: taken", what);
	*told = '\0';
	ok(blame(&(struct blame_conf){ 0 }, &w, pick_record, &pick) == 0 &&
	    strcmp(told, want) == 0, "%s", what);
	if (strcmp(told, want) != 0)
		printf("# have %s\n# want %s\n", told, want);
	pick_free(&pick);
}

int
main(void)
{
	static struct pick full;
	char path[PICK_PATH + 2];
	int rc = 0;

	kept(NULL, 0, NULL, 0, "T1=173 1<2 1<3 1<-1 T2=51 2<3 2<5 T3=40 3<4 "
	    "T4=30 4<3 T5=20 5<4 C3 C2 C4 C5 ", "without a choice, all");
	kept("/pods/api", 999, NULL, 0, "T1=173 1<2 1<3 1<-1 ",
	    "a victim: all its edges, and its total");
	kept("/pods/web", 999, NULL, 0, "T1=173 1<2 T2=51 2<3 2<5 C2 ",
	    "a culprit too: its edges, and the whole totals of its victims");
	kept("/pods", 999, NULL, 0, "T1=173 1<2 1<3 1<-1 T2=51 2<3 2<5 C2 ",
	    "what is below, and no name that begins alike");
	kept("//pods/", 999, "/batch", 0, "T1=173 1<2 1<3 1<-1 T2=51 2<3 2<5 "
	    "T3=40 3<4 T4=30 4<3 C3 C2 ", "either of two, however written");
	kept("/renamed", 5, NULL, 0, "T2=51 2<5 T5=20 5<4 C5 ", "by its id");
	kept("/none", 999, NULL, 0, "", "none");
	kept("/", 999, NULL, 0, "T1=173 1<2 1<3 1<-1 T2=51 2<3 2<5 T3=40 3<4 "
	    "T4=30 4<3 T5=20 5<4 C3 C2 C4 C5 ", "the root: all");
	kept("/y/x", 999, NULL, 1, "T1=173 1<2 T2=51 2<3 2<5 C2 ",
	    "by its path in v1");
	kept("/none", 77, NULL, 1, "T1=173 1<2 T2=51 2<3 2<5 C2 ",
	    "by its id in v1");
	for (int i = 0; i < PICK_MAX; i++)
		rc |= pick_add(&full, i, "/a");
	ok(rc == 0 && pick_add(&full, 9, "/a") == -1, "no more than there is room for");
	memset(&full, 0, sizeof(full));
	memset(path, 'x', sizeof(path) - 1);
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	ok(pick_add(&full, 1, path) == -1 && full.n == 0, "nor a longer path");
	return tap_done();
}
