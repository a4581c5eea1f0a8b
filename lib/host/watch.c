/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "host/trim.h"
#include "host/watch.h"
#include "rec/make.h"
#include "rec/wire.h"

#define MS	1000000ULL
#define SECOND	(1000 * MS)

/*
 * Between two looks at the ring.  A record waits no longer than this, and
 * however many come, there are no more than a hundred wake-ups a second.
 */
#define PACE	(10 * MS)

enum {
	NAMES = 256,		/* room for the list of kinds */
	SPARE = 16384,		/* more than a record has without its arguments */
	OVER = INT_MAX,		/* of hand_on_in_time(): nothing fn returns */
};

#define ALIGNED(n)	(((n) + 7) & ~(size_t)7)

/* Records kept until it is known in which order they go out. */
struct keep {
	char	*p;
	size_t	 len, cap;
};

struct watch {
	struct watch_conf conf;
	struct cgroup_host host;
	struct trace	*trace;
	struct watch_sums sums;
	struct keep	 doubt, came;	/* see introduce() */
	char		*spare;		/* room to shorten a record */
	size_t		 spare_len;
	uint64_t	 since;		/* boot_ns before the programs were attached */
	uint64_t	 begun, looked;	/* boot_ns */
	uint64_t	 snaps, procs;	/* snapshots; processes in the last */
	uint64_t	 snap_at;	/* boot_ns of the last */
	uint64_t	 holes, healed;	/* losses that a snapshot mends; mended */
	uint64_t	 untold;
	int		 enough;	/* fn stopped it: some were not taken */
	char		 kinds[NAMES];	/* list */
	size_t		 kinds_len;
};

#define WANTS(w, k)	((w)->conf.trace.kinds >> EV_##k & 1)

