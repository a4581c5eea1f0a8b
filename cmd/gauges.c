/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "host/boot.h"
#include "host/cgroup.h"
#include "rec/event.h"
#include "rec/make.h"

#include "cmd.h"
#include "gauges.h"

#define NEVER	(UINT64_MAX >> 1)

static int
look_at_nothing(void *self, uint64_t now, int last, trace_fn *fn, void *arg)
{
	(void)self, (void)now, (void)last, (void)fn, (void)arg;
	return 0;
}

/* In the place of one that is not there. */
static void
missing(struct gauges *g, const char *name, const char *why)
{
	char *text = g->why[g->n];

	snprintf(text, TRACE_WHY, "%s: %.*s", name, TRACE_WHY - 32, why);
	g->gauge[g->n++] = (struct gauge){
		.every = NEVER, .degraded = text,
		.degraded_len = strlen(text) + 1, .look = look_at_nothing,
	};
}

/* One does not work. */
static void
refused(struct gauges *g, const char *name, const char *why)
{
	if (errno == EPERM)
		errx(EX_LNX_SYSTEM, "%s", why);
	missing(g, name, why);
}

/* The first window is what was before the stream began. */
static int
tell(struct gauges *g, enum stall_resource r, const struct stall_window *w,
    trace_fn *fn, void *arg)
{
	int first = !(g->begun >> r & 1);

	g->begun |= 1U << r;
	g->pick.fn = fn;
	g->pick.arg = arg;
	return first ? 0 : blame(&g->blame, w, pick_record, &g->pick);
}

/* From now on something is missing, which no count in a record says. */
static int
say_degraded(const char *what, trace_fn *fn, void *arg)
{
	uint64_t buf[128];
	struct make m;

	make_begin(&m, EV_source);
	make_text(&m, "tool", "lnx-trace");
	make_text(&m, "state", "degraded");
	make_list(&m, "degraded", what, strlen(what) + 1);
	return fn(arg, buf, make_end(&m, boot_now(), buf, sizeof(buf)));
}

/* Once, when it begins.  Lost switches are told as unknown. */
static int
tell_cpu_losses(struct gauges *g, trace_fn *fn, void *arg)
{
	struct stall_counts n = stall_counts(g->stall);
	int rc = 0;

	if (n.no_slot != 0 && !g->told_slots) {
		g->told_slots = 1;
		rc = say_degraded(g->by_process ?
		    "stall of cpu: more processes and cgroups than can be told "
		    "apart: the others are told by their cgroup, or without "
		    "cgroup_id" :
		    "stall of cpu: more cgroups than can be told apart: the "
		    "others are one, without cgroup_id", fn, arg);
	}
	if (rc == 0 && n.no_cell != 0 && !g->told_cells) {
		g->told_cells = 1;
		rc = say_degraded("stall of cpu: more pairs wait for each "
		    "other than can be remembered: for whom the others wait "
		    "is unknown", fn, arg);
	}
	if (rc == 0 && n.no_task != 0 && !g->told_tasks) {
		g->told_tasks = 1;
		rc = say_degraded("stall of cpu: more tasks than can be "
		    "remembered: what they waited before they were moved is "
		    "missing", fn, arg);
	}
	if (rc == 0 && n.no_open != 0 && !g->told_open) {
		g->told_open = 1;
		rc = say_degraded("stall: waits that have not ended cannot be "
		    "looked at: open_ns is missing", fn, arg);
	}
	return rc;
}

/* No window is told.  Once for each resource. */
static int
tell_unread(struct gauges *g, enum stall_resource r, trace_fn *fn, void *arg)
{
	char text[128];

	if (g->told_unread >> r & 1)
		return 0;
	g->told_unread |= 1U << r;
	snprintf(text, sizeof(text), "stall of %s: a window could not be read: "
	    "%s", r == STALL_CPU ? "cpu" : "io and memory",
	    strerrordesc_np(errno));
	return say_degraded(text, fn, arg);
}

static int
tell_iomem_losses(struct gauges *g, trace_fn *fn, void *arg)
{
	struct iomem_lost l;

	iomem_lost(g->iomem, &l);
	if (g->told_iomem ||
	    l.parties + l.tasks + l.switches + l.missed == 0)
		return 0;
	g->told_iomem = 1;
	return say_degraded("stall of io and memory: waits were not seen to "
	    "their end, or found no room: stall_ns is too small", fn, arg);
}

static int
look_at_cpu(void *self, uint64_t now, int last, trace_fn *fn, void *arg)
{
	const struct stall_window *w;
	struct gauges *g = self;
	int rc;

	(void)last;
	if (stall_read(g->stall, now, &w) == -1)
		return tell_unread(g, STALL_CPU, fn, arg);
	rc = tell_cpu_losses(g, fn, arg);
	return rc == 0 ? tell(g, STALL_CPU, w, fn, arg) : rc;
}

