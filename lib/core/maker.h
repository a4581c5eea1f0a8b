/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What a process is to those that it makes. */
#ifndef CORE_MAKER_H
#define CORE_MAKER_H

#include <stddef.h>

enum maker {
	MAKER_OTHER,
	MAKER_RUNNER,		/* runs commands as somebody wrote them: a shell, make, xargs */
	MAKER_SUPERVISOR,	/* starts again what ends: init, runsv */
	MAKER_SHIM,		/* the same of what another made: of a container */
};

/* By its name, and the last part of its program's path, of that length; NULL is
 * not told. */
enum maker maker_of(const char *comm, const char *exe, size_t len);

/* It is a program that builds, or one that such a program runs to build. */
int maker_builds(const char *comm);

#endif
