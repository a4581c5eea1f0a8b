/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* bpf/wait.h: schedules whose answer is known, and at random against an oracle
 * that remembers every run. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <linux/types.h>

#include "random.h"
#include "tap.h"

typedef __u32 u32;
typedef __u64 u64;

#include "bpf/slot_map.h"

enum { PARTIES = 64 };

struct matrix {
	uint64_t ns[PARTIES][PARTIES], sampled[PARTIES];
};

static void matrix_add(struct matrix *, u32 victim, u32 culprit, u64 ns);
#define WAIT_ADD(arg, v, c, ns)	matrix_add((arg), (v), (c), (ns))
#include "bpf/wait.h"

static void
matrix_add(struct matrix *m, u32 victim, u32 culprit, u64 ns)
{
	if (culprit & WAIT_SAMPLED)
		m->sampled[victim] += ns;
	m->ns[victim][culprit & ~WAIT_SAMPLED] += ns;
}

/* As in stall.bpf.c blame(). */
static void
walk(struct wait_cpu *c, struct matrix *m, u32 victim, u64 from, u64 end)
{
	end = wait_newest(c, m, victim, from, end);
	if (end > from)
		wait_oldest(c, m, victim, from, end);
}

static uint64_t
total(const struct matrix *m, u32 victim)
{
	uint64_t sum = 0;

	for (int i = 0; i < PARTIES; i++)
		sum += m->ns[victim][i];
	return sum;
}

static void
push(struct wait_cpu *c, u64 start, u32 who)
{
	u32 was;

	wait_push(c, start, who, &was);
}

static void
test_push(void)
{
	static struct wait_cpu c;
	u32 was;

	ok(wait_push(&c, 100, 8, &was) == 0 && was == SLOT_UNKNOWN,
	    "before the first run nobody is known");
	ok(wait_push(&c, 150, 8, &was) == 0 && c.head == 1,
	    "who goes on has one run");
	ok(wait_push(&c, 170, 9, &was) == 70 && was == 8,
	    "who is followed by another ran so long");
	ok(wait_push(&c, 170, 10, &was) == 0 && was == 9 && c.head == 2 &&
	    wait_seg(&c, 0)->who == 10, "a run of no time is not remembered");
	c.switches = 1;
	ok(wait_taken(&c, 200, 12, SLOT_STEAL, &was) == 18 && was == 10 &&
	    wait_seg(&c, 0)->start == 188, "what was taken is the end of a run");
	push(&c, 200, 9);
	ok(wait_taken(&c, 210, 50, SLOT_STEAL, &was) == 0 &&
	    wait_seg(&c, 0)->start == 200,
	    "and not more than all of it");
}

static void
test_walk(void)
{
	static struct wait_cpu c;
	static struct matrix m;

	push(&c, 100, 8);
	push(&c, 150, SLOT_IDLE);
	push(&c, 180, 9);
	push(&c, 300, 8);
	walk(&c, &m, 10, 50, 320);
	ok(m.ns[10][SLOT_UNKNOWN] == 50 && m.ns[10][8] == 70 &&
	    m.ns[10][SLOT_IDLE] == 30 && m.ns[10][9] == 120,
	    "a wait is divided among those who ran");
	walk(&c, &m, 11, 160, 170);
	ok(m.ns[11][SLOT_IDLE] == 10 && total(&m, 11) == 10,
	    "a wait within one run that is over");
	walk(&c, &m, 12, 310, 320);
	ok(m.ns[12][8] == 10 && total(&m, 12) == 10, "within the one under way");
	walk(&c, &m, 13, 180, 300);
	ok(m.ns[13][9] == 120 && total(&m, 13) == 120, "exactly one run");
}

/* n runs of 10 ns from 1000 on, of two parties in turns. */
static void
turns(struct wait_cpu *c, int n)
{
	memset(c, 0, sizeof(*c));
	for (int i = 0; i < n; i++)
		push(c, 1000 + i * 10, 8 + i % 2);
}

