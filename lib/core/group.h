/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef CORE_GROUP_H
#define CORE_GROUP_H

#include "core/detect.h"

/* An open incident is looked at each so many ns of stream time. */
#define GROUP_LOOK	UINT64_C(1000000000)

/* 0, or -1 with errno; either way groups_free() it. */
int groups_init(struct groups *, size_t max);
void groups_free(struct groups *);

#endif
