/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* lnx-trace - tell the life of processes, from the kernel or a recording */

#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "base/num.h"
#include "base/out.h"
#include "rec/wirefile.h"
#include "host/boot.h"
#include "host/cgroup.h"
#include "host/sandbox.h"
#include "host/trace.h"
#include "host/watch.h"

#include "cmd.h"
#include "gauges.h"
#include "probe.h"
#include "replay.h"
#include "sink.h"

static const char help[] =
"usage: lnx-trace [options]\n"
"Tell which processes begin, execute and end, as one JSON record a line.\n"
"\n"
"  -e, --events KIND,...   only these: snap fork exec exit reparent sample oom\n"
"                          stall stall_total stall_culprit\n"
"  -p, --pid PID           only this process\n"
"      --ppid PID          only children of this process\n"
"  -t, --tree PID          only this process and its descendants\n"
"  -u, --uid USER          only processes of this user, a name or a number\n"
"      --comm NAME         only processes of this name\n"
"      --cgroup PATH       only processes in this cgroup or below\n"
"      --rate N            at most N records a second and cgroup; exits always\n"
"      --interval TIME     between two samples of a process, 1s\n"
"      --all               samples also of processes that did nothing\n"
"      --window TIME       over which stalls are added up, 1s\n"
"      --resource R,...    stalls of these only: cpu io memory\n"
"      --culprit WHOM      tell the culprit's cgroup, or its process as well\n"
"      --min-stall TIME    no stall record for less than this, 1ms\n"
"  -d, --duration TIME     stop after this time: 500ms, 10s, 5m\n"
"  -n, --count N           stop after N records besides source and lost\n"
"  -w, --write FILE        write a recording instead of JSON\n"
"  -r, --read FILE         read a recording instead of the kernel\n"
"      --argv-max SIZE     longest arguments, 4KiB; more makes lines longer\n"
"                          than a pipe keeps whole when several write to it\n"
"      --ring SIZE         buffer between kernel and lnx-trace, 8MiB\n"
"      --no-snap           do not tell of processes that are alive already\n"
"      --rung RUNG         tp_btf or raw_tp instead of the best that works\n"
"      --btf FILE          types of this kernel, where it does not tell them\n"
"      --probe-features    what this kernel can do for lnx, and what to do\n"
"      --strict            exit 3 if a record was lost\n"
"  -o, --output FILE       instead of standard output\n"
"  -q, --quiet             no counts at the end\n"
"  -v, --verbose           counts at the end, and the library's messages\n"
"  -h, --help              this text\n"
"  -V, --version           the version\n";

enum {
	O_PPID = 256, O_COMM, O_CGROUP, O_RATE, O_ARGV_MAX, O_RING, O_NO_SNAP,
	O_RUNG, O_BTF, O_PROBE, O_STRICT, O_INTERVAL, O_ALL, O_WINDOW,
	O_RESOURCE, O_CULPRIT, O_MIN_STALL,
};

struct opts {
	struct trace_conf conf;
	const char	*output, *write, *read;
	uint64_t	 duration;
	int		 live, no_snap, probe, strict, quiet, verbose;
	int		 chosen;	/* --events */
	uint32_t	 given;		/* 1 << (option - O_PPID) */
	char		 why[128];	/* there are no stalls */
};

static int
live(struct opts *o, struct sink *s)
{
	struct watch_conf c = {
		.trace = o->conf, .tool = "lnx-trace",
		.version = PACKAGE_VERSION, .duration = o->duration,
		.stop = &cmd_stop, .fn = sink_put, .idle = sink_idle, .arg = s,
		.out = o->output == NULL && o->write == NULL ?
		    STDOUT_FILENO : -1,
	};
	struct wirefile_head head;
	char why[TRACE_WHY] = "";
	struct watch_sums sums;
	struct gauges gauges;
	struct boot boot;
	struct watch *w;
	int rc;

	if (boot_read(&boot) == -1)
		err(EX_LNX_SYSTEM, "/proc/sys/kernel/random/boot_id");
	boot_ctx(&boot, &s->ctx);
	sink_argv_max(s, o->conf.argv_max);
	s->anchored = boot_now();
	c.boot = &boot;
	gauges_open(&gauges, &o->conf);
	c.gauge = gauges.gauge;
	c.ngauge = gauges.n;
	if ((w = watch_open(&c, why)) == NULL)
		errx(EX_LNX_SYSTEM, "%s", why);
	if (sandbox_enter(SANDBOX_NOBODY | watch_sandbox(w)) == -1)
		err(EX_LNX_SYSTEM, "giving up privileges");
	if (s->raw) {
		wirefile_head(&head, &s->ctx);
		out_line(s->out, (char *)&head, sizeof(head));
	}
	rc = watch_run(w);
	sums = watch_sums(w);
	if (rc == -1 && errno == EPIPE)
		raise(SIGPIPE);
	if (rc == -1 && out_error(s->out) == 0)
		warn("reading from the kernel");
	if (!o->quiet && cmd_chatty(o->verbose))
		warnx("%llu records, %llu lost",
		    (unsigned long long)s->written,
		    (unsigned long long)sums.lost);
	watch_close(w);
	gauges_close(&gauges);
	return rc == -1 ? EX_LNX_SYSTEM :
	    o->strict && sums.lost > 0 ? EX_LNX_DATA : EX_LNX_OK;
}

