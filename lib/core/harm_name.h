/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What a cgroup is called among the parties of harm.h: by its path, if nothing
 * else can have the same.  For others a tag stands before it: "v1:/a" is a path
 * in the v1 hierarchy, "81:b/c" one that is cut, with the id of the cgroup,
 * "v1 81:b/c" both; ":b/c" is cut, and its id is not told.  Of whom no path is
 * told: "cgroup 81", or "?".
 */
#ifndef CORE_HARM_NAME_H
#define CORE_HARM_NAME_H

#include "rec/scan.h"

#include "core/harm.h"

enum { HARM_TAG = 25 };		/* bytes of the longest tag, with a NUL */

/* What a record says of a cgroup; those of v1 may be NULL. */
struct harm_place {
	const struct scan_val *path, *id, *path_v1, *id_v1;
};

/* Its name: where the cgroup of v2 is the root, that of the other hierarchy.
 * Cut to depth names, if that is not 0. */
void harm_name(char buf[HARM_NAME], const struct harm_place *, unsigned depth);

/* The same of a name that is not cut to depth yet. */
void harm_roll(char buf[HARM_NAME], const char *name, unsigned depth);

/* The part of a name that is a path.  tag gets the tag without its colon. */
const char *harm_path(const char *name, char tag[HARM_TAG]);

#endif