static int
look_at_iomem(void *self, uint64_t now, int last, trace_fn *fn, void *arg)
{
	struct stall_window io, memory;
	struct gauges *g = self;
	int rc;

	(void)last;
	if (iomem_read(g->iomem, now, &io, &memory) == -1)
		return tell_unread(g, STALL_IO, fn, arg);
	rc = tell_iomem_losses(g, fn, arg);
	if (rc == 0 && g->resources >> STALL_IO & 1)
		rc = tell(g, STALL_IO, &io, fn, arg);
	if (rc == 0 && g->resources >> STALL_MEMORY & 1)
		rc = tell(g, STALL_MEMORY, &memory, fn, arg);
	return rc;
}

static void
open_cpu(struct gauges *g, const struct trace_conf *c,
    const struct cgroup_host *host)
{
	struct stall_conf conf = { .by_process = c->by_process };
	const struct stall_facts *f;
	char why[TRACE_WHY] = "";

	if ((g->stall = stall_open(&conf, host, why)) == NULL) {
		refused(g, "stall of cpu", why);
		return;
	}
	f = stall_facts(g->stall);
	g->gauge[g->n++] = (struct gauge){
		.self = g, .every = c->window, .look = look_at_cpu,
		.kinds = c->kinds & TRACE_STALLS, .sandbox = f->sandbox,
		.degraded = f->degraded, .degraded_len = f->degraded_len,
	};
}

static void
open_iomem(struct gauges *g, const struct trace_conf *c,
    const struct cgroup_host *host)
{
	unsigned want = c->resources & ~(1U << STALL_CPU);
	const struct iomem_facts *f;
	char why[TRACE_WHY] = "";

	if ((g->iomem = iomem_open(want, host, why)) == NULL) {
		refused(g, "stall of io and memory", why);
		return;
	}
	f = iomem_facts(g->iomem);
	g->gauge[g->n++] = (struct gauge){
		.self = g, .every = c->window, .look = look_at_iomem,
		.kinds = c->kinds & TRACE_STALLS, .sandbox = f->sandbox,
		.degraded = f->degraded, .degraded_len = f->degraded_len,
	};
}

static void
open_sample(struct gauges *g, const struct trace_conf *c,
    const struct cgroup_host *host)
{
	char why[TRACE_WHY] = "";

	g->sample = sample_open(c, host, &g->gauge[g->n], why);
	if (g->sample == NULL)
		refused(g, "sample", why);
	else
		g->n++;
}

/* Stalls of these cgroups only. */
static void
choose(struct gauges *g, const struct trace_conf *c,
    const struct cgroup_host *host)
{
	g->pick.v1 = c->cgroup_v1 && host->mode == CGROUP_HYBRID;
	for (uint32_t i = 0; i < c->ncgroup; i++)
		if (pick_add(&g->pick, c->cgroup[i], c->cgroup_name[i]) == -1)
			errx(EX_LNX_USAGE, "--cgroup: '%s': too long",
			    c->cgroup_name[i]);
}

/* Of all that was asked for there is nothing: the first that is missing is why. */
static void
refuse_all(const struct gauges *g, const struct trace_conf *c)
{
	uint64_t left = c->kinds & ~(TRACE_STALLS | UINT64_C(1) << EV_sample);

	for (unsigned i = 0; i < g->n; i++)
		left |= g->gauge[i].kinds;
	if (left == 0 && g->n > 0)
		errx(EX_LNX_SYSTEM, "%s", strstr(g->why[0], ": ") + 2);
}

void
gauges_open(struct gauges *g, const struct trace_conf *c)
{
	struct cgroup_host host;

	memset(g, 0, sizeof(*g));
	g->blame.min_ns = c->min_stall;
	g->resources = c->resources;
	g->by_process = c->by_process;
	/* Without /proc/self/mountinfo there are v2 ids all the same. */
	if (cgroup_host(&host) == -1)
		memset(&host, 0, sizeof(host));
	choose(g, c, &host);
	if (c->no_stalls != NULL)
		missing(g, "stall", c->no_stalls);
	if (c->kinds & TRACE_STALLS && c->resources >> STALL_CPU & 1)
		open_cpu(g, c, &host);
	if (c->kinds & TRACE_STALLS && c->resources & ~(1U << STALL_CPU))
		open_iomem(g, c, &host);
	if (c->kinds >> EV_sample & 1)
		open_sample(g, c, &host);
	refuse_all(g, c);
}

void
gauges_close(struct gauges *g)
{
	stall_close(g->stall);
	iomem_close(g->iomem);
	sample_close(g->sample);
	pick_free(&g->pick);
}
