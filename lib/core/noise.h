/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What the parts of noisy_neighbor share.  For detect_noise.c and noise_many.c
 * alone. */
#ifndef CORE_NOISE_H
#define CORE_NOISE_H

#include "core/detect_impl.h"

enum { N_STALL, N_WINDOW, N_SHARE, N_RESOURCE, N_MEDIUM, N_HIGH, N_FOR, N_TOTAL,
	N_VICTIMS };

/* Of a victim and a culprit; or of a culprit and many victims: all of those that
 * have no incident of their own. */
struct noise {
	struct wide	stall;
	double		share;		/* of the last record; many: harm_ratio */
	double		confidence;	/* the least */
	uint64_t	since;		/* above the limit without a break; 0 is not */
	uint64_t	round;		/* in which it was added to last */
	uint64_t	ns;		/* in that round; many: all that is told */
	double		squares;	/* many: of what each waited in that round */
	double		sum;		/* many: and that itself */
	double		alike;		/* many: victims in the round before */
	double		whole;		/* many: the sum when a record last came */
	double		worst;		/* many: what one waited at most in a window */
	double		psi;		/* many: psi_contribution */
	uint32_t	victims;	/* many: as the last stall_culprit told */
	uint32_t	many;		/* subject.n of the culprit and all its victims */
	char		space[2][64];	/* pods: namespaces of victim and culprit */
	uint8_t		resource, estimated, by;
	uint8_t		told;		/* many: a stall_culprit record came */
};

/* What a record adds to it: ns, and how sure that is; open: it has an incident. */
void noise_add(struct lane *, const struct rule *, struct noise *, int open,
    const struct rec *, uint64_t ns);

/* Which severity it has that one waited that part of the window, in %. */
int noise_grade(const struct rule *, double part);

void noise_name(struct party *, enum by, const char *);

/* Pods of one name in two namespaces are two: FNV-1a of the namespace in that field,
 * after h, which is NOISE_SPACE for the first. */
#define NOISE_SPACE	2166136261u
uint32_t noise_space(const struct rec *, enum key, uint32_t h);

/* Who else may be the culprit of a resource that the rule looks at.  RES_NONE:
 * the record is not about that. */
enum resource noise_resource(const struct rule *, const struct rec *);

/* ---- one culprit, many victims: by = culprit ---- */

/* A stall record counts for the culprit of the pair, too. */
void noise_many_feed(struct lane *, const struct rule *, const struct rec *,
    struct group *pair);

/* A stall_culprit record: its sum has what no stall record tells. */
void noise_many_told(struct lane *, const struct rule *, const struct rec *);

/* What the pair does is told, or about to be, with what its culprit does to all. */
int noise_many_takes(struct lane *, const struct group *pair);

enum verdict noise_many_judge(struct lane *, struct group *);
int noise_many_severity(const struct group *);
void noise_many_tell(struct lane *, struct group *, struct report *);

#endif
