/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A line that is a record is the same record after going there and back. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "rec/event.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char line[2][EVENT_LINE_MAX];
	struct event_ctx ctx = { .line_max = EVENT_LINE_MAX };
	size_t cap = size + 4096;
	char *rec = malloc(cap), *small;
	ssize_t n, m;

	n = event_decode(&ctx, (const char *)data, size, rec, cap);
	if (n != -1) {
		small = malloc(n);		/* to see reads past the end */
		memcpy(small, rec, n);
		m = event_encode(&ctx, small, n, line[0]);
		free(small);
		if (m == -1)
			abort();
		/* It may not be the same line, but it is its own likeness. */
		n = event_decode(&ctx, line[0], m, rec, cap);
		if (n == -1 || event_encode(&ctx, rec, n, line[1]) != m ||
		    memcmp(line[0], line[1], m) != 0)
			abort();
	}
	free(rec);
	return 0;
}
