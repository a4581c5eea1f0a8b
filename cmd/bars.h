/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Pressure as a table with bars. */
#ifndef BARS_H
#define BARS_H

#include <stddef.h>

#include "host/look.h"

struct bars {
	size_t	 rows;		/* most lines; 0: all */
	int	 utf8, colour;	/* what the terminal can */
	void	(*line)(void *arg, const char *line, size_t len);
	void	*arg;
};

/* Those that are told, see look_pick(), the most pressed first.  0, or -1
 * without memory. */
int bars_show(const struct bars *, struct look *);

#endif
