/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* lnx-psi - tell how long tasks waited: the machine's and the cgroups' PSI */

#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/out.h"
#include "host/look.h"

#include "cmd.h"
#include "psi.h"
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

	if (*value < '0' || *value > '9' || *end != '\0' || !(d <= 100) ||
	    value[strspn(value, "0123456789.")] != '\0')
		exit(cmd_bad("--min-pct", value,
		    "a percentage, 0 to 100, as in 2.5"));
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
check(const struct psi_opts *o, char **argv, int looks, int again)
{
	if (argv[optind] != NULL)
		warnx("%s: no operands are taken", argv[optind]);
	else if (o->nasks > 0 && looks)
		warnx("--trigger: goes with --cgroup, --depth, --count, "
		    "--duration, --root and --output only");
	else if (o->nasks > 0 && o->look.depth != UINT_MAX && o->nglobs == 0)
		warnx("--depth: chooses no cgroup for --trigger without "
		    "--cgroup");
	else if (o->once && again)
		warnx("--once: goes not with --interval, --count and "
		    "--duration");
	else
		return;
	exit(cmd_usage());
}

static void
parse(struct psi_opts *o, int argc, char **argv)
{
	int c, looks = 0, again = 0;
	uint64_t v;

	while ((c = getopt_long(argc, argv, "+d:hn:o:qvV", longopts, NULL)) !=
	    -1) {
		looks |= c == O_INTERVAL || c == O_MIN_PCT || c == O_TOP ||
		    c == O_NO_STAT || c == O_ONCE || c == O_TEXT ||
		    c == O_MAX_FILES;
		again |= c == O_INTERVAL || c == 'n' || c == 'd';
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
	check(o, argv, looks, again);
	if (o->once)
		o->count = 1;
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
	rc = o.nasks > 0 ? psi_triggers(&o, &s) :
	    psi_looks(&o, &s, out);
	out_flush(out);
	if (!o.quiet && !o.text && cmd_chatty(o.verbose))
		warnx("%llu records%s", (unsigned long long)s.written,
		    s.lost > 0 ? ", some lost: see the records lost" : "");
	return cmd_end(rc, out, path);
}
