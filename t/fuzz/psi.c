/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Files of pressure and of cgroups, and --trigger.  The first byte says which
 * file; what is taken must be in bounds and taken again the same way.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "host/cgstat.h"
#include "host/psi.h"
#include "rec/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
pressure(const char *text, size_t len)
{
	struct psi_text a, b;
	const char *why = NULL;

	if (psi_parse(text, len, &a, &why) == -1) {
		if (why == NULL)
			abort();
		return;
	}
	if (a.some.total_ns == WIRE_UNKNOWN_64 &&
	    a.full.total_ns == WIRE_UNKNOWN_64)
		abort();
	if ((a.some.total_ns != WIRE_UNKNOWN_64 && a.some.total_ns % 1000 != 0)
	    || psi_parse(text, len, &b, &why) == -1 ||
	    memcmp(&a, &b, sizeof(a)) != 0)
		abort();
}

static void
question(const char *text, size_t len)
{
	struct psi_ask a;
	char *s = malloc(len + 1), buf[PSI_ASK];
	const char *want = NULL;

	memcpy(s, text, len);
	s[len] = '\0';
	if (psi_ask_parse(s, &a, &want) == -1) {
		if (want == NULL)
			abort();
	} else {
		psi_ask_widen(&a);
		if (a.stall_ns > a.window_ns || psi_ask_widen(&a) != 0 ||
		    a.window_ns > UINT64_C(10000000000) ||
		    psi_ask_text(&a, buf) > sizeof(buf))
			abort();
	}
	free(s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data + 1, *why = NULL;
	struct cgstat s;

	if (size == 0)
		return 0;
	memset(&s, 0xff, sizeof(s));
	switch (*data) {
	case 'p':
		pressure(text, size - 1);
		break;
	case 't':
		question(text, size - 1);
		break;
	default:
		if (cgstat_parse(*data % CGSTAT_FILES, text, size - 1, &s,
		    &why) == -1 && why == NULL)
			abort();
	}
	return 0;
}
