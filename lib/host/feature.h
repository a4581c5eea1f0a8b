/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What this kernel can do for lnx, found by trying. */
#ifndef HOST_FEATURE_H
#define HOST_FEATURE_H

#include <stddef.h>

struct feature {
	const char	*name;
	const char	*gives;		/* what lnx has from it */
	const char	*fix;		/* what to do where it is missing */
	int		 core;		/* nothing works without */
	/* 1: it has, 0: it has not; btf: as in struct trace_conf */
	int		 (*probe)(const char *btf, char *detail, size_t n);
};

/* The table, ended by a NULL name. */
const struct feature *features(void);

#endif
