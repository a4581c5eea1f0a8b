/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Who ran on a processor and when, and whom a wait there is due to.  Plain C:
 * the programs of stall.bpf.c and their test replay the same code.
 *
 * A task that waits from one time to another on one processor waits for those
 * who run there meanwhile.  The time is that of the run queue (rq->clock), by
 * which the kernel adds up run_delay, too: so nothing is lost to the last ns.
 *
 * Whoever includes this has u32, u64, bool and slot_map.h, and says what
 * WAIT_ADD(arg, victim, culprit, ns) does with what was found.
 */
#ifndef BPF_WAIT_H
#define BPF_WAIT_H

enum {
	WAIT_RING	= 512,		/* runs that are remembered */
	WAIT_EXACT	= 32,		/* the newest, each looked at */
	WAIT_SAMPLES	= 16,		/* of those before, if they are more */
	WAIT_STEPS	= 9,		/* 1 << WAIT_STEPS == WAIT_RING */
};

/* In the token of a culprit: its part is the result of samples. */
#define WAIT_SAMPLED	(1U << 31)

/* From start to the start of the next one, one party ran. */
struct wait_seg {
	u64	start;
	u32	who;
	u32	pad;
};

/* What one of the samples of a wait stands for. */
struct wait_sample {
	u64	ns;
	u32	who;
	u32	pad;
};

/*
 * A processor.  What was before its first run is SLOT_UNKNOWN since time 0, as
 * the memory is zero.  seg[head] goes on.  What each switch needs is in one line
 * of the cache, and a run in one.
 */
struct wait_cpu {
	u64	clock;			/* at the last switch */
	u64	switches;		/* rq->nr_switches then; 0: none seen yet */
	u64	taken;			/* rq->clock - rq->clock_task then */
	u64	irq;			/* rq->prev_irq_time then */
	u64	missed;			/* times that switches were not seen */
	u64	now;			/* a time not long ago: see stall_waiting() */
	u32	head;
	u32	found;			/* see wait_find() */
	u64	room;			/* see known_address() */
	struct wait_seg seg[WAIT_RING];
	struct wait_sample sample[WAIT_SAMPLES];
};

static inline __attribute__((always_inline)) struct wait_seg *
wait_seg(struct wait_cpu *c, u32 back)
{
	return &c->seg[(c->head - back) & (WAIT_RING - 1)];
}

/* The lesser and the greater of two, which are not 2 ** 63 apart: without a
 * branch, as the verifier would go both ways. */
static inline __attribute__((always_inline)) u64
wait_min(u64 a, u64 b)
{
	u64 less = -((a - b) >> 63);

	__asm__ volatile("" : "+r" (less));
	return b + ((a - b) & less);
}

static inline __attribute__((always_inline)) u64
wait_max(u64 a, u64 b)
{
	return a + b - wait_min(a, b);
}

/*
 * From start on who runs.  Returns the time that the one before ran, and in
 * *was who that is; 0 if it goes on.
 */
static inline __attribute__((always_inline)) u64
wait_push(struct wait_cpu *c, u64 start, u32 who, u32 *was)
{
	struct wait_seg *s = wait_seg(c, 0);
	u64 ran;

	*was = s->who;
	if (s->who == who)
		return 0;
	ran = s->start != 0 && start > s->start ? start - s->start : 0;
	/* A run of no time need not be remembered. */
	if (s->start != start) {
		c->head++;
		s = wait_seg(c, 0);
		s->start = start;
	}
	s->who = who;
	return ran;
}

/* Since the last switch seen, ns of the processor's time until now went to
 * others: where in that time is not known, so let it be the end of it. */
static inline __attribute__((always_inline)) u64
wait_taken(struct wait_cpu *c, u64 now, u64 ns, u32 who, u32 *was)
{
	u64 start = wait_seg(c, 0)->start;

	*was = 0;
	if (c->switches == 0 || start >= now)
		return 0;
	if (ns > now - start)
		ns = now - start;
	return wait_push(c, now - ns, who, was);
}

/*
 * Hand out who ran from one time to another, as far as that is among the
 * newest.  Returns the end of what is left.
 */
static inline __attribute__((always_inline)) u64
wait_newest(struct wait_cpu *c, void *arg, u32 victim, u64 from, u64 end)
{
	struct wait_seg *s;
	u64 start, at;
	u32 i;

	for (i = 0; i < WAIT_EXACT && end > from; i++) {
		s = wait_seg(c, i);
		start = s->start;
		at = start > from ? start : from;
		if (end > at) {
			WAIT_ADD(arg, victim, s->who, end - at);
			end = at;
		}
		if (start <= from)
			break;
	}
	return end;
}

/* How far back the run is that was under way at that time.  The verifier would
 * follow each answer to the end: what comes from memory it does not know. */
static inline __attribute__((always_inline)) u32
wait_find(struct wait_cpu *c, u64 at)
{
	volatile u32 *found = &c->found;
	u32 step = WAIT_RING, low, i;

	*found = 0;
	for (i = 0; i < WAIT_STEPS; i++) {
		step >>= 1;
		low = *found;
		if (wait_seg(c, low + step - 1)->start > at)
			*found = low + step;
	}
	return *found & (WAIT_RING - 1);
}

/* The one that is looked at of the i-th part of n runs, and how much of it is
 * between the times: for all of that part.  None of them is under way. */