static const struct option longopts[] = {
	{ "all",	no_argument,		NULL, O_ALL },
	{ "argv-max",	required_argument,	NULL, O_ARGV_MAX },
	{ "btf",	required_argument,	NULL, O_BTF },
	{ "cgroup",	required_argument,	NULL, O_CGROUP },
	{ "comm",	required_argument,	NULL, O_COMM },
	{ "count",	required_argument,	NULL, 'n' },
	{ "culprit",	required_argument,	NULL, O_CULPRIT },
	{ "duration",	required_argument,	NULL, 'd' },
	{ "events",	required_argument,	NULL, 'e' },
	{ "help",	no_argument,		NULL, 'h' },
	{ "interval",	required_argument,	NULL, O_INTERVAL },
	{ "min-stall",	required_argument,	NULL, O_MIN_STALL },
	{ "no-snap",	no_argument,		NULL, O_NO_SNAP },
	{ "output",	required_argument,	NULL, 'o' },
	{ "pid",	required_argument,	NULL, 'p' },
	{ "ppid",	required_argument,	NULL, O_PPID },
	{ "probe-features", no_argument,	NULL, O_PROBE },
	{ "quiet",	no_argument,		NULL, 'q' },
	{ "rate",	required_argument,	NULL, O_RATE },
	{ "read",	required_argument,	NULL, 'r' },
	{ "resource",	required_argument,	NULL, O_RESOURCE },
	{ "ring",	required_argument,	NULL, O_RING },
	{ "rung",	required_argument,	NULL, O_RUNG },
	{ "strict",	no_argument,		NULL, O_STRICT },
	{ "tree",	required_argument,	NULL, 't' },
	{ "uid",	required_argument,	NULL, 'u' },
	{ "verbose",	no_argument,		NULL, 'v' },
	{ "version",	no_argument,		NULL, 'V' },
	{ "window",	required_argument,	NULL, O_WINDOW },
	{ "write",	required_argument,	NULL, 'w' },
	{ 0 }
};

static void
check(const struct opts *o)
{
	if (o->read != NULL && (o->live || o->write != NULL)) {
		warnx("--read: goes with --events, --count, --argv-max and "
		    "--output only");
		exit(cmd_usage());
	}
	if (o->write != NULL && o->output != NULL) {
		warnx("--write and --output: want one of them");
		exit(cmd_usage());
	}
	if (o->conf.btf != NULL && o->conf.rung == TRACE_TP_BTF) {
		warnx("--btf: tp_btf programs take the kernel's own BTF only");
		exit(cmd_usage());
	}
}

#define GIVEN(o, opt)	((o)->given >> ((opt) - O_PPID) & 1)

/* What an option says is of these kinds only. */
static const struct {
	int		 opt;
	uint64_t	 kinds;
	const char	*name, *without;
} only[] = {
	{ O_WINDOW, TRACE_STALLS, "--window", "stalls" },
	{ O_RESOURCE, TRACE_STALLS, "--resource", "stalls" },
	{ O_CULPRIT, 1ULL << EV_stall, "--culprit", "records stall" },
	{ O_MIN_STALL, 1ULL << EV_stall, "--min-stall", "records stall" },
	{ O_INTERVAL, 1ULL << EV_sample, "--interval", "samples" },
	{ O_ALL, 1ULL << EV_sample, "--all", "samples" },
	{ O_RATE, 1ULL << EV_fork | 1ULL << EV_exec, "--rate",
	    "records fork or exec" },
	{ O_ARGV_MAX, 1ULL << EV_exec | 1ULL << EV_snap, "--argv-max",
	    "records exec or snap" },
	{ O_NO_SNAP, 1ULL << EV_snap, "--no-snap", "records snap" },
	{ O_RUNG, ~(TRACE_STALLS | 1ULL << EV_sample), "--rung",
	    "records of what becomes of processes" },
};

/* A stall is between cgroups, whoever of them it is.  Who asks for both gets
 * nothing; who did not ask for stalls does without. */