static void
test_long(void)
{
	static struct wait_cpu c;
	static struct matrix m;

	turns(&c, WAIT_EXACT + WAIT_SAMPLES);
	walk(&c, &m, 10, 1000, 1000 + (WAIT_EXACT + WAIT_SAMPLES) * 10);
	ok(m.sampled[10] == 0 && m.ns[10][8] == m.ns[10][9] &&
	    total(&m, 10) == (WAIT_EXACT + WAIT_SAMPLES) * 10,
	    "some more than the newest are looked at each");
	turns(&c, WAIT_RING);
	walk(&c, &m, 11, 1000, 1000 + WAIT_RING * 10);
	ok(total(&m, 11) == WAIT_RING * 10 && m.ns[11][SLOT_OLDER] == 0 &&
	    m.sampled[11] == (WAIT_RING - WAIT_EXACT) * 10,
	    "of many, samples stand for all");
	turns(&c, WAIT_RING + 100);
	walk(&c, &m, 12, 1000, 1000 + (WAIT_RING + 100) * 10);
	ok(m.ns[12][SLOT_OLDER] == 100 * 10 &&
	    total(&m, 12) == (WAIT_RING + 100) * 10,
	    "what the ring has lost is older, and no less");
	walk(&c, &m, 13, 1000, 1500);
	ok(m.ns[13][SLOT_OLDER] == 500 && total(&m, 13) == 500,
	    "a wait that was over before it");
	turns(&c, WAIT_RING);
	walk(&c, &m, 14, 1100, 1205);
	ok(m.sampled[14] == 0 && total(&m, 14) == 105 &&
	    m.ns[14][8] >= 50 && m.ns[14][8] <= 55,
	    "a short wait long ago is looked at exactly");
}

static void
test_find(void)
{
	static struct wait_cpu c;
	int bad = 0;

	turns(&c, WAIT_RING);
	for (int i = 0; i < WAIT_RING; i++)
		for (int d = 0; d < 10; d += 9)
			bad += wait_find(&c, 1000 + i * 10 + d) !=
			    (u32)(WAIT_RING - 1 - i);
	ok(bad == 0, "each time is found in its run");
	ok(wait_find(&c, 10) == WAIT_RING - 1, "what is before all in the first");
}

/* A group on one processor: ran until 100, throttled until 160; who wakes up
 * meanwhile is throttled from then. */
static void
test_limit(void)
{
	struct wait_limit l = { .tag = 1, .ran = 100 };
	u64 from, to, before;

	wait_limit_see(&l, 60, 100, 170, false);
	from = 100, to = 170;
	wait_limit_part(&l, 0, &from, &to, &before);
	ok(from == 100 && to == 160 && before == 0, "from the last run on");
	from = 130, to = 175;
	wait_limit_part(&l, 0, &from, &to, &before);
	ok(from == 130 && to == 160 && before == 0, "who comes in between");
	from = 165, to = 175;
	wait_limit_part(&l, 0, &from, &to, &before);
	ok(from == to && before == 0, "who comes after it is not throttled");
	from = 50, to = 175;
	wait_limit_part(&l, 0, &from, &to, &before);
	ok(from == 100 && to == 160 && before == 0, "who waited before it");
	l.ran = 200;
	wait_limit_see(&l, 100, 200, 250, false);
	from = 50, to = 250;
	wait_limit_part(&l, 0, &from, &to, &before);
	ok(from == 200 && to == 240 && before == 60, "who slept through two");
	from = 180, to = 250;
	wait_limit_part(&l, 0, &from, &to, &before);
	ok(from == 200 && to == 240 && before == 0,
	    "what was before the wait does not count");
	from = 50, to = 250;
	wait_limit_part(&l, UINT64_MAX, &from, &to, &before);
	ok(before == 0, "nor what is not known to be of this queue");
	l.ran = 300;
	wait_limit_see(&l, 120, 320, 350, true);
	from = 320, to = 350;
	wait_limit_part(&l, 100, &from, &to, &before);
	ok(from == 320 && to == 340 && before == 0,
	    "where only waiting counts, it begins with the wait");
	l = (struct wait_limit){ .tag = 1, .total = 7 };
	wait_limit_see(&l, 17, 40, 60, false);
	from = 40, to = 60;
	wait_limit_part(&l, 7, &from, &to, &before);
	ok(from == 50 && to == 60 && before == 0,
	    "when it began is not known: the end of it");
}

/* ---- At random: processors, tasks that wait, move, are switched in. ---- */

enum { CPUS = 3, TASKS = 24, MEMORY = 1 << 16 };

struct task {
	u32	who;
	int	cpu;			/* it waits there, or runs */
	bool	waits, runs;
	u64	queued, delay, known;
	u64	deaf;			/* waits whose end was not seen, ns */
};

/* Every run that ever was, as it was and as it was seen. */
struct past {
	u64	start[MEMORY];
	u32	who[MEMORY];
	int	n;
};

struct world {
	struct wait_cpu	 cpu[CPUS];
	struct past	 truth[CPUS];
	u64		 switches[CPUS];	/* as the kernel counts */
	struct task	 task[TASKS];
	int		 running[CPUS];	/* task; -1: idle */
	u64		 now, arrival[CPUS];
	struct matrix	 found, want;
	u64		 run_delay[PARTIES];
	int		 lossy;
};