static void
name_kinds(struct watch *w)
{
	uint64_t kinds = w->conf.trace.kinds | 1 << EV_source | 1 << EV_lost;
	const struct event_desc *d;
	size_t n;

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
	name_kinds(w);
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

int
watch_needs_bpf(const struct watch *w)
{
	return trace_facts(w->trace)->need_cap_bpf;
}

struct watch_sums
watch_sums(const struct watch *w)
{
	return w->sums;
}

static int
keep(struct keep *k, const void *rec, size_t size)
{
	size_t cap = k->cap;
	char *p;

	while (k->len + ALIGNED(size) > cap)
		cap = cap == 0 ? 1 << 16 : cap * 2;
	if (cap > k->cap) {
		if ((p = realloc(k->p, cap)) == NULL)
			return -1;
		k->p = p;
		k->cap = cap;
	}
	memcpy(k->p + k->len, rec, size);
	k->len += ALIGNED(size);
	return 0;
}

/* Everything goes out through here. */
static int
hand_on(void *arg, const void *rec, size_t size)
{
	const struct wire_head *h = rec;
	const struct wire_lost *lost = rec;
	struct watch *w = arg;

	switch (h->kind) {
	case EV_fork: case EV_exec: case EV_exit: case EV_reparent:
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
	return hand_on(w, buf, make_end(&m, boot_now(), buf, sizeof(buf)));
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
	make_list(m, "degraded", f->degraded, f->degraded_len);
	make_list(m, "events", w->kinds, w->kinds_len);
	make_num(m, "boot_time", 0);
	make_num(m, "ring_bytes", c->ring);
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
fill_end(struct watch *w, struct make *m)
{
	if (!w->enough)
		make_num(m, "generated", w->sums.generated);
	make_num(m, "received", w->sums.received);
	make_num(m, "lost", w->sums.lost);
}

/* A snap record at the start: is its fork told as well? */
static int
on_first_snap(void *arg, const void *rec, size_t size)
{
	const struct wire_snap *s = rec;
	struct watch *w = arg;

	if (WANTS(w, fork) && s->id_start >= w->since)
		return keep(&w->doubt, rec, size);
	return hand_on(w, rec, size);
}

static int
on_came(void *arg, const void *rec, size_t size)
{
	return keep(&((struct watch *)arg)->came, rec, size);
}

static const struct wire_head *
kept(const struct keep *k, size_t *at)
{
	const struct wire_head *h = (const void *)(k->p + *at);

	if (*at >= k->len)
		return NULL;
	*at += ALIGNED(h->size);
	return h;
}

static int
was_forked(const struct watch *w, const struct wire_snap *s)
{
	const struct wire_fork *f;
	size_t at = 0;

	while ((f = (const void *)kept(&w->came, &at)) != NULL)
		if (f->head.kind == EV_fork && f->pid == s->pid &&
		    f->id_start == s->id_start)
			return 1;
	return 0;
}

static int
synced(struct watch *w)
{
	w->snap_at = boot_now();
	return say(w, "synced", fill_synced);
}

/*
 * The processes that are alive.  The programs are attached already, so each
 * process has a snap record or a fork record, and must not have both: those
 * that began after that moment have a fork; of those that began while the
 * programs were being attached the ring tells.
 */
static int
introduce(struct watch *w)
{
	uint64_t until = WANTS(w, fork) ? boot_now() : UINT64_MAX;
	const struct wire_head *h;
	size_t at = 0;
	int rc;

	rc = trace_snap(w->trace, ++w->snaps, until, on_first_snap, w);
	if (rc == -1 && errno == ENOSYS)
		return 0;	/* the source record has said so */
	if (rc == 0)
		rc = trace_drain(w->trace, on_came, w);
	while (rc == 0 && (h = kept(&w->doubt, &at)) != NULL)
		if (!was_forked(w, (const void *)h))
			rc = hand_on(w, h, h->size);
	if (rc == 0)
		rc = synced(w);
	for (at = 0; rc == 0 && (h = kept(&w->came, &at)) != NULL; )
		rc = hand_on(w, h, h->size);
	free(w->doubt.p);
	free(w->came.p);
	w->doubt = w->came = (struct keep){ NULL, 0, 0 };
	return rc;
}

/* After a loss: who is alive, once more. */
static int
heal(struct watch *w)
{
	int rc;

	w->healed = w->holes;
	w->procs = 0;
	rc = trace_snap(w->trace, ++w->snaps, UINT64_MAX, hand_on, w);
	if (rc == -1 && errno == ENOSYS)
		return 0;
	return rc == 0 ? synced(w) : rc;
}

static int
over(const struct watch *w)
{
	return *w->conf.stop || (w->conf.duration > 0 &&
	    boot_now() >= w->begun + w->conf.duration);
}

/* Where the reader is slow, there may be more to drain for ever. */
static int
hand_on_in_time(void *arg, const void *rec, size_t size)
{
	int rc = hand_on(arg, rec, size);

	return rc != 0 ? rc : over(arg) ? OVER : 0;
}

static int
look(struct watch *w)
{
	uint64_t untold;
	int rc;

	w->looked = boot_now();
	rc = trace_drain(w->trace, hand_on_in_time, w);
	if (rc == OVER)
		return 0;	/* finish() has the rest */
	if (rc != 0 || (rc = trace_lost(w->trace, hand_on, w)) != 0)
		return rc;
	if ((untold = trace_untold(w->trace)) != w->untold) {
		w->untold = untold;
		w->holes++;
	}
	if (WANTS(w, snap) && w->holes != w->healed &&
	    w->looked - w->snap_at >= SECOND)
		return heal(w);
	return 0;
}

/* When to wake up although nothing comes; UINT64_MAX: never. */
static uint64_t
deadline(const struct watch *w)
{
	uint64_t t = UINT64_MAX;

	if (w->conf.duration > 0)
		t = w->begun + w->conf.duration;
	if (WANTS(w, snap) && w->holes != w->healed &&
	    w->snap_at + SECOND < t)
		t = w->snap_at + SECOND;
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
	if (p[1].revents & POLLERR) {
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
		if ((rc = trace_drain(w->trace, hand_on, w)) != 0 ||
		    (rc = trace_lost(w->trace, hand_on, w)) != 0)
			break;
		w->sums.generated = trace_generated(w->trace);
		if (w->sums.generated == w->sums.received + w->sums.lost)
			break;
		nap(MS);
	}
	return rc == 0 ? say(w, "end", fill_end) : rc;
}

static int
run(struct watch *w)
{
	int rc;

	w->begun = boot_now();
	if ((rc = say(w, "start", fill_start)) != 0)
		return rc;
	if (WANTS(w, snap) && (rc = introduce(w)) != 0)
		return rc;
	while (!over(w))
		if ((rc = rest(w)) != 0 || (rc = look(w)) != 0)
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
	return say(w, "end", fill_end) == -1 ? -1 : rc;
}
