/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/boot.h"
#include "host/trace.h"
#include "rec/wirefile.h"

#include "sink.h"

#define SECOND		1000000000ULL
#define CLOCK_STEP	100000		/* ns that the wall clock may be off */

/* In a recording records stand one behind the other, not aligned. */
int
sink_kind(const void *rec)
{
	struct wire_head h;

	memcpy(&h, rec, sizeof(h));
	return h.kind;
}

int
sink_put(void *arg, const void *rec, size_t size)
{
	int kind = sink_kind(rec);
	struct sink *s = arg;
	ssize_t n = 0;
	char *line;

	if (kind < EV_max && !(s->kinds >> kind & 1))
		return 0;
	if (s->raw) {
		out_line(s->out, rec, size);
	} else {
		if ((line = out_room(s->out, s->ctx.line_max)) == NULL)
			return -1;
		n = event_encode(&s->ctx, rec, size, line);
		out_took(s->out, n > 0 ? n : 0);
		s->bad += n == -1;
	}
	s->written += n >= 0;
	s->lost |= kind == EV_lost;
	if ((errno = out_error(s->out)) != 0)
		return -1;
	return kind != EV_source && kind != EV_lost && --s->left == 0;
}

void
sink_idle(void *arg)
{
	struct wirefile_clock c;
	struct sink *s = arg;
	uint64_t now = boot_now();
	int64_t off;

	out_flush(s->out);
	if (now - s->anchored < SECOND)
		return;
	s->anchored = now;
	off = boot_offset();
	if (llabs(off - s->ctx.real_ns) < CLOCK_STEP)
		return;
	s->ctx.real_ns = off;
	if (!s->raw)
		return;
	wirefile_clock(&c, &s->ctx);
	out_line(s->out, (char *)&c, sizeof(c));
}

/* Longer arguments need longer lines, which a sole writer may write. */
void
sink_argv_max(struct sink *s, uint32_t argv_max)
{
	s->ctx.line_max = argv_max > TRACE_ARGV ?
	    EVENT_LINE_MAX : EVENT_LINE_MIN;
}
