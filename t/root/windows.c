/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * windows MS: waits for IO and memory as host/iomem.h tells them, a window each
 * MS, until SIGTERM or a line on standard input; then one window more.  "up"
 * when it watches.  For each victim:
 *   WINDOW RESOURCE CGROUP total NS WAITS MAX OPEN PSI_SOME PSI_FULL
 *   WINDOW RESOURCE CGROUP KIND NS WAITS METHOD CONFIDENCE CULPRIT
 * and at the end "lost" with what is.  - is what is not known.
 */
#include <sys/resource.h>

#include <inttypes.h>
#include <poll.h>
#include <signal.h>

#include "host/iomem.h"
#include "stim.h"

static const char *const kinds[STALL_KINDS] = { "cgroup", "self", "throttle",
	"limit", "kthread", "irq", "steal", "idle", "unknown", "older" };

/* Paths come leaf first. */
static const char *
path(const struct stall_party *p)
{
	static char buf[2][2048];
	static int turn;
	const char *t = p->cgroup_v1_len > 0 ? p->cgroup_v1 : p->cgroup;
	size_t len = p->cgroup_v1_len > 0 ? p->cgroup_v1_len : p->cgroup_len;
	char *to = buf[turn ^= 1], *end = to;

	while (len > 0) {
		size_t l = 1;

		while (l < len && t[len - l - 1] != '\0')
			l++;
		end += sprintf(end, "/%.*s", (int)l, t + len - l);
		len -= l;
	}
	return to;
}

static void
number(uint64_t n)
{
	if (n == UINT64_MAX)
		printf("\t-");
	else
		printf("\t%" PRIu64, n);
}

static void
say(int n, const char *name, const struct stall_window *w)
{
	for (size_t i = 0; i < w->nparty; i++) {
		const struct stall_party *p = &w->party[i];
		uint64_t ns = 0, waits = 0;

		for (size_t k = 0; k < w->nedge; k++)
			if (w->edge[k].victim == i) {
				ns += w->edge[k].ns;
				waits += w->edge[k].waits;
			}
		if (ns == 0 && p->open_ns == 0)
			continue;
		printf("%d\t%s\t%s\ttotal", n, name, path(p));
		number(ns);
		number(waits);
		number(p->wait_max_ns);
		number(p->open_ns);
		number(p->psi_some_ns);
		number(p->psi_full_ns);
		putchar('\n');
	}
	for (size_t k = 0; k < w->nedge; k++) {
		const struct stall_edge *e = &w->edge[k];

		printf("%d\t%s\t%s\t%s\t%" PRIu64 "\t%" PRIu64 "\t%s\t%u\t%s\n",
		    n, name, path(&w->party[e->victim]), kinds[e->kind],
		    e->ns, e->waits,
		    e->method == STALL_ESTIMATED ? "estimated" : "measured",
		    e->confidence, e->culprit == STALL_NOBODY ? "-" :
		    path(&w->party[e->culprit]));
	}
	fflush(stdout);
}

int
main(int argc, char **argv)
{
	struct pollfd p = { .fd = 0, .events = POLLIN };
	int ms = argc > 1 ? atoi(argv[1]) : 1000, last = 0, n = 0;
	struct stall_window io, memory;
	struct cgroup_host host;
	char why[TRACE_WHY];
	struct iomem_lost l;
	const struct iomem_facts *f;
	struct iomem *m;

	must(cgroup_host(&host) == 0);
	m = iomem_open(1 << STALL_IO | 1 << STALL_MEMORY, &host, why);
	if (m == NULL) {
		fprintf(stderr, "%s\n", why);
		return 4;
	}
	f = iomem_facts(m);
	for (size_t i = 0; i < f->degraded_len; i += strlen(f->degraded + i) + 1)
		printf("degraded\t%s\n", f->degraded + i);
	printf("up\n");
	fflush(stdout);
	while (!last) {
		last = poll(&p, 1, ms) != 0;
		must(iomem_read(m, &io, &memory) == 0);
		say(n, "io", &io);
		say(n++, "memory", &memory);
	}
	iomem_lost(m, &l);
	printf("lost\tparties=%" PRIu64 " parties_ns=%" PRIu64 " edges=%" PRIu64
	    " tasks=%" PRIu64 " switches=%" PRIu64 " requests=%" PRIu64
	    " owners=%" PRIu64 " stamps=%" PRIu64 " devices=%" PRIu64
	    " bases=%" PRIu64 " claims=%" PRIu64 " missed=%" PRIu64 "\n", l.parties, l.parties_ns,
	    l.edges, l.tasks, l.switches, l.requests, l.owners, l.stamps,
	    l.devices, l.bases, l.claims, l.missed);
	iomem_close(m);
	return 0;
}
