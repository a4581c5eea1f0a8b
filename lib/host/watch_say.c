/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What a trace says of itself. */
#include <string.h>

#include "host/watch_impl.h"
#include "rec/make.h"

/* The kinds that the stream will carry, as a list. */
static void
name_kinds(struct watch *w)
{
	uint64_t kinds = w->conf.trace.kinds | 1 << EV_source | 1 << EV_lost;
	const struct event_desc *d;
	size_t n;

	for (size_t i = 0; i < w->conf.ngauge; i++)
		kinds |= w->conf.gauge[i].kinds;

	for (int k = 1; k < EV_max; k++) {
		if (!(kinds >> k & 1) || (d = event_desc(k)) == NULL)
			continue;
		n = strlen(d->name) + 1;
		if (w->kinds_len + n > sizeof(w->kinds))
			return;
		memcpy(w->kinds + w->kinds_len, d->name, n);
		w->kinds_len += n;
	}
}

/* What is missing, of the trace and of the gauges. */
static void
name_degraded(struct watch *w)
{
	const struct trace_facts *f = trace_facts(w->trace);
	const struct gauge *g = w->conf.gauge;

	memcpy(w->degraded, f->degraded, f->degraded_len);
	w->degraded_len = f->degraded_len;
	for (size_t i = 0; i < w->conf.ngauge; i++, g++) {
		if (g->degraded_len > sizeof(w->degraded) - w->degraded_len)
			continue;
		memcpy(w->degraded + w->degraded_len, g->degraded,
		    g->degraded_len);
		w->degraded_len += g->degraded_len;
	}
}

/* A source record of this state; more fields come from fill. */
static int
say(struct watch *w, const char *state, void (*fill)(struct watch *,
    struct make *))
{
	uint64_t buf[1024];
	struct make m;

	make_begin(&m, EV_source);
	make_text(&m, "tool", w->conf.tool);
	make_text(&m, "state", state);
	fill(w, &m);
	return watch_hand_on(w, buf, make_end(&m, boot_now(), buf, sizeof(buf)));
}

static void
fill_start(struct watch *w, struct make *m)
{
	const struct trace_facts *f = trace_facts(w->trace);
	const struct trace_conf *c = &w->conf.trace;
	const struct boot *b = w->conf.boot;

	make_text(m, "version", w->conf.version);
	make_text(m, "boot_id", b->id);
	make_text(m, "kernel", b->uts.release);
	make_text(m, "arch", b->uts.machine);
	make_text(m, "rung", f->rung);
	make_list(m, "rung_why", f->why, f->why_len);
	make_text(m, "clock", "CLOCK_BOOTTIME");
	make_text(m, "cgroup_mode", cgroup_mode_name(w->host.mode));
	if (w->host.controller[0] != '\0')
		make_text(m, "cgroup_v1_controller", w->host.controller);
	make_list(m, "caps_kept", "cap_bpf", f->need_cap_bpf ? 8 : 0);
	make_list(m, "degraded", w->degraded, w->degraded_len);
	make_list(m, "events", w->kinds, w->kinds_len);
	make_num(m, "boot_time", 0);
	make_num(m, "ring_bytes", c->ring);
	make_num(m, "cpus", b->cpus);
	make_num(m, "memory_total_bytes", b->memory_bytes);
}

/* Who is not in such a snapshot may be alive all the same. */
static int
filtered(const struct trace_conf *c)
{
	return c->npid + c->nppid + c->nuid + c->ncomm + c->ncgroup > 0 ||
	    c->tree != 0;
}

static void
fill_synced(struct watch *w, struct make *m)
{
	static const char partial[] = "snap: only what the filters let pass";

	if (filtered(&w->conf.trace))
		make_list(m, "degraded", partial, sizeof(partial));
	make_num(m, "snap", w->snaps);
	make_num(m, "procs", w->procs);
}

static void
fill_degraded(struct watch *w, struct make *m)
{
	make_list(m, "degraded", w->degraded, w->degraded_len);
}

static void
fill_end(struct watch *w, struct make *m)
{
	if (!w->enough)
		make_num(m, "generated", w->sums.generated);
	make_num(m, "received", w->sums.received);
	make_num(m, "lost", w->sums.lost);
}

int
watch_say_start(struct watch *w)
{
	name_kinds(w);
	name_degraded(w);
	return say(w, "start", fill_start);
}

int
watch_say_synced(struct watch *w)
{
	return say(w, "synced", fill_synced);
}

int
watch_say_degraded(struct watch *w, const char *what)
{
	memcpy(w->degraded, what, strlen(what) + 1);
	w->degraded_len = strlen(what) + 1;
	return say(w, "degraded", fill_degraded);
}

int
watch_say_end(struct watch *w)
{
	return say(w, "end", fill_end);
}
