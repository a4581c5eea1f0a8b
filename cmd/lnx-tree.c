/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* lnx-tree - who made whom */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/num.h"
#include "base/out.h"
#include "core/tree.h"
#include "core/view.h"
#include "host/sandbox.h"
#include "rec/event.h"

#include "cmd.h"
#include "feed.h"
#include "screen.h"

enum {
	MAX = 65536,		/* processes kept */
	DEPTH = 8,		/* ancestors told */
	FRAME_LINES = 4096,	/* after so many a picture may be due */
};

enum form { RECORDS, TEXT, DOT, JSON };

struct opts {
	struct view_opts view;
	const char	*output;
	size_t		 max;
	unsigned	 depth, cgroup_depth;
	enum form	 form;
	int		 quiet, verbose;
};

struct run {
	const struct opts *o;
	struct tree	*tree;
	struct out	*out;
	struct feed	 feed;
	struct screen	*screen;	/* NULL is not live */
	uint64_t	 shown;		/* lines that it knows of */
	uint64_t	 written;
	int		 evicted;	/* and the stream was told */
};

static const char help[] =
"usage: lnx-tree [-hqVv] [--alive] [--by maker|parent] [--cgroup-depth N]\n"
"                [--depth N] [--format FORM | --text] [--max N] [--no-kthreads]\n"
"                [-o FILE] [--pid N] [--since TIME] [FILE ...]\n"
"\n"
"Adds to each record of a process who made it; or draws the tree of all.\n"
"\n"
"      --alive          show only processes that have not ended\n"
"      --by HOW         above a process is its maker (default), or its parent now\n"
"      --cgroup-depth N tell of stalls by cgroups of this depth: 1 to 64\n"
"      --depth N        add at most N ancestors: 1 to 64 (default 8)\n"
"      --format FORM    records (default); or show the tree at the end of input:\n"
"                       json, dot or text\n"
"  -h, --help           show this and exit\n"
"      --max N          keep at most N processes: 8 to 16777216 (default 65536)\n"
"      --no-kthreads    show no threads of the kernel\n"
"  -o, --output FILE    write to FILE, not to standard output\n"
"      --pid N          show only that process, its ancestors and descendants\n"
"  -q, --quiet          do not tell of skipped lines\n"
"      --since TIME     show only what lived at TIME (RFC 3339) or later; or in\n"
"                       the last 10s, 5m, 2h of the input\n"
"      --text           show the tree as text; live on a terminal\n"
"  -V, --version        show the version and exit\n"
"  -v, --verbose        tell counts at the end\n";

/* The line with what is added before its last brace. */
static void
pass(struct run *r, const char *line, size_t len, const struct tree_node *n)
{
	size_t brace = len, room = EVENT_LINE_MIN, more = 0;
	char *p;

	while (brace > 0 && line[brace - 1] != '}')
		brace--;
	if (len + 1 > room)	/* its reader takes more */
		room = len + 1 + r->o->depth * (size_t)TREE_TOLD;
	if ((p = out_room(r->out, room)) == NULL)
		return;
	if (n != NULL && brace-- > 0 && !tree_has_ancestors(r->tree))
		more = tree_ancestors(r->tree, n, r->o->view.by, r->o->depth,
		    p + brace, room - len - 1);
	memcpy(p, line, brace);
	memcpy(p + brace + more, line + brace, len - brace);
	p[len + more] = '\n';
	out_took(r->out, len + more + 1);
	r->written++;
}

/* Say in the stream that the table is no longer whole, or how much it lacks. */
static void
degraded(struct run *r, const char *state)
{
	char line[EVENT_LINE_MIN];
	size_t n;

	r->evicted = 1;
	if (r->o->form != RECORDS)
		return;
	if ((n = tree_source(r->tree, PACKAGE_VERSION, state, line)) > 0)
		out_line(r->out, line, n);
}

static struct view *
view(const struct run *r, size_t rows)
{
	struct view_opts o = r->o->view;
	struct view *v;

	o.rows = rows;
	if ((v = view_new(r->tree, &o)) == NULL)
		err(EX_LNX_SYSTEM, NULL);
	return v;
}

static void
draw(struct run *r)
{
	struct view *v = view(r, screen_rows(r->screen));

	view_text(v, screen_line, r->screen);
	screen_show(r->screen);
	view_free(v);
	r->shown = r->feed.lines;
}

