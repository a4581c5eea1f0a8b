/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Looks at each tick of a clock, as records or as a picture. */
#include <sys/timerfd.h>

#include <err.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/out.h"
#include "host/boot.h"
#include "host/look_record.h"
#include "host/sandbox.h"

#include "bars.h"
#include "cmd.h"
#include "psi.h"
#include "screen.h"
#include "speak.h"

#define SECOND	UINT64_C(1000000000)
#define FOREVER	UINT64_MAX

void
psi_problems(struct speak_list *l, const struct psi_opts *o, struct look *look)
{
	const char *text;
	int slight;

	while ((text = look_problem(look, &slight)) != NULL) {
		speak_add(l, text);
		if (!slight || o->verbose)
			psi_say(o, text);
	}
}

/* A pattern that fits nothing is often a mistake; and cgroups may yet come. */
static void
nothing_fits(struct speak_list *list, const struct psi_opts *o, struct look *l)
{
	char text[256];
	struct look_at *a;
	const char *odd = NULL;

	if (o->nglobs == 0)
		return;
	for (size_t i = 0; i < o->nglobs; i++)
		if (strchr("/*?[", *o->glob[i]) == NULL || *o->glob[i] == '\0')
			odd = o->glob[i];
	if (odd != NULL) {
		snprintf(text, sizeof(text), "--cgroup: '%.100s' fits no "
		    "cgroup: their paths begin with /", odd);
	} else {
		for (size_t i = 1; (a = look_at(l, i)) != NULL; i++)
			if (a->cgroup->depth > 0)
				return;
		snprintf(text, sizeof(text), "--cgroup: no cgroup fits so far");
	}
	speak_add(list, text);
	psi_say(o, text);
}

static void
tell(const struct psi_opts *o, struct speak *s, struct look *l)
{
	const char *why = o->once ? "once" : "interval";
	int all = o->min == 0 && o->top == 0;
	uint64_t buf[1024];
	struct look_at *a;

	for (size_t i = 0; (a = look_at(l, i)) != NULL; i++) {
		for (int k = 0; k < PSI_RESOURCES; k++)
			if (a->told >> k & 1)
				speak_record(s, buf, look_record_psi(a, k, why,
				    buf, sizeof(buf)));
		if (a->stat.fresh && (all || a->told != 0 ||
		    a->cgroup->depth == 0))
			speak_record(s, buf, look_record_stat(a, buf,
			    sizeof(buf)));
	}
}

static void
to_out(void *out, const char *line, size_t len)
{
	out_line(out, line, len);
}

static int
draw(const struct psi_opts *o, struct out *out, struct screen *screen,
    struct look *l)
{
	struct bars b = { .utf8 = screen_utf8(), .line = to_out, .arg = out };

	if (screen != NULL) {
		b.colour = screen_colour(STDOUT_FILENO);
		b.rows = screen_rows(screen);
		b.line = screen_line;
		b.arg = screen;
	}
	if (bars_show(&b, l) == -1)
		return -1;
	if (screen != NULL)
		screen_show(screen);
	else if (!o->once)
		out_line(out, "\n", 1);
	return 0;
}

/* What a look has found, as records or as a picture. */
struct watcher {
	const struct psi_opts *o;
	struct speak	*s;
	struct out	*out;
	struct screen	*screen;
	struct look	*l;
	struct pollfd	 timer[2];	/* and the reader */
	uint64_t	 before;	/* boot_ns of the last look */
	uint64_t	 end;		/* boot_ns; FOREVER: until ^C */
	uint64_t	 looks;
};

/* One look; ticks: how many of the clock it is for.  0; or it was told why not,
 * and this is the status. */
