/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * bpf/service.h on devices that are made up, where the truth is known: the same
 * requests once more without the others.
 */
#include <stdint.h>
#include <string.h>

#include "rec/wire.h"
#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif
#include "bpf/service.h"
#include "tap.h"

#define US	1000ULL
#define MS	(1000 * US)

enum { CLIENTS = 8, OWNERS = 4, CHANNELS = 16, DEVICES = 2, BASES = 64 };

/* Makes one request after the other. */
struct client {
	uint32_t	 owner;
	int		 device, write;
	uint32_t	 bytes;
	uint64_t	 service;	/* ns that the device is busy with one */
	uint64_t	 think;		/* from the end of one to the next */
	uint64_t	 from, to;	/* when it makes requests */
	/* State. */
	uint64_t	 start, issued, end;	/* of its request */
	int		 waits;		/* it has one */
	uint64_t	 next;
};

/* What became of the requests of an owner that are judged. */
struct sums {
	uint64_t	n, latency, base, unknown, foreign, blame;
	uint64_t	by[OWNERS];
};

struct sim {
	struct client	 c[CLIENTS];
	int		 nclient, width;	/* requests served at once */
	uint64_t	 jitter;		/* of a service time, at most */
	uint64_t	 judge;			/* from then on sums are kept */
	uint64_t	 seed, now;
	struct service_dev dev[DEVICES];
	uint64_t	 base[DEVICES][OWNERS][SERVICE_CLASSES];
	struct sums	 sums[OWNERS];
};

static uint64_t
below(struct sim *s, uint64_t n)
{
	s->seed ^= s->seed >> 12;
	s->seed ^= s->seed << 25;
	s->seed ^= s->seed >> 27;
	return n == 0 ? 0 : s->seed * 2685821657736338717ULL % n;
}

/* As bpf/iomem.bpf.c does it. */
static void
completed(struct sim *s, struct client *c)
{
	struct service_done r = { c->start, c->issued, s->now, c->owner,
	    service_class(c->write, c->bytes), 0 }, solo;
	struct service_dev *d = &s->dev[c->device];
	uint64_t foreign = service_foreign(d, r.owner, r.start, r.end);
	uint64_t *base = s->base[c->device][r.owner], ratio, part;
	struct sums *m = &s->sums[r.owner];
	struct service_segment *seg;

	if (service_put(d, &r, foreign, &solo)) {
		uint64_t *b = &s->base[c->device][solo.owner][solo.class];

		*b = service_learn(*b, solo.end - solo.start);
	}
	if (s->now < s->judge)
		return;
	m->n++;
	m->latency += r.end - r.start;
	if (base[r.class] == 0) {
		m->unknown += r.end - r.start;
		return;
	}
	m->base += base[r.class];
	m->foreign += foreign;
	uint64_t blame = service_blame(r.end - r.start, base[r.class], foreign);

	m->blame += blame;
	ratio = service_ratio(blame, foreign);
	for (uint32_t i = 0, head = d->head; i < SERVICE_RING; i++) {
		seg = service_back(d, head, i);
		if (seg->to <= r.start)
			break;
		part = service_part(service_overlap(seg, r.start, r.end), ratio);
		if (seg->owner != r.owner)
			m->by[seg->owner] += part;
	}
}

static int
busy(const struct sim *s, int device)
{
	int n = 0;

	for (int i = 0; i < s->nclient; i++)
		n += s->c[i].waits && s->c[i].issued != 0 &&
		    s->c[i].device == device;
	return n;
}

/* First come, first served. */
static void
serve(struct sim *s)
{
	for (int dev = 0; dev < DEVICES; dev++)
		while (busy(s, dev) < s->width) {
			struct client *first = NULL;

			for (int i = 0; i < s->nclient; i++) {
				struct client *c = &s->c[i];

				if (c->waits && c->issued == 0 &&
				    c->device == dev && (first == NULL ||
				    c->start < first->start))
					first = c;
			}
			if (first == NULL)
				break;
			first->issued = s->now;
			first->end = s->now + first->service +
			    below(s, s->jitter);
		}
}

static void
run(struct sim *s, uint64_t until)
{
	for (int i = 0; i < s->nclient; i++)
		s->c[i].next = s->c[i].from + MS;	/* 0 is no time */
	for (;;) {
		uint64_t at = UINT64_MAX;
		struct client *c = NULL;

		for (int i = 0; i < s->nclient; i++) {
			struct client *x = &s->c[i];
			uint64_t t = !x->waits ? x->next :
			    x->issued != 0 ? x->end : UINT64_MAX;

			if (t < at) {
				at = t;
				c = x;
			}
		}
		if (c == NULL || at >= until)
			return;
		s->now = at;
		if (c->waits) {
			completed(s, c);
			c->waits = 0;
			c->issued = 0;
			c->next = s->now + c->think;
			if (c->next >= c->to)
				c->next = UINT64_MAX;
		} else {
			c->waits = 1;
			c->start = s->now;
		}
		serve(s);
	}
}

/*
 * What the n requests of owner 0 would have taken alone: the truth is what they
 * took more.
 */
