/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "host/sandbox.h"
#include "host/trim.h"
#include "host/watch_impl.h"

#define MS	1000000ULL
#define SECOND	(1000 * MS)

/*
 * Between two looks at the ring.  A record waits no longer than this, and
 * however many come, there are no more than a hundred wake-ups a second.
 */
#define PACE	(10 * MS)

enum {
	SPARE = 16384,		/* more than a record has without its arguments */
	OVER = INT_MAX,		/* of hand_on_in_time(): nothing fn returns */
};

struct watch *
watch_open(const struct watch_conf *conf, char why[TRACE_WHY])
{
	struct watch *w;

	if ((w = calloc(1, sizeof(*w))) == NULL) {
		strcpy(why, "out of memory");
		return NULL;
	}
	w->conf = *conf;
	w->spare_len = SPARE + conf->trace.argv_max;
	if ((w->spare = malloc(w->spare_len)) == NULL) {
		strcpy(why, "out of memory");
		watch_close(w);
		return NULL;
	}
	w->since = boot_now();
	/* Without /proc/self/mountinfo there are v2 ids all the same. */
	if (cgroup_host(&w->host) == -1)
		memset(&w->host, 0, sizeof(w->host));
	w->trace = trace_open(&conf->trace, &w->host, why);
	if (w->trace == NULL) {
		watch_close(w);
		return NULL;
	}
	return w;
}

void
watch_close(struct watch *w)
{
	if (w == NULL)
		return;
	trace_close(w->trace);
	free(w->spare);
	free(w->doubt.p);
	free(w->came.p);
	free(w);
}

unsigned
watch_sandbox(const struct watch *w)
{
	unsigned flags = 0;

	if (trace_facts(w->trace)->need_cap_bpf)
		flags |= SANDBOX_BPF;
	for (size_t i = 0; i < w->conf.ngauge; i++)
		flags |= w->conf.gauge[i].sandbox;
	return flags;
}

struct watch_sums
watch_sums(const struct watch *w)
{
	return w->sums;
}

int
watch_hand_on(void *arg, const void *rec, size_t size)
{
	const struct wire_head *h = rec;
	const struct wire_lost *lost = rec;
	struct watch *w = arg;

	switch (h->kind) {
	case EV_fork: case EV_exec: case EV_exit: case EV_reparent:
	case EV_oom:
		w->sums.received++;
		break;
	case EV_lost:
		w->sums.lost += lost->count;
		/* What --rate holds back is wanted so. */
		if (lost->cgroup_id == WIRE_UNKNOWN_64)
			w->holes++;
		break;
	case EV_snap:
		w->procs++;
		break;
	}
	if (size <= w->spare_len)
		rec = trim(rec, &size, w->spare);
	return w->conf.fn(w->conf.arg, rec, size);
}

static int
over(const struct watch *w)
{
	return *w->conf.stop || (w->conf.duration > 0 &&
	    boot_now() - w->begun >= w->conf.duration);
}

/* Where the reader is slow, there may be more to drain for ever. */
static int
hand_on_in_time(void *arg, const void *rec, size_t size)
{
	int rc = watch_hand_on(arg, rec, size);

	return rc != 0 ? rc : over(arg) ? OVER : 0;
}

/* What the kernel half could not tell and counts as no loss. */
static int
look_for_holes(struct watch *w)
{
	uint64_t untold = trace_untold(w->trace);
	uint64_t unfollowed = trace_unfollowed(w->trace);
	int rc = 0;

	if (untold != w->untold) {
		w->untold = untold;
		w->holes++;
		if (!WANTS(w, snap))
			rc = watch_say_degraded(w, "reparent: a process left "
			    "behind more than 16384 children: not all are told");
	}
	if (rc == 0 && unfollowed != w->unfollowed) {
		w->unfollowed = unfollowed;
		rc = watch_say_degraded(w, "tree: it has more than 65536 "
		    "living members: not all are followed");
	}
	return rc;
}

