/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The table of detectors, and what several of them share. */
#include <stdio.h>
#include <string.h>

#include "core/detect_impl.h"

static const struct detector *const all[] = {
	&detect_fork_storm, &detect_fork_burst, &detect_circuit_breaker,
	&detect_psi_saturation, &detect_noisy_neighbor, &detect_throttled,
	&detect_short_lived, &detect_crash_loop, &detect_memory_leak,
	&detect_oom_kill, &detect_oom_risk, &detect_memory_limit,
	&detect_fd_exhaustion, &detect_pids_exhaustion,
	&detect_cpu_spin, &detect_zombie, &detect_d_state,
	&detect_count, &detect_rate, &detect_gauge, &detect_slope,
};

enum { NALL = sizeof(all) / sizeof(all[0]) };

const struct detector *
detect_named(const char *name)
{
	for (size_t i = 0; i < NALL; i++)
		if (strcmp(all[i]->name, name) == 0)
			return all[i];
	return NULL;
}

const char *
detect_names(char *buf, size_t size)
{
	size_t n = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < NALL && n < size; i++)
		n += snprintf(buf + n, size - n, "%s%s", i > 0 ? " " : "",
		    all[i]->name);
	return buf;
}

/* How long a record may be away before something is missing. */
static uint64_t
patience(uint64_t interval)
{
	return interval == 0 ? SUSTAIN_SILENT / 2 : 2 * interval + SUSTAIN_SLACK;
}

/* Where it is above, it may have been since then. */
static void
sustain(struct sustain *s, uint64_t t, uint64_t interval, uint64_t since,
    double value, double limit)
{
	/* What was not seen was not above. */
	int hole = s->last == 0 || t - s->last > patience(interval);

	if (!(value > limit))
		s->since = 0;
	else if (s->since == 0 || hole)
		s->since = since > 0 ? since : 1;
	s->value = value;
	s->last = t;
	s->interval = interval;
}

/* Half of the least --interval of lnx-trace. */
#define ROUND_APART	UINT64_C(50000000)

int
round_begins(uint64_t *last, uint64_t t, uint64_t interval)
{
	uint64_t gap = t - *last;
	int begins = *last == 0 || (gap > interval / 2 && gap > ROUND_APART);

	*last = t > 0 ? t : 1;
	return begins;
}

void
sustain_put(struct sustain *s, uint64_t t, uint64_t interval, double value,
    double limit)
{
	sustain(s, t, interval, t > interval ? t - interval : 0, value, limit);
}

void
sustain_see(struct sustain *s, uint64_t t, uint64_t interval, double value,
    double limit)
{
	sustain(s, t, interval, t, value, limit);
}

enum verdict
sustain_judge(const struct sustain *s, uint64_t now, uint64_t needed,
    double limit)
{
	/* One that is below 0 is of a value that must not be below it. */
	double stay = limit < 0 ? limit / CLEAR : limit * CLEAR;

	if (s->last == 0 || (s->since == 0 && !(s->value > stay)))
		return CALM;
	/* Silence is not calm where it was none; but no reason to go on for ever. */
	if (now - s->last > patience(s->interval))
		return now - s->last > SUSTAIN_SILENT ? CALM : STAY;
	if (s->since != 0 && s->last - s->since >= needed)
		return FIRE;
	return s->value > stay ? STAY : CALM;
}
