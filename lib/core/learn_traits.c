/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What a process is called, runs, and belongs to. */
#include <stdlib.h>
#include <string.h>

#include "rec/event.h"

#include "core/harm_name.h"
#include "core/learn.h"

/* The bytes of a string, at most max - 1 and none after a NUL; buf has room
 * for max. */
static const char *
text(const struct scan_val *v, char *buf, size_t max, size_t *len)
{
	if (!v->escaped && v->len < max) {
		*len = v->len;
		return v->p;
	}
	scan_str(v, buf, max);
	*len = strlen(buf);
	return buf;
}

/* Of two records of one time the greater value counts: so the result does not
 * depend on their order. */
static int
newer(const char *s, size_t len, uint64_t ns, const char *old, uint64_t old_ns)
{
	if (ns != old_ns || old == NULL)
		return ns >= old_ns;
	return strncmp(s, old, len) > 0;
}

static void
set_str(struct tree *t, const char **at, uint64_t *at_ns, const char *s,
    size_t len, uint64_t ns)
{
	const char *old = *at, *new;

	if (!newer(s, len, ns, old, *at_ns))
		return;
	*at_ns = ns;
	if (old != NULL && strncmp(old, s, len) == 0 && old[len] == '\0')
		return;
	if ((new = intern_get(t->t.strings, s, len)) == NULL) {
		t->nomem = 1;
		return;
	}
	intern_put(t->t.strings, old);
	*at = new;
}

static void
comm(struct tree *t, struct node *n, uint64_t ns)
{
	const char *old = n->p.comm, *s;
	char buf[TREE_COMM];
	size_t len;

	if (t->v[K_comm].type != SCAN_STR)
		return;
	s = text(&t->v[K_comm], buf, sizeof(buf), &len);
	set_str(t, &n->p.comm, &n->comm_ns, s, len, ns);
	if (n->p.comm != old) {
		free(n->told);
		n->told = NULL;
	}
}

static void
cgroup(struct tree *t, struct node *n, const struct node *like, uint64_t ns)
{
	const struct scan_val *v = &t->v[K_cgroup];
	char buf[TREE_CGROUP];
	const char *s;
	size_t len;

	if (v->type != SCAN_STR)
		return;
	s = text(v, buf, sizeof(buf), &len);
	/* Most processes stay where their parent is: no need to look it up. */
	if (n->p.cgroup == NULL && like != NULL && like->p.cgroup != NULL &&
	    strncmp(like->p.cgroup, s, len) == 0 && like->p.cgroup[len] == '\0') {
		n->p.cgroup = intern_hold(like->p.cgroup);
		n->cgroup_ns = ns;
		return;
	}
	set_str(t, &n->p.cgroup, &n->cgroup_ns, s, len, ns);
}

/* Where its stall is told: the path in the v2 hierarchy, or, where that is the
 * root, the one in the other. */
static void
place(struct tree *t, struct node *n, const struct node *like, uint64_t ns)
{
	const struct harm_place p = { &t->v[K_cgroup], &t->v[K_cgroup_id],
	    &t->v[K_cgroup_v1], &t->v[K_cgroup_v1_id] };
	const char *s = p.path->p;
	size_t len = p.path->len;
	char buf[HARM_NAME];

	if (p.path->type != SCAN_STR && p.path_v1->type != SCAN_STR)
		return;
	/* A name that is the path as it stands needs no copy. */
	if (p.path->type != SCAN_STR || p.path->escaped || len < 2 ||
	    *s != '/' || len >= HARM_NAME - HARM_TAG) {
		harm_name(buf, &p, 0);
		s = buf;
		len = strlen(buf);
	}
	if (n->p.place == NULL && like != NULL && like->p.place != NULL &&
	    strncmp(like->p.place, s, len) == 0 && like->p.place[len] == '\0') {
		n->p.place = intern_hold(like->p.place);
		n->place_ns = ns;
		return;
	}
	set_str(t, &n->p.place, &n->place_ns, s, len, ns);
}

static void
uid(struct tree *t, struct node *n, uint64_t ns)
{
	uint64_t u = learn_num(t, K_uid, UINT32_MAX);

	if (u >= UINT32_MAX || ns < n->uid_ns ||
	    (ns == n->uid_ns && n->p.uid != UINT32_MAX && u <= n->p.uid))
		return;
	n->p.uid = u;
	n->uid_ns = ns;
}

/* The arguments, joined and cut; the length. */
static size_t
join(const struct tree *t, char *buf, size_t max)
{
	const struct scan_val *v = &t->v[K_argv];
	struct scan_val key, arg;
	size_t pos = 0, n = 0;
	int cut = learn_true(t, K_argv_cut);

	if (v->type != SCAN_ARR)
		return 0;
	while (n + 5 < max && scan_next(v, &pos, &key, &arg) == 1) {
		size_t len;
		long all;

		if (arg.type != SCAN_STR)
			continue;
		if (n > 0)
			buf[n++] = ' ';
		all = scan_str(&arg, buf + n, max - 3 - n);
		n += len = strlen(buf + n);
		if ((cut |= (size_t)all > len))
			break;
	}
	if (cut || (n + 5 >= max && scan_next(v, &pos, &key, &arg) == 1)) {
		memcpy(buf + n, "...", 3);
		n += 3;
	}
	return n;
}

/* What it runs: after an exec nothing of before is true, so if that does not
 * tell its arguments, the program must do. */
static void
cmd(struct tree *t, struct node *n, int kind, uint64_t ns)
{
	const struct scan_val *exe = &t->v[K_exe];
	char buf[TREE_CMD];
	size_t len;

	if ((kind != EV_exec && kind != EV_snap) || ns < n->cmd_ns)
		return;
	if ((len = join(t, buf, sizeof(buf))) == 0 && kind == EV_exec &&
	    exe->type == SCAN_STR) {
		scan_str(exe, buf, sizeof(buf));
		len = strlen(buf);
	}
	if (len > 0)
		set_str(t, &n->p.cmd, &n->cmd_ns, buf, len, ns);
	else if (kind == EV_exec && ns > n->cmd_ns) {
		intern_put(t->t.strings, n->p.cmd);
		n->p.cmd = NULL;
		n->cmd_ns = ns;
	}
}

static void
life(struct tree *t, struct node *n, int kind, uint64_t ns)
{
	int zombie = (kind == EV_snap || kind == EV_sample) && scan_is(&t->v[K_state], "Z");

	if (kind == EV_exit || kind == EV_reparent || ns < n->life_ns)
		return;
	n->zombie = ns > n->life_ns ? zombie : n->zombie | zombie;
	n->life_ns = ns;
}

void
learn_traits(struct tree *t, struct node *n, const struct node *parent, int kind,
    uint64_t ns)
{
	comm(t, n, ns);
	uid(t, n, ns);
	cgroup(t, n, parent, ns);
	if (t->harm != NULL)
		place(t, n, parent, ns);
	cmd(t, n, kind, ns);
	life(t, n, kind, ns);
	n->p.execs += kind == EV_exec;
	n->p.kthread |= learn_true(t, K_kthread);
}
