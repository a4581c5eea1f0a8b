/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A machine is played, what it would tell is fed in order and shuffled. */
#include "tap.h"
#include "unit/random.h"
#include "unit/tree.h"

enum { PROCS = 200, LINES = 4096, STEPS = 600, SNAPS = 6 };

struct proc {
	uint64_t	start;
	uint32_t	pid;
	int		parent, maker;		/* number of proc; -1 is none */
	int		alive, reaper;
	int		comm, code;
};

struct sim {
	uint64_t	 r, now;
	unsigned	 lossy;			/* one of so many is lost; 0 is none */
	struct proc	 p[PROCS];
	int		 n, snaps;
	char		*line[LINES];
	int		 lines;
};

static int
chance(struct sim *s, unsigned one_of)
{
	return random_below(&s->r, one_of) == 0;
}

static void
say(struct sim *s, const char *fmt, ...)
{
	va_list ap;

	if ((s->lossy > 0 && chance(s, s->lossy)) || s->lines == LINES)
		return;
	va_start(ap, fmt);
	if (vasprintf(&s->line[s->lines], fmt, ap) != -1)
		s->lines++;
	va_end(ap);
}

/* The parts that all records of a process have. */
static void
say_proc(struct sim *s, const char *kind, int i, const char *rest)
{
	const struct proc *p = &s->p[i];
	char parent[128] = "";

	if (p->parent != -1) {
		const struct proc *up = &s->p[p->parent];

		snprintf(parent, sizeof(parent), "\"parent_id\":\"b007b007-%"
		    PRIu64 "-%u\",\"ppid\":%u,", up->start, up->pid, up->pid);
	}
	say(s, "{\"v\":1,\"event\":\"%s\",\"boot_ns\":%" PRIu64 ",\"host\":"
	    "\"h\",\"id\":\"b007b007-%" PRIu64 "-%u\",\"pid\":%u,%s\"comm\":"
	    "\"c%d\",\"uid\":%d,\"cgroup\":\"/%d\"%s}", kind, s->now, p->start,
	    p->pid, p->pid, parent, p->comm, p->comm % 3, p->comm % 5, rest);
}

static int
some_alive(struct sim *s)
{
	int i;

	do
		i = random_below(&s->r, s->n);
	while (!s->p[i].alive);
	return i;
}

static void
do_fork(struct sim *s)
{
	int by = some_alive(s), clone_parent = chance(s, 8) &&
	    s->p[by].parent != -1;
	char rest[128] = "";

	if (s->n == PROCS)
		return;
	s->p[s->n] = (struct proc){ .start = s->now, .alive = 1, .maker = by,
	    .pid = 2 + random_below(&s->r, 50), .code = -1,
	    .parent = clone_parent ? s->p[by].parent : by,
	    .reaper = chance(s, 10), .comm = s->p[by].comm };
	if (clone_parent)
		snprintf(rest, sizeof(rest), ",\"creator_id\":\"b007b007-%"
		    PRIu64 "-%u\",\"creator_pid\":%u", s->p[by].start,
		    s->p[by].pid, s->p[by].pid);
	say_proc(s, "fork", s->n++, rest);
}

static void
do_exec(struct sim *s)
{
	int i = some_alive(s);
	char rest[64];

	s->p[i].comm = random_below(&s->r, 100);
	snprintf(rest, sizeof(rest), ",\"argv\":[\"c%d\",\"%d\"]", s->p[i].comm,
	    (int)random_below(&s->r, 100));
	say_proc(s, "exec", i, rest);
}

static void
do_exit(struct sim *s)
{
	int i = some_alive(s), to = s->p[i].parent;
	char rest[128];

	if (i == 0)
		return;
	s->p[i].alive = 0;
	s->p[i].code = random_below(&s->r, 3);
	snprintf(rest, sizeof(rest), ",\"exit_code\":%d", s->p[i].code);
	say_proc(s, "exit", i, rest);
	while (to != 0 && !(s->p[to].alive && s->p[to].reaper))
		to = s->p[to].parent;
	snprintf(rest, sizeof(rest), ",\"old_parent_id\":\"b007b007-%" PRIu64
	    "-%u\",\"old_ppid\":%u", s->p[i].start, s->p[i].pid, s->p[i].pid);
	for (int k = 0; k < s->n; k++)
		if (s->p[k].alive && s->p[k].parent == i) {
			s->p[k].parent = to;
			s->now++;
			say_proc(s, "reparent", k, rest);
		}
}

