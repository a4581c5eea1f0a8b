/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* From what a look at the processes finds to what they used since the last. */
#ifndef HOST_SAMPLE_DIFF_H
#define HOST_SAMPLE_DIFF_H

#include <stddef.h>
#include <stdint.h>

#include "rec/wire.h"

struct sample_diff;

/* all: tell also those that did not change.  NULL with errno. */
struct sample_diff *sample_diff_new(int all);
void sample_diff_free(struct sample_diff *);

/*
 * A look begins, at this boot_ns: who is not seen in it is forgotten in the
 * next.  True if all paths are to be told anew: too many are remembered, or
 * for so long that cgroups may have other names by now.
 */
int sample_diff_begin(struct sample_diff *, uint64_t now);

/*
 * This process was seen; its paths stand behind the struct, and line is that of
 * wchan.h; no bytes: there is none.  *rec is its sample record, which lasts until
 * the next call, or NULL if there is nothing to tell.  0, or -1 with errno.
 */
int sample_diff_seen(struct sample_diff *, const struct sample_seen *,
    const char *line, size_t len, const struct wire_sample **rec);

#endif
