/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef BASE_NUM_H
#define BASE_NUM_H

#include <stddef.h>
#include <stdint.h>

/*
 * Numbers as people and records write them.  All parse the whole string or
 * fail: 0, or -1 with errno EINVAL (not a number) or ERANGE.
 */

/* Decimal digits only, min <= *v <= max. */
int num_u64(const char *s, uint64_t min, uint64_t max, uint64_t *v);

/* A duration in ns: a decimal number, with or without a fraction, and
 * ns us ms s m h d; without a unit, seconds.  Parts of a ns are left out. */
int num_duration(const char *s, uint64_t *ns);

/* A size in bytes: a decimal number and B KiB MiB GiB TiB kB MB GB TB; K M G T
 * mean KiB and so on; without a unit, bytes. */
int num_size(const char *s, uint64_t *bytes);

/* The decimal digits of v at p, at most 20, no NUL.  The number of them. */
size_t num_put(char *p, uint64_t v);

/*
 * RFC 3339 in UTC with nine decimals, 30 bytes, no NUL:
 * 2026-01-31T12:00:00.123456789Z.  real_ns counts from the epoch.  num_time()
 * reads it back (any number of decimals, any offset, 1970 to 2554): 0, or -1
 * with EINVAL.
 */
enum { NUM_TIME = 30 };
void num_put_time(char *p, uint64_t real_ns);
int num_time(const char *s, size_t len, uint64_t *real_ns);

#endif