static int
look(struct watcher *w, uint64_t ticks)
{
	static const char kinds[] = "source\0lost\0psi\0cgroup";
	const struct psi_opts *o = w->o;
	uint64_t now = boot_now();
	struct speak_list list = { .len = 0 };
	struct cgtree_news news;

	if (look_now(w->l, &news) == -1 ||
	    look_pick(w->l, o->min, o->top) == -1) {
		warn("%s", o->look.cgroups);
		return EX_LNX_SYSTEM;
	}
	psi_problems(&list, o, w->l);
	if (w->looks == 0)
		nothing_fits(&list, o, w->l);
	if (w->looks++ == 0)
		speak_start(w->s, kinds, sizeof(kinds), &list);
	else if (list.len > 0)
		speak_degraded(w->s, &list);
	/* What ends between two ticks is nobody's whole interval. */
	if (ticks > 1 && (news.uncounted || news.removed + news.unseen > 0)) {
		speak_lost(w->s, "late", news.uncounted ? WIRE_UNKNOWN_64 :
		    news.removed + news.unseen, w->before, now);
		if (o->text)
			psi_say(o, "looks were left out: cgroups that ended "
			    "meanwhile are not in the table");
	}
	w->before = now;
	if (w->looks == 1 && look_count(w->l) == 0) {
		warnx("nothing can be watched: no pressure file could be read");
		return EX_LNX_SYSTEM;
	}
	if (!o->text)
		tell(o, w->s, w->l);
	else if (draw(o, w->out, w->screen, w->l) == -1)
		err(EX_LNX_SYSTEM, NULL);
	return 0;
}

/* Until the next tick, or the end if that comes first.  1: look; 0: stop; -1 */
static int
wait_tick(struct watcher *w, uint64_t *ticks)
{
	struct timespec ts;
	uint64_t now;
	int rc;

	for (;;) {
		now = boot_now();
		if (now >= w->end) {
			if (read(w->timer[0].fd, ticks, sizeof(*ticks)) == -1)
				*ticks = 1;
			return 1;
		}
		ts.tv_sec = (w->end - now) / SECOND;
		ts.tv_nsec = (w->end - now) % SECOND;
		rc = psi_wait(w->timer, 2, w->end != FOREVER ? &ts : NULL);
		if (rc <= 0)
			return rc;
		if (read(w->timer[0].fd, ticks, sizeof(*ticks)) != -1)
			return 1;
	}
}

/* Look at each tick of the clock, and at the end. */
static int
run(struct watcher *w)
{
	const struct psi_opts *o = w->o;
	uint64_t ticks = 1;
	int rc;

	for (;;) {
		int last = boot_now() >= w->end;

		if ((rc = look(w, ticks)) != 0)
			return rc;
		/* cmd_end() tells if the output failed. */
		if (speak_flush(w->s) == -1 || out_flush(w->out) == -1 ||
		    w->looks == o->count || last)
			return EX_LNX_OK;
		if ((rc = wait_tick(w, &ticks)) <= 0)
			return rc == 0 ? EX_LNX_OK : EX_LNX_SYSTEM;
	}
}

int
psi_looks(const struct psi_opts *o, struct speak *s, struct out *out)
{
	const struct timespec t = { o->interval / SECOND, o->interval % SECOND };
	const struct itimerspec every = { t, t };
	/* From before the clock starts: the end is no later than a tick. */
	struct watcher w = { .o = o, .s = s, .out = out,
	    .end = o->duration > 0 ? boot_now() + o->duration : FOREVER,
	    .timer = { { .events = POLLIN }, psi_reader(o) } };
	int rc;

	w.timer[0].fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (w.timer[0].fd == -1 || (w.l = look_new(&o->look)) == NULL ||
	    timerfd_settime(w.timer[0].fd, 0, &every, NULL) == -1)
		err(EX_LNX_SYSTEM, NULL);
	if (o->text && o->output == NULL && screen_is(STDOUT_FILENO) &&
	    (w.screen = screen_new(STDOUT_FILENO)) == NULL)
		err(EX_LNX_SYSTEM, NULL);
	if (sandbox_enter(SANDBOX_READ | SANDBOX_LIST | SANDBOX_NOBODY) == -1)
		err(EX_LNX_SYSTEM, "giving up privileges");
	rc = run(&w);
	speak_end(s);
	screen_free(w.screen);
	look_free(w.l);
	close(w.timer[0].fd);
	return rc;
}
