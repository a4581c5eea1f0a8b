/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <stdio.h>

#include "host/feature.h"
#include "host/trace.h"

#include "cmd.h"
#include "probe.h"

int
probe(const char *btf)
{
	int rc = EX_LNX_OK;

	for (const struct feature *f = features(); f->name != NULL; f++) {
		char detail[TRACE_WHY] = "";
		int yes = f->probe(btf, detail, sizeof(detail));

		printf("%-8s%-13s%s%s%s%s\n", yes ? "ok" : "missing", f->name,
		    f->gives, detail[0] != '\0' ? " (" : "", detail,
		    detail[0] != '\0' ? ")" : "");
		if (!yes)
			printf("%21s%s\n", "-> ", f->fix);
		if (!yes && f->core)
			rc = EX_LNX_SYSTEM;
	}
	return rc;
}
