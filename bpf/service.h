/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Who had a disk while somebody waited for it: an estimate, from completions
 * alone.  Shared by the kernel half and its replay in t/unit; whoever includes
 * it has __u64 and __always_inline already.
 *
 * A device is taken for a server that does one thing at a time.  From one
 * completion to the next it worked for the owner of the second: a segment.  A
 * request was late by what it took longer than requests of its kind take when
 * nobody else is there, and for that the others answer who had a segment in its
 * lifetime, each by the length of it; all together never for more than that
 * length, since a longer delay had another cause.
 *
 * Exact for a device that is busy and serves in order.  One that does many
 * things at once is late by less than its segments say: the two are told side
 * by side, and how well they agree is what the estimate is worth.
 */
#ifndef BPF_SERVICE_H
#define BPF_SERVICE_H

enum {
	SERVICE_RING	= 128,		/* segments remembered; a power of two */
	SERVICE_LEARN	= 5,		/* baseline: 1/32 of each new latency */
	SERVICE_FRACTION = 20,		/* bits of a ratio, see service_ratio() */
	SERVICE_SIZES	= 5,
	SERVICE_CLASSES	= 2 * SERVICE_SIZES,
};

#define SERVICE_NOBODY	0xffffffffffffffffULL	/* owner that is not known */

struct service_segment {
	__u64	from, to;
	__u64	owner;
};

/* A request that is done.  Times of one clock, in ns. */
struct service_done {
	__u64	start;		/* the request was made */
	__u64	issued;		/* it was given to the device */
	__u64	end;
	__u64	owner;
	__u32	class;		/* service_class() */
	__u32	pad;
};

struct service_dev {
	__u64	last;		/* end of the last segment */
	__u32	head;		/* index of the newest, free running */
	__u32	alone;		/* whether latest may turn out a solo, see below */
	struct service_done latest;
	struct service_segment ring[SERVICE_RING];
};

/* Requests that take alike: by direction and size. */
static __always_inline __u32
service_class(int write, __u32 bytes)
{
	__u32 size = (bytes > 8 << 10) + (bytes > 32 << 10) +
	    (bytes > 128 << 10) + (bytes > 512 << 10);

	return (write ? SERVICE_SIZES : 0) + size;
}

/* How much of a segment lies in a lifetime. */
static __always_inline __u64
service_overlap(const struct service_segment *s, __u64 from, __u64 to)
{
	__u64 a = s->from > from ? s->from : from;
	__u64 b = s->to < to ? s->to : to;

	return b > a ? b - a : 0;
}

/* The segment i steps before the newest. */
static __always_inline struct service_segment *
service_back(struct service_dev *d, __u32 head, __u32 i)
{
	return &d->ring[(head - i) & (SERVICE_RING - 1)];
}

/* How long the device worked for others than owner in that time. */
static __always_inline __u64
service_foreign(struct service_dev *d, __u64 owner, __u64 from, __u64 to)
{
	struct service_segment *s;
	__u32 head = d->head;
	__u64 sum = 0;

	for (__u32 i = 0; i < SERVICE_RING; i++) {
		s = service_back(d, head, i);
		if (s->to <= from)
			break;
		if (s->owner != owner)
			sum += service_overlap(s, from, to);
	}
	return sum;
}

/*
 * Remember a request.  Returns whether *solo is one that had the device to
 * itself: nobody else was served in its lifetime, and what was done next, this
 * request, is of the same owner or was made later.  To be called by one at a
 * time; foreign as of service_foreign() for this request.
 */
static __always_inline int
service_put(struct service_dev *d, const struct service_done *r, __u64 foreign,
    struct service_done *solo)
{
	__u64 from = r->issued > d->last ? r->issued : d->last;
	struct service_segment *s = &d->ring[d->head & (SERVICE_RING - 1)];
	int was = d->alone && (d->latest.owner == r->owner ||
	    r->start >= d->latest.end);

	*solo = d->latest;
	d->latest = *r;
	d->alone = foreign == 0 && r->owner != SERVICE_NOBODY;
	if (r->end <= from)
		return was;
	if (s->owner == r->owner && s->to == from) {
		s->to = r->end;
	} else {
		d->head++;
		s = &d->ring[d->head & (SERVICE_RING - 1)];
		s->from = from;
		s->to = r->end;
		s->owner = r->owner;
	}
	d->last = r->end;
	return was;
}

/* The baseline after one more solo latency; 0: there was none. */
static __always_inline __u64
service_learn(__u64 base, __u64 latency)
{
	if (base == 0)
		return latency;
	return base - (base >> SERVICE_LEARN) + (latency >> SERVICE_LEARN);
}

/* What others answer for, of a request that took that long. */
static __always_inline __u64
service_blame(__u64 latency, __u64 base, __u64 foreign)
{
	__u64 late = latency > base ? latency - base : 0;

	return late < foreign ? late : foreign;
}

/* blame / foreign as a number of SERVICE_FRACTION bits: at most 1. */
static __always_inline __u64
service_ratio(__u64 blame, __u64 foreign)
{
	return foreign ? (blame << SERVICE_FRACTION) / foreign : 0;
}

static __always_inline __u64
service_part(__u64 overlap, __u64 ratio)
{
	return (overlap * ratio) >> SERVICE_FRACTION;
}

#endif
