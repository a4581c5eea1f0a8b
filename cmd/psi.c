/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/view.h"
#include "host/boot.h"
#include "host/look_record.h"
#include "host/sandbox.h"
#include "host/trigger.h"

#include "cmd.h"
#include "psi.h"
#include "speak.h"

#define SECOND		1000000000ULL

int
psi_wait(struct pollfd *p, size_t n, const struct timespec *ts)
{
	const struct pollfd *reader = &p[n - 1];
	sigset_t set, old;
	int rc = 0;

	/* A signal between the question and the wait must not be slept over;
	 * elsewhere it may come, so that a second one kills. */
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, &old);
	if (!cmd_stop)
		rc = ppoll(p, n, ts, &old);
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (rc == -1 && errno != EINTR) {
		warn("poll");
		return -1;
	}
	if (rc > 0 && reader->revents != 0)
		raise(SIGPIPE);
	return !cmd_stop;
}

struct pollfd
psi_reader(const struct psi_opts *o)
{
	return (struct pollfd){ .fd = o->output == NULL ? STDOUT_FILENO : -1 };
}

struct set {
	const struct psi_opts *o;
	struct speak	*s;
	struct trigger	*t;
	struct pollfd	*poll;
	size_t		 n, cap, alive;
	uint64_t	 fired;
	struct speak_list degraded;
};

void
psi_say(const struct psi_opts *o, const char *text)
{
	char plain[4096];
	int n;

	if (o->quiet)
		return;
	n = view_escape(plain, sizeof(plain), text, 0);
	warnx("%.*s", n, plain);
}

static void
say(struct set *set, const char *text)
{
	speak_add(&set->degraded, text);
	psi_say(set->o, text);
}

static void
add(struct set *set, const struct psi_ask *ask, const struct cgroup_node *n)
{
	size_t cap = set->cap > 0 ? set->cap * 2 : 16;
	char why[TRIGGER_WHY];
	int rc;

	if (set->n == set->cap) {
		set->t = reallocarray(set->t, cap, sizeof(*set->t));
		set->poll = reallocarray(set->poll, cap + 1,
		    sizeof(*set->poll));
		if (set->t == NULL || set->poll == NULL)
			err(EX_LNX_SYSTEM, NULL);
		set->cap = cap;
	}
	rc = trigger_open(&set->t[set->n], ask, set->o->look.proc,
	    set->o->look.cgroups, n, why);
	if (rc != 0)
		say(set, why);
	if (rc != -1)
		set->alive = ++set->n;
}

static void
nowhere(struct set *set, const struct psi_ask *ask)
{
	char text[TRIGGER_WHY];

	if (ask->cgroup == NULL)
		strcpy(text, "--trigger: no cgroup fits --cgroup");
	else
		snprintf(text, sizeof(text), "--trigger: %s: no such cgroup",
		    ask->cgroup);
	say(set, text);
}

/* Those of the machine, of the cgroup behind the @, or of all that fit. */
static void
add_all(struct set *set, struct cgtree *tree)
{
	const struct psi_opts *o = set->o;
	const struct cgroup_node *n;
	const struct psi_ask *ask;
	size_t found;

	for (size_t k = 0; k < o->nasks; k++) {
		ask = &o->ask[k];
		if (ask->cgroup == NULL && o->nglobs == 0) {
			add(set, ask, NULL);
			continue;
		}
		found = 0;
		for (size_t i = 0; tree != NULL && i < cgtree_count(tree);
		    i++) {
			n = cgtree_get(tree, i);
			if (ask->cgroup != NULL ?
			    strcmp(n->path, ask->cgroup) != 0 :
			    !n->wanted || n->depth == 0)
				continue;
			add(set, ask, n);
			found++;
		}
		if (found == 0)
			nowhere(set, ask);
	}
}

static void
tell(struct set *set, size_t i, const char *reason)
{
	uint64_t buf[1024];

	speak_record(set->s, buf, look_record_psi(&set->t[i].at,
	    set->t[i].ask.resource, reason, buf, sizeof(buf)));
}