/* Nothing to read: draw what is new, unless more comes before it is time. */
static void
idle(void *arg)
{
	struct run *r = arg;

	if (r->shown != r->feed.lines && screen_wait(r->screen, r->feed.fd))
		draw(r);
}

static enum feed_why
record(void *arg, const char *line, size_t len)
{
	const struct tree_node *n;
	struct run *r = arg;

	switch (tree_feed(r->tree, line, len, &n)) {
	case TREE_NOT_JSON:
		return FEED_NOT_JSON;
	case TREE_NOT_RECORD:
		return FEED_NOT_RECORD;
	case TREE_NO_MEMORY:
		errno = ENOMEM;
		err(EX_LNX_SYSTEM, NULL);
	case TREE_PROCESS:
	case TREE_OTHER:
		break;
	}
	if (r->o->form == RECORDS)
		pass(r, line, len, n);
	if (!r->evicted && tree_count(r->tree).evicted > 0)
		degraded(r, "degraded");
	/* Where there is always more to read, idle() is never called. */
	if (r->screen != NULL && r->feed.lines % FRAME_LINES == 0 &&
	    screen_due(r->screen))
		draw(r);
	return FEED_TAKEN;
}

static void
out_view(void *arg, const char *line, size_t len)
{
	out_line(arg, line, len);
}

/* The whole table, at the end.  0; or 1 if what was asked for is not in it. */
static int
show(struct run *r)
{
	struct view *v = view(r, 0);
	int rc = 0, none = r->o->view.pid != -1 && !v->found;

	if (r->screen != NULL)
		screen_clear(r->screen);
	if (none && !r->o->quiet)
		warnx("no process had pid %" PRId64, r->o->view.pid);
	switch (r->o->form) {
	case TEXT:
		if (!none)
			view_text(v, out_view, r->out);
		break;
	case DOT:
		view_dot(v, out_view, r->out);
		break;
	case JSON:
		rc = view_json(v, out_view, r->out);
		break;
	case RECORDS:
		break;
	}
	if (rc == -1)
		err(EX_LNX_SYSTEM, NULL);
	view_free(v);
	return none;
}

static void
tell_counts(const struct run *r)
{
	struct tree_count c = tree_count(r->tree);

	warnx("%" PRIu64 " records read, %" PRIu64 " written, %" PRIu64
	    " lines skipped, %" PRIu64 " lost before, %" PRIu64
	    " processes known, %" PRIu64 " forgotten, %" PRIu64
	    " impossible parents", c.records, r->written, r->feed.skipped, c.lost,
	    c.processes, c.evicted, c.refused);
}

enum { BY = 256, CGROUP_DEPTH, N_DEPTH, FORMAT, N_MAX, PID, SINCE, AS_TEXT };

static int
since(struct opts *o, const char *s)
{
	if (num_time(s, strlen(s), &o->view.since_ns) == 0)
		o->view.since = VIEW_SINCE;
	else if (num_duration(s, &o->view.since_ns) == 0)
		o->view.since = VIEW_LAST;
	else
		return cmd_bad("--since", s, "a time, or a duration as 10s");
	return 0;
}

/* An option with a value.  0, or the exit status. */
static int
value(struct opts *o, int c, const char *s)
{
	static const char *const forms[] = { "records", "text", "dot", "json", NULL };
	static const char *const hows[] = { "maker", "parent", NULL };
	uint64_t v = 0;
	int rc = 0;

	switch (c) {
	case BY:
		rc = cmd_choice("--by", s, hows, &v);
		o->view.by = v;
		break;
	case FORMAT:
		rc = cmd_choice("--format", s, forms, &v);
		o->form = v;
		break;
	case CGROUP_DEPTH:
		rc = cmd_number("--cgroup-depth", s, 1, TREE_DEPTH, &v);
		o->cgroup_depth = v;
		break;
	case N_DEPTH:
		rc = cmd_number("--depth", s, 1, TREE_DEPTH, &v);
		o->depth = v;
		break;
	case N_MAX:
		rc = cmd_number("--max", s, TREE_MAX_MIN, TREE_MAX_MAX, &v);
		o->max = v;
		break;
	case PID:
		rc = cmd_number("--pid", s, 1, INT32_MAX, &v);
		o->view.pid = v;
		break;
	case SINCE:
		rc = since(o, s);
	}
	return rc;
}

