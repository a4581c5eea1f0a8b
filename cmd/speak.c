/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/out.h"
#include "rec/make.h"

#include "speak.h"

#define SECOND		1000000000ULL
#define CLOCK_STEP	100000		/* ns that the wall clock may be off */

enum { RECORD = 8192 };		/* longest of ours in wire form */

void
speak_add(struct speak_list *l, const char *text)
{
	static const char more[] = "and more";
	size_t n = strlen(text) + 1;

	if (l->full)
		return;
	if (n > sizeof(l->text) - l->len - sizeof(more)) {
		l->full = 1;
		text = more;
		n = sizeof(more);
	}
	memcpy(l->text + l->len, text, n);
	l->len += n;
}

int
speak_init(struct speak *s, const char *tool)
{
	memset(s, 0, sizeof(*s));
	s->tool = tool;
	if (boot_read(&s->boot) == -1)
		return -1;
	boot_ctx(&s->boot, &s->ctx);
	s->begun = s->anchored = boot_now();
	/* Without /proc/self/mountinfo there are no cgroups to tell of. */
	if (cgroup_host(&s->host) == -1)
		memset(&s->host, 0, sizeof(s->host));
	return 0;
}

static void
put(struct speak *s, const void *rec, size_t size)
{
	ssize_t n;
	char *line;

	if (s->out == NULL || size == 0 ||
	    (line = out_room(s->out, s->ctx.line_max)) == NULL)
		return;
	n = event_encode(&s->ctx, rec, size, line);
	out_took(s->out, n > 0 ? n : 0);
}

void
speak_record(struct speak *s, const void *rec, size_t size)
{
	put(s, rec, size);
	s->written++;
}

static void
begin(const struct speak *s, struct make *m, const char *state)
{
	make_begin(m, EV_source);
	make_text(m, "tool", s->tool);
	make_text(m, "state", state);
}

static void
finish(struct speak *s, struct make *m, uint64_t at)
{
	uint64_t buf[RECORD / 8];

	put(s, buf, make_end(m, at, buf, sizeof(buf)));
}

void
speak_start(struct speak *s, const char *events, size_t len,
    const struct speak_list *degraded)
{
	struct make m;

	begin(s, &m, "start");
	make_text(&m, "version", PACKAGE_VERSION);
	make_text(&m, "boot_id", s->boot.id);
	make_text(&m, "kernel", s->boot.uts.release);
	make_text(&m, "arch", s->boot.uts.machine);
	make_text(&m, "clock", "CLOCK_BOOTTIME");
	make_text(&m, "cgroup_mode", cgroup_mode_name(s->host.mode));
	make_list(&m, "events", events, len);
	make_list(&m, "degraded", degraded->text, degraded->len);
	make_num(&m, "boot_time", 0);
	make_num(&m, "cpus", s->boot.cpus);
	make_num(&m, "memory_total_bytes", s->boot.memory_bytes);
	/* It stands before records that were made before it was known. */
	finish(s, &m, s->begun);
}

void
speak_degraded(struct speak *s, const struct speak_list *degraded)
{
	struct make m;

	begin(s, &m, "degraded");
	make_list(&m, "degraded", degraded->text, degraded->len);
	finish(s, &m, boot_now());
}

void
speak_end(struct speak *s)
{
	struct make m;

	begin(s, &m, "end");
	make_num(&m, "received", s->written);
	make_num(&m, "lost", s->lost);
	finish(s, &m, boot_now());
}

void
speak_lost(struct speak *s, const char *source, uint64_t count, uint64_t from,
    uint64_t to)
{
	uint64_t buf[64];
	struct make m;

	make_begin(&m, EV_lost);
	make_num(&m, "count", count);
	make_text(&m, "source", source);
	make_num(&m, "from", from);
	make_num(&m, "to", to);
	put(s, buf, make_end(&m, boot_now(), buf, sizeof(buf)));
	if (count == WIRE_UNKNOWN_64)
		s->lost = count;
	else if (s->lost != WIRE_UNKNOWN_64)
		s->lost += count;
}

int
speak_flush(struct speak *s)
{
	uint64_t now = boot_now();
	int64_t off;

	if (s->out == NULL)
		return 0;
	out_flush(s->out);
	if (now - s->anchored >= SECOND) {
		s->anchored = now;
		off = boot_offset();
		if (llabs(off - s->ctx.real_ns) >= CLOCK_STEP)
			s->ctx.real_ns = off;
	}
	errno = out_error(s->out);
	return errno != 0 ? -1 : 0;
}