static int64_t
truth(const struct sim *with, const struct sim *fresh, uint64_t until)
{
	struct sim *alone = malloc(sizeof(*alone));
	uint64_t each;
	int64_t r;

	*alone = *fresh;
	for (int i = 0; i < alone->nclient; i++)
		if (alone->c[i].owner != 0)
			alone->c[i].from = UINT64_MAX - MS;
	run(alone, until);
	each = alone->sums[0].latency / alone->sums[0].n;
	r = (int64_t)(with->sums[0].latency - each * with->sums[0].n);
	free(alone);
	return r;
}

/* a victim, and n others from 200 ms on; judged from 300 ms to 2 s. */
static struct sim *
scene(int width, uint64_t jitter, int n, const struct client *other)
{
	struct sim *s = calloc(1, sizeof(*s));

	s->width = width;
	s->jitter = jitter;
	s->seed = 42;
	s->judge = 300 * MS;
	s->c[0] = (struct client){ .owner = 0, .bytes = 4096,
	    .service = 100 * US, .think = 50 * US, .to = UINT64_MAX };
	s->nclient = 1;
	for (int i = 0; i < n; i++) {
		s->c[s->nclient] = *other;
		s->c[s->nclient].from += 200 * MS + (uint64_t)i * 37 * US;
		s->c[s->nclient].to = UINT64_MAX;
		s->nclient++;
	}
	return s;
}

static const uint64_t UNTIL = 2000 * MS;

static double
off(int64_t said, int64_t true)
{
	return true == 0 ? said == 0 ? 0 : 9 :
	    (double)(said - true) / (double)true;
}

static void
saturated(const char *name, int writers, uint64_t service, uint64_t jitter)
{
	struct client w = { .owner = 1, .write = 1, .bytes = 1 << 20,
	    .service = service };
	struct sim *s = scene(1, jitter, writers, &w), *fresh = malloc(sizeof(*s));
	struct sums *v = &s->sums[0];
	int64_t t;
	double e;

	*fresh = *s;
	run(s, UNTIL);
	t = truth(s, fresh, UNTIL);
	e = off((int64_t)v->by[1], t);
	printf("# %s: %llu requests, %.1f times as slow, truth %.3f ms, %+.2f %%\n",
	    name, (unsigned long long)v->n, (double)v->latency / (double)v->base,
	    (double)t / 1e6, 100 * e);
	ok(v->n > 100 && v->latency >= 2 * v->base,
	    "%s: the victim is slowed down", name);
	ok(e > -0.02 && e < 0.02, "%s: the culprit is told within 2 %%", name);
	ok(v->by[0] == 0 && v->by[2] == 0 && v->by[3] == 0,
	    "%s: and nobody else", name);
	ok(v->blame <= v->foreign && v->blame * 10 >= v->foreign * 9,
	    "%s: lateness and service of others agree", name);
	free(s);
	free(fresh);
}

/* Many things at once, and room for all. */
static void
unsaturated(void)
{
	struct client w = { .owner = 1, .write = 1, .bytes = 128 << 10,
	    .service = 300 * US };
	struct sim *s = scene(CHANNELS, 20 * US, 3, &w), *fresh = malloc(sizeof(*s));
	struct sums *v = &s->sums[0];
	int64_t t;

	*fresh = *s;
	run(s, UNTIL);
	t = truth(s, fresh, UNTIL);
	printf("# unsaturated: truth %.3f ms of %.3f ms, said %.3f ms of %.3f ms\n",
	    (double)t / 1e6, (double)v->latency / 1e6, (double)v->by[1] / 1e6,
	    (double)v->foreign / 1e6);
	ok(v->n > 1000 && v->latency < 2 * v->base,
	    "unsaturated: the victim is not twice as slow, so nobody is named");
	ok(v->blame * 4 < v->foreign,
	    "unsaturated: lateness and service of others do not agree");
	free(s);
	free(fresh);
}

/* Slowed down, but by a device that does four things at once. */
static void
half_saturated(void)
{
	struct client w = { .owner = 1, .write = 1, .bytes = 1 << 20,
	    .service = 1000 * US };
	struct sim *s = scene(4, 0, 6, &w), *fresh = malloc(sizeof(*s));
	struct sums *v = &s->sums[0];
	int64_t t;

	*fresh = *s;
	run(s, UNTIL);
	t = truth(s, fresh, UNTIL);
	printf("# four at once, seven want it: truth %.3f ms, said %.3f ms, %+.2f %%; agreement %.2f\n",
	    (double)t / 1e6, (double)v->by[1] / 1e6,
	    100 * off((int64_t)v->by[1], t),
	    (double)v->blame / (double)v->foreign);
	ok(v->latency >= 2 * v->base, "four at once: the victim is slowed down");
	ok(off((int64_t)v->by[1], t) > -0.1 && off((int64_t)v->by[1], t) < 0.1,
	    "four at once: the culprit is told within 10 %%");
	free(s);
	free(fresh);
}

