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

/* Something that no count in a record says. */
static int
say(const char *state, const char *what, trace_fn *fn, void *arg)
{
	uint64_t buf[128];
	struct make m;

	make_begin(&m, EV_source);
	make_text(&m, "tool", "lnx-trace");
	make_text(&m, "state", state);
	make_list(&m, "degraded", what, strlen(what) + 1);
	return fn(arg, buf, make_end(&m, boot_now(), buf, sizeof(buf)));
}

/* From now on it is missing. */
static int
say_degraded(const char *what, trace_fn *fn, void *arg)
{
	return say("degraded", what, fn, arg);
}

/* It is missing, for that reason, or, with NULL, it is not: told if that is new. */
static int
tell_ill(struct gauges *g, int which, const char *what, trace_fn *fn, void *arg)
{
	char *told = g->ill[which], was[TRACE_WHY];

	if ((what != NULL) == (*told != '\0'))
		return 0;
	if (what != NULL) {
		snprintf(told, TRACE_WHY, "%s", what);
		return say_degraded(told, fn, arg);
	}
	strcpy(was, told);
	*told = '\0';
	return say("healed", was, fn, arg);
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
	if (rc == 0)
		rc = tell_ill(g, ILL_OPEN, n.no_open == g->no_open ? NULL :
		    "stall: waits that have not ended cannot be looked at: "
		    "open_ns is missing", fn, arg);
	g->no_open = n.no_open;
	return rc;
}

/* Nothing is told now, by errno. */
static int
tell_unread(struct gauges *g, int which, const char *what, trace_fn *fn,
    void *arg)
{
	char text[TRACE_WHY];

	snprintf(text, sizeof(text), "%s: %s", what, strerrordesc_np(errno));
	return tell_ill(g, which, text, fn, arg);
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

	(void)now, (void)last;
	if (stall_read(g->stall, &w) == -1)
		return tell_unread(g, ILL_CPU, "stall of cpu: a window could "
		    "not be read", fn, arg);
	if ((rc = tell_ill(g, ILL_CPU, NULL, fn, arg)) == 0)
		rc = tell_cpu_losses(g, fn, arg);
	return rc == 0 ? tell(g, STALL_CPU, w, fn, arg) : rc;
}

static int
look_at_iomem(void *self, uint64_t now, int last, trace_fn *fn, void *arg)
{
	struct stall_window io, memory;
	struct gauges *g = self;
	int rc;

	(void)now, (void)last;
	if (iomem_read(g->iomem, &io, &memory) == -1)
		return tell_unread(g, ILL_IOMEM, "stall of io and memory: a "
		    "window could not be read", fn, arg);
	if ((rc = tell_ill(g, ILL_IOMEM, NULL, fn, arg)) == 0)
		rc = tell_iomem_losses(g, fn, arg);
	if (rc == 0 && g->resources >> STALL_IO & 1)
		rc = tell(g, STALL_IO, &io, fn, arg);
	if (rc == 0 && g->resources >> STALL_MEMORY & 1)
		rc = tell(g, STALL_MEMORY, &memory, fn, arg);
	return rc;
}

static int
look_at_sample(void *self, uint64_t now, int last, trace_fn *fn, void *arg)
{
	struct gauges *g = self;
	int rc = g->look_at_sample(g->sample, now, last, fn, arg);

	if (rc == SAMPLE_UNSEEN)
		return tell_unread(g, ILL_SAMPLE, "sample: the processes cannot "
		    "be looked at", fn, arg);
	return rc == 0 ? tell_ill(g, ILL_SAMPLE, NULL, fn, arg) : rc;
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
	if (g->sample == NULL) {
		refused(g, "sample", why);
		return;
	}
	g->look_at_sample = g->gauge[g->n].look;
	g->gauge[g->n].self = g;
	g->gauge[g->n++].look = look_at_sample;
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