/* -1 is go on, else the exit status. */
static int
options(struct opts *o, int argc, char **argv)
{
	const struct option longopts[] = {
		{ "alive",	no_argument,		&o->view.alive, 1 },
		{ "by",		required_argument,	NULL, BY },
		{ "cgroup-depth", required_argument,	NULL, CGROUP_DEPTH },
		{ "depth",	required_argument,	NULL, N_DEPTH },
		{ "format",	required_argument,	NULL, FORMAT },
		{ "help",	no_argument,		NULL, 'h' },
		{ "max",	required_argument,	NULL, N_MAX },
		{ "no-kthreads", no_argument,		&o->view.no_kthreads, 1 },
		{ "output",	required_argument,	NULL, 'o' },
		{ "pid",	required_argument,	NULL, PID },
		{ "quiet",	no_argument,		NULL, 'q' },
		{ "since",	required_argument,	NULL, SINCE },
		{ "text",	no_argument,		NULL, AS_TEXT },
		{ "verbose",	no_argument,		NULL, 'v' },
		{ "version",	no_argument,		NULL, 'V' },
		{ 0 }
	};
	int c, rc = 0;

	while (rc == 0 &&
	    (c = getopt_long(argc, argv, "+ho:qVv", longopts, NULL)) != -1)
		switch (c) {
		case 'h':
			return cmd_help(help);
		case 'o':
			o->output = optarg;
			break;
		case 'q':
			o->quiet = 1;
			break;
		case 'V':
			return cmd_version();
		case 'v':
			o->verbose++;
			break;
		case 0:		/* set */
			break;
		case AS_TEXT:
			o->form = TEXT;
			break;
		case '?':
			return cmd_usage();
		default:
			rc = value(o, c, optarg);
		}
	/* These choose what is shown: so something is. */
	if (o->form == RECORDS && (o->view.alive || o->view.no_kthreads ||
	    o->view.pid != -1 || o->view.since != VIEW_ALWAYS ||
	    o->cgroup_depth > 0))
		o->form = TEXT;
	return rc == 0 ? -1 : rc;
}

static void
open_out(struct run *r)
{
	const char *path = r->o->output != NULL ? r->o->output : "-";

	if ((r->out = out_open(path)) == NULL)
		err(EX_LNX_SYSTEM, "%s", path);
	if (r->o->form != TEXT || strcmp(path, "-") != 0)
		return;
	if (screen_is(STDOUT_FILENO) &&
	    (r->screen = screen_new(STDOUT_FILENO)) == NULL)
		err(EX_LNX_SYSTEM, NULL);
}

static int
finish(struct run *r, int rc)
{
	int no = 0;

	if (r->o->form != RECORDS)
		no = show(r);
	else if (r->evicted)
		degraded(r, "end");
	out_flush(r->out);
	if (cmd_chatty(r->o->verbose) && !r->o->quiet)
		tell_counts(r);
	if (rc == EX_LNX_OK && no)
		rc = EX_LNX_NO;
	rc = cmd_end(rc, r->out, r->o->output);
	screen_free(r->screen);
	tree_free(r->tree);
	return rc;
}

int
main(int argc, char **argv)
{
	static char dash[] = "-", *stdin_only[] = { dash, NULL };
	struct opts o = { .max = MAX, .depth = DEPTH, .view = { .pid = -1 } };
	struct run r = { .o = &o };
	int rc, *fds;

	cmd_start();
	if ((rc = options(&o, argc, argv)) != -1)
		return rc;
	argv = argv[optind] != NULL ? argv + optind : stdin_only;

	rc = EX_LNX_OK;
	if ((fds = feed_open(argv, o.output, &rc)) == NULL ||
	    (r.tree = tree_new(o.max)) == NULL ||
	    (o.form == TEXT && tree_weigh(r.tree, o.cgroup_depth) == -1))
		err(EX_LNX_SYSTEM, NULL);
	open_out(&r);
	o.view.utf8 = screen_utf8();
	o.view.colour = r.screen != NULL && screen_colour(STDOUT_FILENO);
	if (sandbox_enter(SANDBOX_NOBODY) == -1)
		err(EX_LNX_SYSTEM, "giving up privileges");
	cmd_drain();

	r.feed = (struct feed){ .out = r.out, .line = record, .arg = &r,
	    .idle = r.screen != NULL ? idle : NULL, .quiet = o.quiet };
	rc = feed_read(&r.feed, argv, fds, rc);
	free(fds);
	return finish(&r, rc);
}