static void
truth_push(struct world *w, int cpu, u64 start, u32 who)
{
	struct past *p = &w->truth[cpu];

	if (p->n < MEMORY) {
		p->start[p->n] = start;
		p->who[p->n++] = who;
	}
}

/* Who ran, by looking at every run there was. */
static void
oracle(struct world *w, int cpu, u32 victim, u64 from, u64 end)
{
	const struct past *p = &w->truth[cpu];
	u64 a, z;

	for (int i = p->n - 1; i >= 0; i--) {
		a = p->start[i] > from ? p->start[i] : from;
		z = i + 1 < p->n && p->start[i + 1] < end ?
		    p->start[i + 1] : end;
		if (z > a)
			w->want.ns[victim][p->who[i]] += z - a;
		if (p->start[i] <= from)
			return;
	}
	z = p->n > 0 && p->start[0] < end ? p->start[0] : end;
	if (z > from)
		w->want.ns[victim][SLOT_UNKNOWN] += z - from;
}

static void
wait_over(struct world *w, struct task *t)
{
	u64 ns = w->now - t->queued;

	t->delay += ns;
	w->run_delay[t->who] += ns;
	t->waits = false;
}

/* What stall.bpf.c does at a switch that it sees. */
static void
seen_switch(struct world *w, int cpu, struct task *prev, struct task *next)
{
	struct wait_cpu *c = &w->cpu[cpu];

	if (c->switches + 1 != w->switches[cpu]) {
		if (c->switches == 0) {
			push(c, w->now, SLOT_UNKNOWN);
		} else {
			push(c, c->clock, SLOT_UNKNOWN);
			if (prev != NULL && w->arrival[cpu] > c->clock &&
			    w->arrival[cpu] < w->now)
				push(c, w->arrival[cpu], prev->who);
		}
	}
	c->switches = w->switches[cpu];
	c->clock = w->now;
	if (next != NULL) {
		u64 was = next->delay - (w->now - next->queued);

		if (was > next->known)
			matrix_add(&w->found, next->who, SLOT_UNKNOWN,
			    was - next->known);
		next->known = next->delay;
		walk(c, &w->found, next->who, next->queued, w->now);
		oracle(w, cpu, next->who, next->queued, w->now);
	}
	push(c, w->now, next != NULL ? next->who : SLOT_IDLE);
}

static void
do_switch(struct world *w, uint64_t *r, int cpu, int to)
{
	struct task *next = to >= 0 ? &w->task[to] : NULL;
	struct task *prev = w->running[cpu] >= 0 ?
	    &w->task[w->running[cpu]] : NULL;
	bool lost = w->lossy && random_below(r, 20) == 0;

	if (prev == next)
		return;
	w->switches[cpu]++;
	if (prev != NULL) {
		prev->runs = false;
		if (random_below(r, 2)) {
			prev->waits = true;
			prev->queued = w->now;
		}
	}
	if (next != NULL) {
		wait_over(w, next);
		next->runs = true;
	}
	if (!lost)
		seen_switch(w, cpu, prev, next);
	truth_push(w, cpu, w->now, next != NULL ? next->who : SLOT_IDLE);
	w->running[cpu] = to;
	w->arrival[cpu] = w->now;
}

/* As on_migrate(). */
static void
do_migrate(struct world *w, struct task *t, int to)
{
	int from = t->cpu;
	u64 ns, seen;

	if (t->waits) {
		wait_over(w, t);
		t->waits = true;
		ns = w->now - t->queued;
		if (t->delay - t->known > ns)
			matrix_add(&w->found, t->who, SLOT_UNKNOWN,
			    t->delay - t->known - ns);
		seen = wait_known(&w->cpu[from], w->switches[from], t->queued,
		    w->now);
		walk(&w->cpu[from], &w->found, t->who, t->queued, seen);
		matrix_add(&w->found, t->who, SLOT_UNKNOWN, w->now - seen);
		oracle(w, from, t->who, t->queued, w->now);
		t->known = t->delay;
		t->queued = w->now;
	}
	t->cpu = to;
}

static int
pick(struct world *w, uint64_t *r, int cpu)
{
	int at = (int)random_below(r, TASKS);

	if (random_below(r, 8) == 0)
		return -1;
	for (int i = 0; i < TASKS; i++, at = (at + 1) % TASKS)
		if (w->task[at].waits && w->task[at].cpu == cpu)
			return at;
	return -1;
}

