/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Paths of cgroups by their ids: the kernel half tells each only once. */
#ifndef HOST_SAMPLE_PATH_H
#define HOST_SAMPLE_PATH_H

#include <stddef.h>
#include <stdint.h>

struct sample_paths;

struct sample_paths *sample_paths_new(void);
void sample_paths_free(struct sample_paths *);
void sample_paths_forget(struct sample_paths *);	/* all of them */
size_t sample_paths_count(const struct sample_paths *);

/* Remember len bytes; v1: the id is one of the v1 hierarchy.  0, or -1 with
 * errno. */
int sample_paths_put(struct sample_paths *, uint64_t id, int v1,
    const void *path, size_t len);

/* The path, which lasts until the next put; NULL if it was never told. */
const void *sample_paths_get(const struct sample_paths *, uint64_t id, int v1,
    size_t *len);

#endif
