/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A record as the rules see it: of each kind, the fields that somebody looks
 * at.  From the line they are packed to wait for their time, and judged as they
 * stand there.
 */
#ifndef CORE_RECORD_H
#define CORE_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "rec/event.h"
#include "rec/scan.h"
#include "rec/text.h"

#include "core/hold.h"
#include "core/intern.h"
#include "core/key.h"
#include "core/rule.h"
#include "core/tree.h"

struct rule;

/* ---- which fields of which kind ---- */

/* The keys that are looked up in a kind of record. */
struct kindset {
	struct scan	*scan;
	uint8_t		 at[K_MAX];		/* place, or K_NONE */
	uint8_t		 judged[K_MAX];		/* the same of those whose text is looked
						   at when judged; or njudged */
	uint8_t		 n, njudged;		/* those come first */
	uint8_t		 nested;		/* one of them may be in another */
	uint8_t		 kept;			/* somebody looks at records of this kind */
	uint16_t	 nrules;
	const struct rule *rules[RULE_MAX];
};

/* The set of a kind, 0 being any other, for those rules.  0; or -1 with errno,
 * E2BIG if it is too many fields. */
int kindset_init(struct kindset *, const struct rules *, int kind);
void kindset_free(struct kindset *);

/* Kinds by name. */
enum { KIND_NAMES = 128 };

struct kindnames {
	struct {
		const char	*name;
		uint8_t		 len, kind;
	} all[KIND_NAMES];
};

/* How many kinds there are, 0 being one. */
size_t kindnames_init(struct kindnames *);

/* The number of a kind; 0 is any that is not known. */
int kind_of(const struct kindnames *, const char *s, size_t len);

/* ---- records that wait ---- */

/* Behind it the bytes of all values that are not interned. */
struct kept {
	struct held	 held;		/* t is boot_ns */
	const struct kindset *set;
	uint64_t	 weight;	/* the heavier is judged first */
	uint64_t	 real;		/* time as num_time() tells it, or REAL_x */
	struct tree_id	 self, parent;	/* pid 0 is not told */
	uint64_t	 interned;	/* bit of a place: the value is */
	uint8_t		 kind;
	struct scan_val	 v[];		/* njudged, and one that is none */
};

#define REAL_BAD	UINT64_MAX
#define REAL_UNTOLD	(UINT64_MAX - 1)

enum { VALUE_LOOK = 4096 };	/* longer values are not looked at */

/* The minute of the last time that was read: the next is most often of the
 * same one.  Begins as zeros. */
struct minute {
	char		 text[18];	/* "2026-02-02T02:56:" */
	uint64_t	 ns;
};

/* What is wanted of the values v of a line, put to wait; long strings are
 * interned.  0, or -1 without memory. */
int record_keep(struct hold *, struct intern *, struct minute *,
    const struct kindset *, int kind, uint64_t t, const struct scan_val *v,
    const char *line, size_t len);

/* The strings are let go: when it was judged. */
void record_drop(struct intern *, const struct kept *);

/* The order of records of one moment: a hold_order. */
int record_order(const struct held *, const struct held *);

/* ---- records that are judged ---- */

enum resource { RES_CPU, RES_MEMORY, RES_IO, RES_IRQ, RES_NONE };

struct rec {
	uint64_t	 t, real;	/* as in struct kept */
	const struct kindset *set;
	uint64_t	 interned;
	uint16_t	 kind;
	uint8_t		 resource;	/* enum resource */
	struct tree_id	 self, parent, creator;	/* pid 0 is not told */
	const struct scan_val *v;
};

/* The values are those that are kept. */
void record_unpack(struct rec *, const struct kept *);

/* One that is not there is SCAN_NONE. */
static inline const struct scan_val *
rec_val(const struct rec *r, unsigned key)
{
	return &r->v[r->set->judged[key]];
}

/* Is the value of that key an interned string? */
static inline int
rec_interned(const struct rec *r, unsigned key)
{
	return r->interned >> r->set->judged[key] & 1;
}

/* The number of n <= 8 digits that end at q; what is before them, in the memory
 * of the record, is not looked at.  0, or -1 if they are none. */
static inline int
record_digits(const char *q, unsigned n, uint64_t *u)
{
	uint64_t w = text_last(text_load(q - 8), n);

	*u = text_number(w);
	return text_digits(w) ? 0 : -1;
}

static inline uint64_t
rec_num(const struct rec *r, enum key key, uint64_t unknown)
{
	const struct scan_val *v = rec_val(r, key);
	uint64_t u;

	if (v->type != SCAN_NUM)
		return unknown;
	if (v->len <= 8)
		return record_digits(v->p + v->len, v->len, &u) == 0 ? u :
		    unknown;
	return scan_u64(v, &u) == 0 ? u : unknown;
}

double rec_double(const struct rec *, enum key);	/* NAN is unknown */

/* The process that a value names; pid 0 if it is none.  1 or 0. */
int record_id(const struct scan_val *, struct tree_id *);

static inline int
rec_id(const struct rec *r, enum key key, struct tree_id *id)
{
	return record_id(rec_val(r, key), id);
}

/* Those that most detectors ask for are worked out once. */
static inline int
rec_self(const struct rec *r, struct tree_id *id)
{
	*id = r->self;
	return id->pid != 0;
}

/* Who made it, or else its parent. */
static inline int
rec_maker(const struct rec *r, struct tree_id *id)
{
	*id = r->creator.pid != 0 ? r->creator : r->parent;
	return id->pid != 0;
}

static inline int
rec_parent(const struct rec *r, struct tree_id *id)
{
	*id = r->parent;
	return id->pid != 0;
}

#endif
