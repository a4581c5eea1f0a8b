/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A queue of numbers 0 .. max-1, each at most once, smallest key first. */
#ifndef CORE_HEAP_H
#define CORE_HEAP_H

#include <stddef.h>
#include <stdint.h>

struct heap;

/* NULL, with errno, on failure. */
struct heap *heap_new(size_t max);
void heap_free(struct heap *);

/* Put n in, or move it to another key. */
void heap_set(struct heap *, uint32_t n, uint64_t key);

/* Take n out; nothing happens if it is not in. */
void heap_drop(struct heap *, uint32_t n);

/* The number with the smallest key.  The heap must not be empty. */
uint32_t heap_min(const struct heap *);

/* Its key; UINT64_MAX if the heap is empty. */
uint64_t heap_first(const struct heap *);

#endif
