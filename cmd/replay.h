/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A recording of lnx-trace instead of the kernel. */
#ifndef CMD_REPLAY_H
#define CMD_REPLAY_H

#include "sink.h"

/* Open the recording, before the output is, which might be the same: it dies
 * of what is wrong. */
int replay_open(const char *path, const char *output);

/* Hand all of it to the sink; says what is wrong with it.  The status. */
int replay(struct sink *, int fd, const char *path, int strict);

#endif