static void
step(struct world *w, uint64_t *r)
{
	struct task *t = &w->task[random_below(r, TASKS)];
	int cpu = (int)random_below(r, CPUS);

	w->now += random_below(r, 1000);
	switch (random_below(r, 8)) {
	case 0:
		if (!t->runs)
			do_migrate(w, t, cpu);
		break;
	case 1:
	case 2:
		if (!t->runs && !t->waits) {
			t->waits = true;
			t->queued = w->now;
		}
		break;
	default:
		do_switch(w, r, cpu, pick(w, r, cpu));
	}
}

/* Whoever still waits is switched in, and seen: a quiet edge. */
static void
settle_all(struct world *w, uint64_t *r)
{
	w->lossy = 0;
	for (int i = 0; i < TASKS; i++)
		if (w->task[i].waits)
			do_switch(w, r, w->task[i].cpu, i);
	for (int i = 0; i < TASKS; i++) {
		struct task *t = &w->task[i];

		if (!t->runs && t->waits)
			do_switch(w, r, t->cpu, i);
	}
}

static struct world world;

static void
play(uint64_t *r, int lossy, int steps)
{
	struct world *w = &world;

	memset(w, 0, sizeof(*w));
	w->lossy = lossy;
	w->now = 1000000;
	for (int i = 0; i < CPUS; i++)
		w->running[i] = -1;
	for (int i = 0; i < TASKS; i++) {
		w->task[i].who = SLOT_FIRST + random_below(r, 8);
		w->task[i].cpu = (int)random_below(r, CPUS);
	}
	for (int i = 0; i < steps; i++)
		step(w, r);
	settle_all(w, r);
	/* What stayed unseen to the end comes at the next dispatch. */
	for (int i = 0; i < TASKS; i++) {
		struct task *t = &w->task[i];

		if (t->delay > t->known)
			matrix_add(&w->found, t->who, SLOT_UNKNOWN,
			    t->delay - t->known);
	}
}

static int
conserved(const struct world *w)
{
	for (int v = SLOT_FIRST; v < PARTIES; v++)
		if (total(&w->found, v) != w->run_delay[v])
			return 0;
	return 1;
}

static void
test_random(uint64_t *r)
{
	int kept = 1, same = 1, lossy = 1, blamed = 1;
	struct world *w = &world;

	for (int n = 0; n < 200; n++) {
		play(r, 0, 400);
		kept &= conserved(w);
		for (int v = 0; v < PARTIES; v++)
			if (w->found.sampled[v] == 0)
				same &= memcmp(w->found.ns[v], w->want.ns[v],
				    sizeof(w->want.ns[v])) == 0;
	}
	ok(kept, "at random: nothing of run_delay is lost");
	ok(same, "at random: what is exact is what the oracle says");
	for (int n = 0; n < 200; n++) {
		play(r, 1, 400);
		lossy &= conserved(w);
		for (int v = 0; v < PARTIES; v++)
			for (int c = SLOT_FIRST; c < PARTIES; c++)
				blamed &= w->found.ns[v][c] <=
				    w->want.ns[v][c] ||
				    w->found.sampled[v] != 0;
	}
	ok(lossy, "with lost switches: nothing is lost all the same");
	ok(blamed, "with lost switches: nobody is blamed for more");
}

/* How far samples are from the truth, with hundreds of short runs in a wait. */
static void
test_samples(uint64_t *r)
{
	static struct wait_cpu c;
	static struct matrix m;
	u64 now = 1000, start[16] = { 0 };
	uint64_t truth[PARTIES] = { 0 }, wrong = 0, all = 0;
	u32 who, len;

	memset(&m, 0, sizeof(m));
	for (int i = 0; i < 20000; i++) {
		who = SLOT_FIRST + random_below(r, 16);
		len = 100 + random_below(r, 900);
		push(&c, now, who);
		truth[who] += len;
		now += len;
		if (i % 300 == 299) {
			walk(&c, &m, 40, start[0] != 0 ? start[0] : 1000, now);
			start[0] = now;
		}
	}
	/* The last ones were in no wait. */
	push(&c, now, SLOT_IDLE);
	walk(&c, &m, 40, start[0], now);
	for (int i = SLOT_FIRST; i < SLOT_FIRST + 16; i++) {
		wrong += m.ns[40][i] > truth[i] ? m.ns[40][i] - truth[i] :
		    truth[i] - m.ns[40][i];
		all += truth[i];
	}
	printf("# by samples %.1f %% is told of another one\n",
	    50.0 * wrong / all);
	ok(total(&m, 40) == all, "by samples: nothing is lost");
	ok(wrong * 10 < all * 2, "by samples: at most a tenth is misplaced");
}

int
main(void)
{
	uint64_t r = random_seed();

	test_push();
	test_walk();
	test_find();
	test_long();
	test_limit();
	test_random(&r);
	test_samples(&r);
	return tap_done();
}