static inline __attribute__((always_inline)) u64
wait_sample(struct wait_cpu *c, u32 first, u32 n, u32 i, u64 from, u64 end)
{
	u32 low = first + i * n / WAIT_SAMPLES;
	u32 width = first + (i + 1) * n / WAIT_SAMPLES - low;
	struct wait_sample *sample = &c->sample[i];
	struct wait_seg *s;
	u64 start, stop;

	/* Not at random, so that it can be done again; but nothing that the
	 * schedule knows of. */
	low += (((u32)(end * 0x9e3779b97f4a7c15ULL >> 32) + i * 0x9e3779b9U) *
	    (u64)width) >> 32;
	s = wait_seg(c, low);
	start = wait_max(s->start, from);
	stop = wait_min(wait_seg(c, low - 1)->start, end);
	sample->who = s->who;
	return sample->ns = (wait_max(stop, start) - start) * width;
}

/* Make the samples stand for `rest` in all. */
static inline __attribute__((always_inline)) void
wait_scale(struct wait_cpu *c, u64 all, u64 rest)
{
	/* No sample is more than all, and 2 ** 38 ns are longer than the ring
	 * goes on any processor that is busy. */
	u64 scale = all != 0 && rest >> 38 == 0 ? (rest << 24) / all : 0;
	u32 i;

	for (i = 0; i < WAIT_SAMPLES; i++)
		c->sample[i].ns = c->sample[i].ns * scale >> 24;
}

/* Hand out the samples.  Returns what is left of `rest`. */
static inline __attribute__((always_inline)) u64
wait_samples(struct wait_cpu *c, void *arg, u32 victim, u64 rest, u32 mark)
{
	u64 part;
	u32 i;

	for (i = 0; i < WAIT_SAMPLES; i++) {
		part = wait_min(c->sample[i].ns, rest);
		if (part == 0)
			continue;
		rest -= part;
		WAIT_ADD(arg, victim, c->sample[i].who | mark, part);
	}
	return rest;
}

/*
 * The same of what was before the newest: exactly if these are few runs, else
 * by samples, each for its part of the runs, and all together for the whole
 * time.  What is longer ago than the ring goes is SLOT_OLDER.
 */
static inline __attribute__((always_inline)) void
wait_oldest(struct wait_cpu *c, void *arg, u32 victim, u64 from, u64 end)
{
	u64 past = wait_seg(c, WAIT_RING - 1)->start, all = 0;
	u32 first, n, i, mark = 0;

	if (past > from) {
		if (past > end)
			past = end;
		WAIT_ADD(arg, victim, SLOT_OLDER, past - from);
		from = past;
	}
	if (end <= from)
		return;
	first = wait_find(c, end - 1);
	n = wait_find(c, from) - first + 1;
	if (n > WAIT_RING)
		n = WAIT_RING;
	for (i = 0; i < WAIT_SAMPLES; i++)
		all += wait_sample(c, first, n, i, from, end);
	if (n > WAIT_SAMPLES) {
		wait_scale(c, all, end - from);
		mark = WAIT_SAMPLED;
	}
	all = wait_samples(c, arg, victim, end - from, mark);
	if (all > 0)
		WAIT_ADD(arg, victim, SLOT_OLDER, all);
}

/* Until when it is known who ran, in the middle of a run: not beyond the last
 * switch seen if there was another since. */
static inline __attribute__((always_inline)) u64
wait_known(const struct wait_cpu *c, u64 switches, u64 from, u64 now)
{
	if (c->switches == switches)
		return now;
	return c->clock > from && c->clock < now ? c->clock : from;
}

/*
 * The quota of a task group on one processor: the kernel only counts up how
 * long it was throttled, each time that this ends.
 */
struct wait_limit {
	u64	tag;			/* see limit_tag(); 0: free */
	u64	total;			/* throttled until the last dispatch */
	u64	ran;			/* one of its tasks ran last until here */
	u64	from, to;		/* the last time that it was throttled */
	u64	past;			/* end of the time before that */
};

/*
 * A task of the group is dispatched, and has waited since from.  waiting_only:
 * the kernel counts from when a task waits (6.6), not from when it was
 * throttled.
 */
static inline __attribute__((always_inline)) void
wait_limit_see(struct wait_limit *l, u64 total, u64 from, u64 now,
    bool waiting_only)
{
	u64 ns = total - l->total, start = l->ran;

	if (ns == 0)
		return;
	if (waiting_only && from > start)
		start = from;
	if (ns > now)
		ns = now;
	if (start == 0 || start > now - ns)
		start = now - ns;
	l->past = l->to;
	l->from = start;
	l->to = start + ns;
	l->total = total;
}

/*
 * Of a wait from one time to another the part from *from to *to was the quota,
 * and *before ns before *from.  known: total when this task was last dispatched
 * from the same run queue; all ones if it was not.
 */
static inline __attribute__((always_inline)) void
wait_limit_part(const struct wait_limit *l, u64 known, u64 *from, u64 *to,
    u64 *before)
{
	u64 q = *from, end = *to, past = l->past, was;

	*from = l->from > q ? l->from : q;
	*to = l->to < end ? l->to : end;
	*before = 0;
	if (*from >= *to)
		*from = *to = end;
	/* More than the last time: all of it lies before `past`. */
	was = l->total - (l->to - l->from);
	if (past > *from)
		past = *from;
	if (known >= was || past <= q)
		return;
	*before = was - known;
	if (*before > past - q)
		*before = past - q;
}

#endif