static void
innocents(void)
{
	struct client w = { .owner = 1, .write = 1, .bytes = 1 << 20,
	    .service = 1 * MS };
	struct sim *s = scene(1, 30 * US, 4, &w);
	struct sums *v = &s->sums[0];
	uint64_t ran;

	/* On the same device: a small request now and then. */
	s->c[s->nclient++] = (struct client){ .owner = 2, .bytes = 4096,
	    .service = 100 * US, .think = 10 * MS, .from = 200 * MS,
	    .to = UINT64_MAX };
	/* On the other, and busy there. */
	s->c[s->nclient++] = (struct client){ .owner = 3, .device = 1,
	    .write = 1, .bytes = 1 << 20, .service = 1 * MS, .to = UINT64_MAX };
	run(s, UNTIL);
	ran = s->sums[2].n * 115 * US;
	printf("# culprit %.3f ms, same device %.3f ms of the %.3f ms that it had, other device %llu ns\n",
	    (double)v->by[1] / 1e6, (double)v->by[2] / 1e6, (double)ran / 1e6,
	    (unsigned long long)v->by[3]);
	ok(v->by[3] == 0, "innocent on another device: exactly 0");
	ok(s->sums[3].by[0] + s->sums[3].by[1] + s->sums[3].by[2] == 0,
	    "and it is slowed down by nobody");
	ok(v->by[2] > 0 && v->by[2] <= ran + ran / 10,
	    "innocent on the same device: not more than it had of it");
	ok(v->by[1] > 50 * v->by[2], "innocent on the same device: a small share");
	ok(v->by[1] + v->by[2] <= v->blame &&
	    v->blame - v->by[1] - v->by[2] < v->n * SERVICE_RING,
	    "the parts add up to the blame, but for what rounding leaves");
	free(s);
}

/* Two threads of one owner are in each other's way, not in a stranger's. */
static void
own_queue(void)
{
	struct client w = { .owner = 0, .write = 1, .bytes = 1 << 20,
	    .service = 1 * MS };
	struct sim *s = scene(1, 0, 3, &w);
	struct sums *v = &s->sums[0];

	run(s, UNTIL);
	ok(v->foreign == 0 && v->blame == 0, "own requests blame nobody");
	free(s);
}

static void
baselines(void)
{
	struct client w = { .owner = 1, .write = 1, .bytes = 1 << 20,
	    .service = 2 * MS };
	struct sim *s = scene(1, 0, 2, &w);
	uint64_t b;

	run(s, UNTIL);
	b = s->base[0][0][service_class(0, 4096)];
	ok(b >= 99 * US && b <= 103 * US,
	    "the baseline is that of the time alone, also 1.8 s later: %llu ns",
	    (unsigned long long)b);
	free(s);

	s = scene(1, 0, 2, &w);
	s->c[1].from = s->c[2].from = 0;	/* never alone */
	run(s, UNTIL);
	ok(s->sums[0].unknown == s->sums[0].latency && s->sums[0].blame == 0,
	    "who was never alone has no baseline, and blames nobody");
	free(s);
}

/* A ring that does not reach back to the start: less is told, never more. */
static void
long_lives(void)
{
	struct service_dev d;
	struct service_done r = { 0 }, solo;
	uint64_t now = 1000 * MS, got;

	memset(&d, 0, sizeof(d));
	for (int i = 0; i < 1000; i++) {
		r.start = r.issued = now;
		r.end = now += 1 * MS;
		r.owner = 1 + i % 2;	/* so that they do not merge */
		service_put(&d, &r, 1, &solo);
	}
	got = service_foreign(&d, 0, 1000 * MS, now);
	ok(got == SERVICE_RING * MS, "as far back as the ring goes");
	ok(service_foreign(&d, 1, now - 10 * MS, now) == 5 * MS,
	    "every other segment is foreign");
	ok(service_foreign(&d, 0, now, now + MS) == 0, "none after the last");
}

static void
arithmetic(void)
{
	ok(service_class(0, 4096) == 0 && service_class(1, 4096) == SERVICE_SIZES &&
	    service_class(1, 1 << 30) == SERVICE_CLASSES - 1 &&
	    service_class(0, 8193) == 1, "classes");
	ok(service_blame(10, 20, 5) == 0 && service_blame(30, 20, 5) == 5 &&
	    service_blame(30, 20, 50) == 10, "blame is at most both");
	ok(service_ratio(0, 0) == 0 && service_part(1000 * MS,
	    service_ratio(1, 1)) == 1000 * MS, "ratio of all is all");
	ok(service_part(3600 * 1000 * MS, service_ratio(1800 * 1000 * MS,
	    3600 * 1000 * MS)) == 1800 * 1000 * MS, "an hour does not overflow");
	ok(service_learn(0, 7) == 7 && service_learn(3200, 6400) == 3300,
	    "a baseline begins at once and moves slowly");
}

int
main(void)
{
	saturated("four writers", 4, 1 * MS, 30 * US);
	saturated("one writer", 1, 1 * MS, 30 * US);
	saturated("one slow writer", 1, 8 * MS, 0);
	unsaturated();
	half_saturated();
	innocents();
	own_queue();
	baselines();
	long_lives();
	arithmetic();
	return tap_done();
}
