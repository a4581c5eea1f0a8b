/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* lnx-psi - tell how long tasks waited: the machine's and the cgroups' PSI */

#include <sys/stat.h>
#include <sys/timerfd.h>

#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/num.h"
#include "base/out.h"
#include "host/look.h"
#include "host/look_record.h"
#include "host/sandbox.h"

#include "bars.h"
#include "cmd.h"
#include "psi.h"
#include "screen.h"
#include "speak.h"

#define SECOND		1000000000ULL
#define INTERVAL_MIN	(SECOND / 10)
#define INTERVAL_MAX	(24 * 3600 * SECOND)

static const char help[] =
"usage: lnx-psi [options]\n"
"Tell how long tasks waited for cpu, memory and io: of the machine and of each\n"
"cgroup, as one JSON record a line.\n"
"\n"
"      --interval TIME     look this often, 100ms or more; 1s if not said\n"
"      --cgroup GLOB       only cgroups whose path fits; may be repeated\n"
"      --depth N           only cgroups at most N levels below the root\n"
"      --min-pct PERCENT   only cgroups with that much pressure\n"
"      --top N             only the N cgroups with most pressure\n"
"      --no-stat           pressure only, not what the controllers count\n"
"  -n, --count N           stop after N looks, or N times a trigger fired\n"
"  -d, --duration TIME     stop after this time: 500ms, 10s, 5m\n"
"      --once              look once\n"
"      --trigger 'RESOURCE some|full STALL/WINDOW[@CGROUP]'\n"
"                          tell when tasks waited so long, and only then; may\n"
"                          be repeated\n"
"      --text              a table instead of records\n"
"      --max-files N       keep at most N files open\n"
"      --root DIR          find proc and sys there: in containers, for tests\n"
"  -o, --output FILE       instead of standard output\n"
"  -q, --quiet             speak of errors only\n"
"  -v, --verbose           counts at the end, and what few kernels have\n"
"  -h, --help              this text\n"
"  -V, --version           the version\n";

enum {
	O_INTERVAL = 256, O_CGROUP, O_DEPTH, O_MIN_PCT, O_TOP, O_NO_STAT,
	O_ONCE, O_TRIGGER, O_TEXT, O_MAX_FILES, O_ROOT,
};

static const struct option longopts[] = {
	{ "cgroup",	required_argument,	NULL, O_CGROUP },
	{ "count",	required_argument,	NULL, 'n' },
	{ "depth",	required_argument,	NULL, O_DEPTH },
	{ "duration",	required_argument,	NULL, 'd' },
	{ "help",	no_argument,		NULL, 'h' },
	{ "interval",	required_argument,	NULL, O_INTERVAL },
	{ "max-files",	required_argument,	NULL, O_MAX_FILES },
	{ "min-pct",	required_argument,	NULL, O_MIN_PCT },
	{ "no-stat",	no_argument,		NULL, O_NO_STAT },
	{ "once",	no_argument,		NULL, O_ONCE },
	{ "output",	required_argument,	NULL, 'o' },
	{ "quiet",	no_argument,		NULL, 'q' },
	{ "root",	required_argument,	NULL, O_ROOT },
	{ "text",	no_argument,		NULL, O_TEXT },
	{ "top",	required_argument,	NULL, O_TOP },
	{ "trigger",	required_argument,	NULL, O_TRIGGER },
	{ "verbose",	no_argument,		NULL, 'v' },
	{ "version",	no_argument,		NULL, 'V' },
	{ 0 }
};

static void
duration(const char *option, const char *value, uint64_t min, uint64_t *ns)
{
	if (num_duration(value, ns) == -1 || *ns < min || *ns > INTERVAL_MAX)
		exit(cmd_bad(option, value, min == INTERVAL_MIN ?
		    "a time from 100ms to 24h" :
		    "a time like 500ms, 10s or 5m, at most 24h"));
}

static void
number(const char *option, const char *value, uint64_t min, uint64_t max,
    uint64_t *v)
{
	if (cmd_number(option, value, min, max, v) != 0)
		exit(EX_LNX_USAGE);
}

/* Into millionths of a percent. */
static void
percent(const char *value, uint64_t *v)
{
	char *end;
	double d = strtod(value, &end);

	if (*value < '0' || *value > '9' || *end != '\0' || !(d <= 100))
		exit(cmd_bad("--min-pct", value, "a percentage, 0 to 100"));
	*v = d * 1e6 + 0.5;
}

static void
trigger(struct psi_opts *o, const char *value)
{
	const char *want;

	if (o->nasks == PSI_TRIGGERS)
		exit(cmd_bad("--trigger", value, "no more than 64 of them"));
	if (psi_ask_parse(value, &o->ask[o->nasks++], &want) == -1)
		exit(cmd_bad("--trigger", value, want));
}

static void
glob(struct psi_opts *o, const char *value)
{
	if (o->nglobs == PSI_GLOBS)
		exit(cmd_bad("--cgroup", value, "no more than 64 of them"));
	o->glob[o->nglobs++] = value;
}

/* A picture, and what else there is to say, does not go with triggers: they
 * tell when, the others choose what. */
static void
check(const struct psi_opts *o, char **argv, int looks)
{
	if (argv[optind] != NULL) {
		warnx("%s: no operands are taken", argv[optind]);
		exit(cmd_usage());
	}
	if (o->nasks > 0 && looks) {
		warnx("--trigger: goes with --cgroup, --depth, --count, "
		    "--duration and --output only");
		exit(cmd_usage());
	}
}