static void
gone(struct set *set, size_t i)
{
	char text[TRIGGER_WHY];

	trigger_close(&set->t[i]);
	set->poll[i].fd = -1;
	set->alive--;
	set->degraded.len = set->degraded.full = 0;
	snprintf(text, sizeof(text), "%.*s: it is gone, and the trigger with it",
	    TRIGGER_WHY / 2, set->t[i].at.cgroup != NULL ?
	    set->t[i].at.cgroup->path : set->o->look.proc);
	say(set, text);
	speak_degraded(set->s, &set->degraded);
}

static void
answer(struct set *set)
{
	uint64_t now = boot_now();
	struct trigger *t;
	int hit;

	for (size_t i = 0; i < set->n; i++) {
		t = &set->t[i];
		if (t->fd == -1 || (t->every == 0 && set->poll[i].revents == 0))
			continue;
		hit = set->poll[i].revents & POLLERR ? -1 :
		    trigger_fired(t, now);
		if (hit == -1)
			gone(set, i);
		if (hit != 1)
			continue;
		tell(set, i, "trigger");
		if (++set->fired == set->o->count)
			return;
	}
}

/* Until when to wait: for triggers for ever. */
static uint64_t
next(const struct set *set, uint64_t until)
{
	for (size_t i = 0; i < set->n; i++)
		if (set->t[i].fd != -1 && set->t[i].every != 0 &&
		    set->t[i].due < until)
			until = set->t[i].due;
	return until;
}

static int
run(struct set *set, uint64_t until)
{
	uint64_t now, to;
	struct timespec ts;
	int rc;

	for (size_t i = 0; i < set->n; i++)
		set->poll[i] = (struct pollfd){ .events = POLLPRI,
		    .fd = set->t[i].every == 0 ? set->t[i].fd : -1 };
	set->poll[set->n] = psi_reader(set->o);
	while (set->alive > 0 && (set->o->count == 0 ||
	    set->fired < set->o->count)) {
		if (speak_flush(set->s) == -1)
			return EX_LNX_OK;
		if ((now = boot_now()) >= until)
			return EX_LNX_OK;
		to = next(set, until);
		to = to > now ? to - now : 0;
		ts = (struct timespec){ to / SECOND, to % SECOND };
		rc = psi_wait(set->poll, set->n + 1, to > UINT64_MAX / 2 ? NULL :
		    &ts);
		if (rc <= 0)
			return rc == 0 ? EX_LNX_OK : EX_LNX_SYSTEM;
		answer(set);
	}
	return set->alive > 0 ? EX_LNX_OK : EX_LNX_SYSTEM;
}

int
psi_triggers(const struct psi_opts *o, struct speak *s)
{
	static const char kinds[] = "source\0lost\0psi";
	struct cgtree_conf c = { .dir = o->look.cgroups, .globs = o->look.globs,
	    .depth = o->look.depth };
	struct set set = { .o = o, .s = s };
	struct cgtree *tree = NULL;
	uint64_t until = o->duration > 0 ? boot_now() + o->duration : UINT64_MAX;
	int rc = EX_LNX_SYSTEM;

	if (*c.dir != '\0')
		tree = cgtree_new(&c);
	add_all(&set, tree);
	if (sandbox_enter(SANDBOX_NOBODY) == -1)
		err(EX_LNX_SYSTEM, "giving up privileges");
	speak_start(s, kinds, sizeof(kinds), &set.degraded);
	if (set.n == 0) {
		warnx("no trigger could be set");
	} else {
		for (size_t i = 0; i < set.n; i++) {
			/* The array has moved as it grew. */
			if (set.t[i].at.cgroup != NULL)
				set.t[i].at.cgroup = &set.t[i].node;
			tell(&set, i, "start");
		}
		rc = run(&set, until);
	}
	speak_end(s);
	for (size_t i = 0; i < set.n; i++)
		trigger_close(&set.t[i]);
	free(set.t);
	free(set.poll);
	cgtree_free(tree);
	return rc;
}
