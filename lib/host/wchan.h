/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* In which function of the kernel a task sleeps, as bpf/wchan.h tells it. */
#ifndef HOST_WCHAN_H
#define HOST_WCHAN_H

#include <stddef.h>

enum { WCHAN_NAME = 512 };	/* KSYM_NAME_LEN: no name is longer */

/* How much of such a line is the name of the function; 0: it has none.  The
 * kernel's %pB: "name+0x1d/0x40 [module]", or an address where it does not know. */
size_t wchan_name(const char *line, size_t len);

#endif