static void
parse(struct psi_opts *o, int argc, char **argv)
{
	int c, looks = 0;
	uint64_t v;

	while ((c = getopt_long(argc, argv, "+d:hn:o:qvV", longopts, NULL)) !=
	    -1) {
		looks |= c == O_INTERVAL || c == O_MIN_PCT || c == O_TOP ||
		    c == O_NO_STAT || c == O_ONCE || c == O_TEXT;
		switch (c) {
		case 'd': duration("--duration", optarg, 1, &o->duration); break;
		case 'h': exit(cmd_help(help));
		case 'n': number("--count", optarg, 1, UINT64_MAX, &o->count); break;
		case 'o': o->output = optarg; break;
		case 'q': o->quiet = 1; break;
		case 'v': o->verbose++; break;
		case 'V': exit(cmd_version());
		case O_CGROUP: glob(o, optarg); break;
		case O_DEPTH:
			number("--depth", optarg, 0, UINT32_MAX, &v);
			o->look.depth = v;
			break;
		case O_INTERVAL:
			duration("--interval", optarg, INTERVAL_MIN, &o->interval);
			break;
		case O_MAX_FILES:
			number("--max-files", optarg, 1, INT_MAX, &o->look.fds);
			break;
		case O_MIN_PCT: percent(optarg, &o->min); break;
		case O_NO_STAT: o->look.psi_only = 1; break;
		case O_ONCE: o->once = 1; break;
		case O_ROOT: o->root = optarg; break;
		case O_TEXT: o->text = 1; break;
		case O_TOP: number("--top", optarg, 1, INT_MAX, &o->top); break;
		case O_TRIGGER: trigger(o, optarg); break;
		default: exit(cmd_usage());
		}
	}
	if (o->once)
		o->count = 1;
	check(o, argv, looks);
}

/* Where the files are: here, or as they are called below another root. */
static void
places(struct psi_opts *o, struct cgroup_host *h)
{
	struct stat st;

	o->look.proc = "/proc/pressure";
	if (o->root != NULL) {
		if (stat(o->root, &st) == -1)
			err(EX_LNX_SYSTEM, "%s", o->root);
		snprintf(o->proc, sizeof(o->proc), "%s/proc/pressure", o->root);
		snprintf(h->v2, sizeof(h->v2), "%s/sys/fs/cgroup/unified",
		    o->root);
		h->mode = stat(h->v2, &st) == 0 ? CGROUP_HYBRID : CGROUP_V2;
		if (h->mode == CGROUP_V2)
			h->v2[strlen(h->v2) - strlen("/unified")] = '\0';
		o->look.proc = o->proc;
	}
	o->look.cgroups = h->v2;
	o->look.globs = o->glob;
}

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
	struct pollfd	 timer;
	uint64_t	 before;	/* boot_ns of the last look */
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
	if (w->looks++ == 0)
		speak_start(w->s, kinds, sizeof(kinds), &list);
	else if (list.len > 0)
		speak_degraded(w->s, &list);
	/* What ends between two ticks is nobody's whole interval. */
	if (ticks > 1 && (news.uncounted || news.removed + news.unseen > 0))
		speak_lost(w->s, "late", news.uncounted ? WIRE_UNKNOWN_64 :
		    news.removed + news.unseen, w->before, now);
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

/* Look at each tick of the clock. */
static int
run(struct watcher *w)
{
	const struct psi_opts *o = w->o;
	uint64_t begun = boot_now(), ticks = 1;
	int rc;

	for (;;) {
		if ((rc = look(w, ticks)) != 0)
			return rc;
		/* cmd_end() tells if the output failed. */
		if (speak_flush(w->s) == -1 || out_flush(w->out) == -1 ||
		    w->looks == o->count || (o->duration > 0 &&
		    boot_now() - begun + o->interval / 2 >= o->duration))
			return EX_LNX_OK;
		do {
			if ((rc = psi_wait(&w->timer, 1, NULL)) <= 0)
				return rc == 0 ? EX_LNX_OK : EX_LNX_SYSTEM;
		} while (read(w->timer.fd, &ticks, sizeof(ticks)) == -1);
	}
}

static int
looks(const struct psi_opts *o, struct speak *s, struct out *out)
{
	const struct timespec t = { o->interval / SECOND, o->interval % SECOND };
	const struct itimerspec every = { t, t };
	struct watcher w = { .o = o, .s = s, .out = out,
	    .timer = { .events = POLLIN } };
	int rc;

	w.timer.fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (w.timer.fd == -1 || (w.l = look_new(&o->look)) == NULL ||
	    timerfd_settime(w.timer.fd, 0, &every, NULL) == -1)
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
	close(w.timer.fd);
	return rc;
}

int
main(int argc, char **argv)
{
	struct psi_opts o = { .interval = SECOND, .look.depth = UINT_MAX };
	const char *path;
	struct speak s;
	struct out *out;
	int rc;

	cmd_start();
	parse(&o, argc, argv);
	if (speak_init(&s, "lnx-psi") == -1)
		err(EX_LNX_SYSTEM, "/proc/sys/kernel/random/boot_id");
	places(&o, &s.host);
	path = o.output != NULL ? o.output : "-";
	if ((out = out_open(path)) == NULL)
		err(EX_LNX_SYSTEM, "%s", path);
	s.out = o.text ? NULL : out;
	rc = o.nasks > 0 ? psi_triggers(&o, &s) : looks(&o, &s, out);
	out_flush(out);
	if (!o.quiet && !o.text && cmd_chatty(o.verbose))
		warnx("%llu records%s", (unsigned long long)s.written,
		    s.lost > 0 ? ", some lost: see the records lost" : "");
	return cmd_end(rc, out, path);
}
