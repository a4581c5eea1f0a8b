/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "host/cgroup.h"
#include "rec/event.h"

#include "cmd.h"
#include "gauges.h"

static int
look_at_nothing(void *self, uint64_t now, int last, trace_fn *fn, void *arg)
{
	(void)self, (void)now, (void)last, (void)fn, (void)arg;
	return 0;
}

/* In the place of one that does not work. */
static void
refused(struct gauges *g, const struct trace_conf *c, uint64_t kinds,
    const char *name, const char *why)
{
	char *text = g->why[g->n];

	if (errno == EPERM || (c->kinds & ~kinds) == 0)
		errx(EX_LNX_SYSTEM, "%s", why);
	snprintf(text, TRACE_WHY, "%s: %.*s", name, TRACE_WHY - 32, why);
	g->gauge[g->n++] = (struct gauge){
		.every = c->interval, .degraded = text,
		.degraded_len = strlen(text) + 1, .look = look_at_nothing,
	};
}

void
gauges_open(struct gauges *g, const struct trace_conf *c)
{
	uint64_t sample = UINT64_C(1) << EV_sample;
	char why[TRACE_WHY] = "";
	struct cgroup_host host;

	memset(g, 0, sizeof(*g));
	/* Without /proc/self/mountinfo there are v2 ids all the same. */
	if (cgroup_host(&host) == -1)
		memset(&host, 0, sizeof(host));
	if (c->kinds & sample) {
		g->sample = sample_open(c, &host, &g->gauge[g->n], why);
		if (g->sample != NULL)
			g->n++;
		else
			refused(g, c, sample, "sample", why);
	}
}

void
gauges_close(struct gauges *g)
{
	sample_close(g->sample);
}