static void
do_snapshot(struct sim *s)
{
	int procs = 0;
	char rest[64];

	snprintf(rest, sizeof(rest), ",\"snap\":%d,\"state\":\"S\"", ++s->snaps);
	for (int i = 0; i < s->n; i++)
		if (s->p[i].alive) {
			s->now++;
			say_proc(s, "snap", i, rest);
			procs++;
		}
	say(s, "{\"v\":1,\"event\":\"source\",\"boot_ns\":%" PRIu64 ",\"host\":"
	    "\"h\",\"state\":\"synced\",\"boot_id\":\"b007b007-1\",\"snap\":%d,"
	    "\"procs\":%d}", ++s->now, s->snaps, procs);
}

static void
play(struct sim *s)
{
	s->p[0] = (struct proc){ .start = 1, .pid = 1, .alive = 1, .reaper = 1,
	    .parent = -1, .maker = -1, .code = -1 };
	s->n = 1;
	s->now = 10;
	do_snapshot(s);
	for (int i = 0; i < STEPS; i++) {
		s->now += 1 + random_below(&s->r, 1000);
		switch (random_below(&s->r, 8)) {
		case 0: case 1: case 2:
			do_fork(s);
			break;
		case 3: case 4:
			do_exec(s);
			break;
		case 5: case 6:
			do_exit(s);
			break;
		default:
			if (s->snaps < SNAPS && chance(s, 12))
				do_snapshot(s);
		}
	}
}

static char *
table_of(const struct sim *s)
{
	struct tree *t = tree_new(1024);
	char *d;

	for (int i = 0; i < s->lines; i++)
		feed(t, s->line[i]);
	d = dump(t);
	tree_free(t);
	return d;
}

static void
shuffle(struct sim *s)
{
	for (int i = s->lines; i > 1; i--) {
		int k = random_below(&s->r, i);
		char *line = s->line[k];

		s->line[k] = s->line[i - 1];
		s->line[i - 1] = line;
	}
}

/* Nothing was lost: all is known. */
static int
true_of(struct sim *s)
{
	struct tree *t = tree_new(1024);
	int good = 1;

	for (int i = 0; i < s->lines; i++)
		feed(t, s->line[i]);
	for (int i = 0; i < s->n; i++) {
		const struct proc *p = &s->p[i];
		const struct tree_node *n;
		char line[128], comm[16];

		snprintf(line, sizeof(line), "{\"event\":\"x\",\"id\":"
		    "\"b007b007-%" PRIu64 "-%u\"}", p->start, p->pid);
		tree_feed(t, line, strlen(line), &n);
		snprintf(comm, sizeof(comm), "c%d", p->comm);
		good &= n != NULL && n->exit_code == p->code &&
		    n->state == (p->alive ? TREE_ALIVE : TREE_DEAD) &&
		    strcmp(n->comm, comm) == 0;
		for (int by = 0; good && by < 2; by++) {
			int up = by == TREE_BY_MAKER ? p->maker : p->parent;

			good &= up == -1 ? n->up[by] == NULL :
			    n->up[by] != NULL &&
			    n->up[by]->id.start == s->p[up].start;
		}
	}
	good &= (int)tree_count(t).processes == s->n;
	tree_free(t);
	return good;
}

static void
sim_free(struct sim *s)
{
	for (int i = 0; i < s->lines; i++)
		free(s->line[i]);
	free(s);
}

int
main(void)
{
	uint64_t seed = random_seed();
	int truth = 1, same = 1, lossy = 1;

	for (int run = 0; run < 60; run++) {
		struct sim *s = calloc(1, sizeof(*s));
		char *a, *b;

		s->r = seed + run;
		s->lossy = run % 3 * 10;
		play(s);
		a = table_of(s);
		if (s->lossy == 0)
			truth &= true_of(s);
		for (int k = 0; k < 5; k++) {
			shuffle(s);
			b = table_of(s);
			if (s->lossy == 0)
				same &= strcmp(a, b) == 0;
			else
				lossy &= strcmp(a, b) == 0;
			free(b);
		}
		free(a);
		sim_free(s);
	}
	ok(truth, "tree: the table is what the machine was");
	ok(same, "tree: the order of records changes nothing");
	ok(lossy, "tree: nor does it when records are lost");
	return tap_done();
}
