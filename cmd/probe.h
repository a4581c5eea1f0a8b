/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* lnx-trace --probe-features */
#ifndef CMD_PROBE_H
#define CMD_PROBE_H

/* Tell on standard output what the kernel can do, with
 * its types from btf if that is not NULL; the exit status. */
int probe(const char *btf);

#endif