static int
look(struct watch *w)
{
	int rc;

	w->looked = boot_now();
	rc = trace_drain(w->trace, hand_on_in_time, w);
	if (rc == OVER)
		return 0;	/* finish() has the rest */
	if (rc != 0 || (rc = trace_lost(w->trace, watch_hand_on, w)) != 0)
		return rc;
	if ((rc = look_for_holes(w)) != 0)
		return rc;
	if (WANTS(w, snap) && w->holes != w->healed &&
	    w->looked - w->snap_at >= SECOND)
		return watch_heal(w);
	return 0;
}

/* The gauges whose time has come; all, if this is the last look at them. */
static int
look_at_gauges(struct watch *w, int last)
{
	const struct gauge *g = w->conf.gauge;
	uint64_t now;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < w->conf.ngauge; i++, g++) {
		now = boot_now();	/* the one before may take long */
		if (!last && now < w->next[i])
			continue;
		/* Times stay multiples of the first, however late this one is. */
		w->next[i] += (1 + (now - w->next[i]) / g->every) * g->every;
		rc = g->look(g->self, now, last, watch_hand_on, w);
	}
	return rc;
}

/* When to wake up although nothing comes; UINT64_MAX: never. */
static uint64_t
deadline(const struct watch *w)
{
	uint64_t t = UINT64_MAX;

	if (w->conf.duration > 0 && w->conf.duration < UINT64_MAX - w->begun)
		t = w->begun + w->conf.duration;
	if (WANTS(w, snap) && w->holes != w->healed &&
	    w->snap_at + SECOND < t)
		t = w->snap_at + SECOND;
	for (size_t i = 0; i < w->conf.ngauge; i++)
		if (w->next[i] < t)
			t = w->next[i];
	return t;
}

static void
nap(uint64_t ns)
{
	struct timespec ts = { ns / SECOND, ns % SECOND };

	nanosleep(&ts, NULL);
}

/* Wait for records, but not within PACE of the last look.  0, or -1. */
static int
rest(struct watch *w)
{
	struct pollfd p[2] = {
		{ .fd = trace_fd(w->trace), .events = POLLIN },
		{ .fd = w->conf.out },
	};
	uint64_t now, end = deadline(w);
	int ms = -1;

	w->conf.idle(w->conf.arg);
	now = boot_now();
	if (end != UINT64_MAX)
		ms = end <= now ? 0 : (end - now) / MS >= INT32_MAX ?
		    INT32_MAX : (end - now + MS - 1) / MS;
	if (poll(p, 2, ms) == -1)
		return errno == EINTR ? 0 : -1;
	if (p[1].revents != 0) {	/* of a pipe POLLERR, of a socket POLLHUP */
		errno = EPIPE;
		return -1;
	}
	now = boot_now();
	if (now < w->looked + PACE && !*w->conf.stop)
		nap(w->looked + PACE - now);
	return 0;
}

/* What is still on its way when the programs are detached. */
static int
finish(struct watch *w)
{
	int rc = 0;

	trace_stop(w->trace);
	for (int i = 0; i < 100 && rc == 0; i++) {
		if ((rc = trace_drain(w->trace, watch_hand_on, w)) != 0 ||
		    (rc = trace_lost(w->trace, watch_hand_on, w)) != 0)
			break;
		w->sums.generated = trace_generated(w->trace);
		if (w->sums.generated == w->sums.received + w->sums.lost)
			break;
		nap(MS);
	}
	if (rc == 0)
		rc = look_at_gauges(w, 1);
	return rc == 0 ? watch_say_end(w) : rc;
}

static int
run(struct watch *w)
{
	int rc;

	w->begun = boot_now();
	if ((rc = watch_say_start(w)) != 0)
		return rc;
	if (WANTS(w, snap) && (rc = watch_introduce(w)) != 0)
		return rc;
	for (size_t i = 0; i < w->conf.ngauge; i++)
		w->next[i] = w->begun;
	if ((rc = look_at_gauges(w, 0)) != 0)
		return rc;
	while (!over(w))
		if ((rc = rest(w)) != 0 || (rc = look(w)) != 0 ||
		    (rc = look_at_gauges(w, 0)) != 0)
			return rc;
	return finish(w);
}

int
watch_run(struct watch *w)
{
	int rc = run(w);

	if (rc <= 0)
		return rc;
	trace_stop(w->trace);
	w->enough = 1;
	return watch_say_end(w) == -1 ? -1 : rc;
}
