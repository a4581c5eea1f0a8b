/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Any bytes at all are a line; jansson must agree. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "fuzz/oracle.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *why = oracle((const char *)data, size);

	if (why != NULL) {
		fprintf(stderr, "%s\n", why);
		abort();
	}
	return 0;
}
