/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Any bytes at all on the wire are refused, or make a line of good JSON. */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "rec/event.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
check(const char *line, ssize_t n, const char *kind)
{
	/* As real, because jansson has no whole numbers from 2^63 on. */
	json_t *j = json_loadb(line, n, JSON_REJECT_DUPLICATES |
	    JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL);
	json_t *event = json_object_get(j, "event");

	if (event == NULL || strcmp(json_string_value(event), kind) != 0)
		abort();
	if (line[n - 1] != '\n' || memchr(line, '\n', n) != line + n - 1)
		abort();
	json_decref(j);
}

/* Lengths that chance makes never add up: make them. */
static void
fit(char *rec, size_t size)
{
	struct wire_head h;
	const struct event_desc *d;
	uint32_t len, left;

	memcpy(&h, rec, sizeof(h));
	h.kind &= 7;
	h.size = size;
	memcpy(rec, &h, sizeof(h));
	if ((d = event_desc(h.kind)) == NULL || size < d->size)
		return;
	left = size - d->size;
	for (size_t i = 0; i < d->nfields; i++) {
		if (d->fields[i].from != FROM_tail)
			continue;
		memcpy(&len, rec + d->fields[i].off, sizeof(len));
		len = left > 0 ? len % (left + 1) : 0;
		left -= len;
		memcpy(rec + d->fields[i].off, &len, sizeof(len));
	}
	h.size -= left;
	memcpy(rec, &h, sizeof(h));
}

static void
encode(const char *rec, size_t size, size_t line_max)
{
	struct event_ctx ctx = { .boot = "0123abcd", .host = "h\xff",
	    .real_ns = INT64_C(1769860800000000000), .line_max = line_max };
	char *line = malloc(line_max);
	struct wire_head h;
	ssize_t n = event_encode(&ctx, rec, size, line);

	if (n != -1) {
		memcpy(&h, rec, sizeof(h));
		if ((size_t)n > line_max)
			abort();
		check(line, n, event_desc(h.kind)->name);
	}
	free(line);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *rec = malloc(size);

	memcpy(rec, data, size);
	encode(rec, size, EVENT_LINE_MIN);
	if (size >= sizeof(struct wire_head)) {
		fit(rec, size);
		encode(rec, size, EVENT_LINE_MIN);
		encode(rec, size, EVENT_LINE_MIN * 4);
	}
	free(rec);
	return 0;
}
