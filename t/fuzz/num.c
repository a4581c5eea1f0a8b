/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Any text at all is a number or is not; a time is what it was written from. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
check_time(const char *s, size_t n)
{
	char text[NUM_TIME];
	uint64_t t, again;

	if (num_time(s, n, &t) == -1)
		return;
	num_put_time(text, t);
	if (num_time(text, NUM_TIME, &again) == -1 || again != t)
		abort();
}

static void
check_number(const char *s)
{
	char text[21];
	uint64_t v, again;

	if (num_u64(s, 0, UINT64_MAX, &v) == -1)
		return;
	text[num_put(text, v)] = '\0';
	if (num_u64(text, v, v, &again) == -1 || again != v ||
	    strcmp(text, s + strspn(s, "0") - (v == 0)) != 0)
		abort();
	/* A number without a unit is one of bytes. */
	if (num_size(s, &again) == -1 || again != v)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *s = malloc(size + 1);
	uint64_t v;

	memcpy(s, data, size);
	s[size] = '\0';
	check_time((const char *)data, size);
	check_number(s);
	num_duration(s, &v);
	num_size(s, &v);
	free(s);
	return 0;
}
