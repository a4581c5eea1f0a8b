/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What several detectors share. */
#ifndef CORE_DETECT_IMPL_H
#define CORE_DETECT_IMPL_H

#include "core/detect.h"
#include "core/line.h"

/* ---- a value that must stay above a limit ---- */

#define SUSTAIN_SLACK	UINT64_C(500000000)	/* by which records may come late */
#define SUSTAIN_SILENT	UINT64_C(30000000000)	/* after that it is over */

struct sustain {
	uint64_t	since;		/* above without a break; 0 is not */
	uint64_t	last, interval;	/* of the last record */
	double		value;
};

/* The record at t tells the mean of the interval before it: if that is above, it
 * was so since the interval began. */
void sustain_put(struct sustain *, uint64_t t, uint64_t interval,
    double value, double limit);

/* The record at t tells what is so at t: nothing of the time before, but that
 * it was no other at the record before, if that is not longer ago than twice
 * the interval. */
void sustain_see(struct sustain *, uint64_t t, uint64_t interval,
    double value, double limit);

enum verdict sustain_judge(const struct sustain *, uint64_t now,
    uint64_t needed, double limit);

/* ---- rounds of samples ---- */

/* The samples of one round come one right after the other.  A process that is
 * younger than a round tells a short interval, and begins none by that.  1 if the
 * record at t is the first of a round; *last is when there was one before. */
int round_begins(uint64_t *last, uint64_t t, uint64_t interval);

/* ---- what counts most ---- */

enum { TOP = ITEMS };

/* One of these things: a process, a name, a way to end. */
struct top {
	struct tree_id	id;		/* pid 0: none */
	char		comm[24];
	uint32_t	n, more;	/* counted; and it may be so many less */
	int		status;		/* exit status, or -signal */
};

/* Count one more of it in t[TOP]; id NULL is none.  What counts most stays
 * (Metwally and others, Space-Saving). */
void top_add(struct top *t, const struct tree_id *id, const char *comm,
    int status);

/* What was counted so far counts half; or, if it is gone, not at all. */
void top_fade(struct top *t, int gone);

/* The one that counts most; its n is 0 if there is none. */
const struct top *top_first(const struct top *t);

/* As a list of the report; statuses: they are told. */
void top_tell(struct lane *, struct report *, const char *name,
    const struct top *t);
void top_tell_status(struct report *, const char *name, const struct top *t);

/* ---- how a process ended ---- */

#define ENDED_QUICK	UINT64_C(1000000000)	/* ns that an answer takes at most */

/* Exit status, or -signal. */
int ended_how(const struct rec *);
int ended_told(const struct rec *);	/* the record says how */

/* A command that a shell or the like ran failed at once, with a status that may be
 * an answer: a script asks again and again until it is yes.  Or it was sent a
 * signal: a script ends what it started. */
int ended_answer(struct lane *, const struct rec *);

/* The resource as text; NULL is none. */
const char *resource_text(enum resource);

#endif
