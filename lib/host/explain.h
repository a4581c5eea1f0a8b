/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef HOST_EXPLAIN_H
#define HOST_EXPLAIN_H

#include "host/trace.h"

/*
 * Why the programs could not be loaded, in one sentence that says what to do:
 * err is errno of the load, release that of uname(2), conf as it was tried.
 */
void explain_load(char why[TRACE_WHY], int err, const char *release,
    const struct trace_conf *conf);

/* True for kernels before 5.8, which have no BPF ring buffer. */
int explain_too_old(const char *release);

#endif
