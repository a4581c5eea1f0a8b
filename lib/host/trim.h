/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* event.def says of some fields that they are there "where they differ" from
 * another.  The kernel half always sends them. */
#ifndef HOST_TRIM_H
#define HOST_TRIM_H

#include <stddef.h>

/*
 * The record without what it says twice: rec itself, or a shorter copy of it in
 * buf, which has room for *size bytes and is aligned as a record.  rec must be
 * one of the kernel half.
 */
const void *trim(const void *rec, size_t *size, void *buf);

#endif