static void
no_stalls(struct opts *o)
{
	const struct trace_conf *c = &o->conf;
	const char *by = c->npid > 0 ? "--pid" : c->nppid > 0 ? "--ppid" :
	    c->tree != 0 ? "--tree" : c->nuid > 0 ? "--uid" :
	    c->ncomm > 0 ? "--comm" : NULL;
	int asked = o->chosen || GIVEN(o, O_WINDOW) || GIVEN(o, O_RESOURCE) ||
	    GIVEN(o, O_CULPRIT) || GIVEN(o, O_MIN_STALL);

	if (by == NULL || (c->kinds & TRACE_STALLS) == 0)
		return;
	if (asked) {
		warnx("%s: stalls are told of cgroups, not of processes: "
		    "choose by --cgroup", by);
		exit(cmd_usage());
	}
	snprintf(o->why, sizeof(o->why), "not told with %s: they are of "
	    "cgroups, not of processes", by);
	o->conf.no_stalls = o->why;
	o->conf.kinds &= ~TRACE_STALLS;
	if (!o->quiet && cmd_chatty(o->verbose))
		warnx("stalls: %s", o->why);
}

static void
check_kinds(struct opts *o)
{
	if (o->read != NULL || o->probe)
		return;
	no_stalls(o);
	for (size_t i = 0; i < sizeof(only) / sizeof(only[0]); i++) {
		if (!GIVEN(o, only[i].opt) || o->conf.kinds & only[i].kinds)
			continue;
		warnx("%s: has no effect without %s: see --events",
		    only[i].name, only[i].without);
		exit(cmd_usage());
	}
	if (o->conf.by_process && !(o->conf.resources >> STALL_CPU & 1)) {
		warnx("--culprit=process: has no effect without "
		    "--resource=cpu");
		exit(cmd_usage());
	}
}

/* Options whose names the trace knows; all but two want a live kernel. */
static void
set(struct opts *o, int opt)
{
	const struct option *l = longopts;
	char option[32];
	const char *want;

	while (l->val != opt)
		l++;
	snprintf(option, sizeof(option), "--%s", l->name);
	if (trace_conf_set(&o->conf, l->name, optarg, &want) == -1)
		exit(cmd_bad(option, optarg, want));
	o->live |= opt != 'e' && opt != O_ARGV_MAX;
}

static void
parse(int argc, char **argv, struct opts *o, struct sink *s)
{
	int opt;

	while ((opt = getopt_long(argc, argv, "+d:e:hn:o:p:qr:t:u:vVw:",
	    longopts, NULL)) != -1) {
		o->chosen |= opt == 'e';
		if (opt >= O_PPID)
			o->given |= UINT32_C(1) << (opt - O_PPID);
		switch (opt) {
		case 'd':
			if (num_duration(optarg, &o->duration) == -1 ||
			    o->duration == 0)
				exit(cmd_bad("--duration", optarg,
				    "a time like 500ms, 10s or 5m"));
			o->live = 1;
			break;
		case 'n':
			if (cmd_number("--count", optarg, 1, UINT64_MAX,
			    &s->left) != 0)
				exit(EX_LNX_USAGE);
			break;
		case 'o': o->output = optarg; break;
		case 'q': o->quiet = 1; break;
		case 'r': o->read = optarg; break;
		case 'v': o->verbose++; break;
		case 'w': o->write = optarg; break;
		case O_ALL: o->conf.all = o->live = 1; break;
		case O_NO_SNAP: o->no_snap = 1; break;
		case O_PROBE: o->probe = 1; break;
		case O_STRICT: o->strict = 1; break;
		case 'h': exit(cmd_help(help));
		case 'V': exit(cmd_version());
		case '?': exit(cmd_usage());
		default: set(o, opt);
		}
	}
	if (argv[optind] != NULL) {
		warnx("%s: no operands are taken", argv[optind]);
		exit(cmd_usage());
	}
	check(o);
	check_kinds(o);
}

static int
complain(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	return level == LIBBPF_DEBUG ? 0 : vfprintf(stderr, fmt, ap);
}

int
main(int argc, char **argv)
{
	struct opts o = { 0 };
	struct sink s = { .left = UINT64_MAX };
	const char *path;
	int rc, fd = -1;

	cmd_start();
	trace_conf_init(&o.conf);
	parse(argc, argv, &o, &s);
	libbpf_set_print(o.verbose ? complain : NULL);
	if (o.probe)
		return cmd_end(probe(o.conf.btf), NULL, NULL);
	if (o.no_snap)
		o.conf.kinds &= ~(UINT64_C(1) << EV_snap);
	s.kinds = o.conf.kinds | 1 << EV_source | 1 << EV_lost;
	s.raw = o.write != NULL;
	path = s.raw ? o.write : o.output;
	path = path != NULL ? path : "-";
	if (o.read != NULL) {
		fd = replay_open(o.read, o.output);
		sink_argv_max(&s, o.conf.argv_max);
	}
	if ((s.out = out_open(path)) == NULL)
		err(EX_LNX_SYSTEM, "%s", path);
	rc = o.read != NULL ? replay(&s, fd, o.read, o.strict) : live(&o, &s);
	return cmd_end(rc, s.out, path);
}
