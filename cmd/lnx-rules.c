/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* lnx-rules - streams in, incidents out */
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
#include "conf/ini.h"
#include "core/engine.h"
#include "core/rule.h"
#include "host/sandbox.h"
#include "rec/event.h"

#include "cmd.h"
#include "config.h"
#include "feed.h"

#define RULES_FILE	"/etc/lnx/rules.conf"
#define REORDER_NS	UINT64_C(500000000)
#define REORDER_MAX	UINT64_C(60000000000)

struct opts {
	const char	*config, *rules, *check, *output;
	uint64_t	 reorder_ns;
	int		 all, print, quiet, verbose;
};

struct run {
	const struct opts *o;
	struct engine	*engine;
	struct out	*out;
	struct feed	 feed;
};

static const char help[] =
"usage: lnx-rules [-ahqVv] [-c FILE] [-o FILE] [-r FILE] [--reorder TIME]\n"
"                 [FILE ...]\n"
"       lnx-rules -n FILE\n"
"       lnx-rules --print-rules\n"
"\n"
"Reads records of any kind, and tells what is wrong: incidents.\n"
"\n"
"  -a, --all            write what is read as well, unchanged\n"
"  -c, --config FILE    configuration (default " CONFIG_FILE ")\n"
"  -h, --help           show this and exit\n"
"  -n, --check FILE     check a file of rules and exit\n"
"  -o, --output FILE    write to FILE, not to standard output\n"
"      --print-rules    show the rules that are built in and exit\n"
"  -q, --quiet          do not tell of skipped lines\n"
"  -r, --rules FILE     go by the rules in FILE (default: what the\n"
"                       configuration names, or " RULES_FILE ",\n"
"                       or, without that, those built in)\n"
"      --reorder TIME   records may come so much out of order: 0s to 60s\n"
"                       (default 500ms)\n"
"  -V, --version        show the version and exit\n"
"  -v, --verbose        tell counts at the end\n";

static int
take_key(void *arg, const char *section, const char *key, const char *value,
    unsigned line, char *why)
{
	return rules_set(arg, section, key, value, line, why);
}

/* The rules in text; NULL after telling what is wrong with them. */
static struct rules *
read_rules(const char *path, const char *text)
{
	struct ini_error e;
	struct rules *rules;
	char why[RULE_WHY];
	unsigned line = 0;

	if ((rules = rules_new()) == NULL)
		err(EX_LNX_SYSTEM, NULL);
	if (ini_text(text, take_key, rules, &e) == -1)
		warnx("%s:%u: %s", path, e.line, e.why);
	else if (rules_done(rules, &line, why) == -1)
		warnx("%s:%u: %s", path, line, why);
	else if (rules_count(rules) == 0)
		warnx("%s: no rule is enabled", path);
	else
		return rules;
	rules_free(rules);
	return NULL;
}

/* Linnix has its rules in another form. */
static void
hint(const char *path)
{
	const char *dot = strrchr(path, '.');

	if (dot != NULL && (strcmp(dot, ".yaml") == 0 ||
	    strcmp(dot, ".yml") == 0))
		warnx("%s: if these are rules of Linnix, rules-from-yaml turns "
		    "them into such a file: see lnx-rules(5)", path);
}

/* Exits where there is nothing to go by. */
static struct rules *
load_rules(const char *path)
{
	const char *from = path != NULL ? path : RULES_FILE;
	struct rules *rules;
	unsigned line = 0;
	char *text;

	if ((text = ini_load(from, &line)) != NULL)
		rules = read_rules(from, text);
	else if (path == NULL && errno == ENOENT)
		rules = read_rules("built-in", rules_default);
	else
		config_unread(from, line);
	free(text);
	if (rules != NULL)
		return rules;
	hint(from);
	exit(EX_LNX_USAGE);
}

static int
check(const struct opts *o)
{
	struct rules *rules = load_rules(o->check);

	if (!o->quiet)
		printf("%s: %zu rules\n", o->check, rules_count(rules));
	rules_free(rules);
	return cmd_end(EX_LNX_OK, NULL, NULL);
}

static void
incident(void *arg, const char *line, size_t len)
{
	struct run *r = arg;

	out_line(r->out, line, len);
}

static void
silent(void *arg)
{
	struct run *r = arg;

	engine_silent(r->engine);
}

static void
no_memory(void)
{
	errno = ENOMEM;
	err(EX_LNX_SYSTEM, NULL);
}

static enum feed_why
record(void *arg, const char *line, size_t len)
{
	struct run *r = arg;
	char *p;

	switch (engine_feed(r->engine, line, len)) {
	case ENGINE_NOT_JSON:
		return FEED_NOT_JSON;
	case ENGINE_NOT_RECORD:
		return FEED_NOT_RECORD;
	case ENGINE_NO_TIME:
		return FEED_NO_TIME;
	case ENGINE_NO_MEMORY:
		no_memory();
	case ENGINE_TAKEN:
		break;
	}
	if (r->o->all && (p = out_room(r->out, len + 1)) != NULL) {
		memcpy(p, line, len);
		p[len] = '\n';
		out_took(r->out, len + 1);
	}
	return FEED_TAKEN;
}

static void
tell_counts(const struct run *r)
{
	struct engine_count c = engine_count(r->engine);

	warnx("%" PRIu64 " records read, %" PRIu64 " lines skipped, %" PRIu64
	    " lost before, %" PRIu64 " late; incidents: %" PRIu64 " opened, %"
	    PRIu64 " closed, %" PRIu64 " still open, %" PRIu64 " dropped; %"
	    PRIu64 " subjects and %" PRIu64 " hosts forgotten", c.records, r->feed.skipped, c.lost,
	    c.late, c.opened, c.closed, c.open, c.dropped, c.evicted,
	    c.hosts);
}

enum { PRINT = 256, REORDER };

static int
reorder(struct opts *o, const char *s)
{
	if (num_duration(s, &o->reorder_ns) == 0 && o->reorder_ns <= REORDER_MAX)
		return 0;
	return cmd_bad("--reorder", s, "a time from 0s to 60s, as 500ms");
}

/* -1 is go on, else the exit status. */
static int
options(struct opts *o, int argc, char **argv)
{
	static const struct option longopts[] = {
		{ "all",	no_argument,		NULL, 'a' },
		{ "check",	required_argument,	NULL, 'n' },
		{ "config",	required_argument,	NULL, 'c' },
		{ "help",	no_argument,		NULL, 'h' },
		{ "output",	required_argument,	NULL, 'o' },
		{ "print-rules", no_argument,		NULL, PRINT },
		{ "quiet",	no_argument,		NULL, 'q' },
		{ "reorder",	required_argument,	NULL, REORDER },
		{ "rules",	required_argument,	NULL, 'r' },
		{ "verbose",	no_argument,		NULL, 'v' },
		{ "version",	no_argument,		NULL, 'V' },
		{ 0 }
	};
	int c, rc = 0;

	while (rc == 0 &&
	    (c = getopt_long(argc, argv, "+ac:hn:o:qr:Vv", longopts,
	    NULL)) != -1)
		switch (c) {
		case 'a':
			o->all = 1;
			break;
		case 'c':
			o->config = optarg;
			break;
		case 'h':
			return cmd_help(help);
		case 'n':
			o->check = optarg;
			break;
		case 'o':
			o->output = optarg;
			break;
		case 'q':
			o->quiet = 1;
			break;
		case 'r':
			o->rules = optarg;
			break;
		case 'V':
			return cmd_version();
		case 'v':
			o->verbose++;
			break;
		case PRINT:
			o->print = 1;
			break;
		case REORDER:
			rc = reorder(o, optarg);
			break;
		default:
			return cmd_usage();
		}
	return rc == 0 ? -1 : rc;
}

static int
finish(struct run *r, int rc)
{
	if (engine_end(r->engine) == -1)
		no_memory();
	out_flush(r->out);
	if (cmd_chatty(r->o->verbose) && !r->o->quiet)
		tell_counts(r);
	rc = cmd_end(rc, r->out, r->o->output);
	engine_free(r->engine);
	return rc;
}

int
main(int argc, char **argv)
{
	static char dash[] = "-", *stdin_only[] = { dash, NULL };
	struct opts o = { .reorder_ns = REORDER_NS };
	struct run r = { .o = &o };
	struct rules *rules;
	struct conf conf;
	int rc, *fds;

	cmd_start();
	if ((rc = options(&o, argc, argv)) != -1)
		return rc;
	if ((o.print || o.check != NULL) && argv[optind] != NULL) {
		warnx("'%s': %s takes no other files", argv[optind],
		    o.print ? "--print-rules" : "-n");
		return cmd_usage();
	}
	argv = argv[optind] != NULL ? argv + optind : stdin_only;
	if (o.print)
		return cmd_help(rules_default);
	if (o.check != NULL)
		return check(&o);

	rc = EX_LNX_OK;
	config_read(&conf, o.config);
	if (o.rules == NULL)
		o.rules = conf_get(&conf, CONF_rules_config_path);
	rules = load_rules(o.rules);
	r.engine = engine_new(rules, &(struct engine_conf){
	    .reorder_ns = o.reorder_ns, .version = PACKAGE_VERSION,
	    .out = incident, .arg = &r });
	if (r.engine == NULL && errno == E2BIG)
		errx(EX_LNX_USAGE, "%s: the rules look at too many fields of one "
		    "kind", o.rules != NULL ? o.rules : RULES_FILE);
	if (r.engine == NULL || (fds = feed_open(argv, o.output, &rc)) == NULL)
		err(EX_LNX_SYSTEM, NULL);
	if ((r.out = out_open(o.output != NULL ? o.output : "-")) == NULL)
		err(EX_LNX_SYSTEM, "%s", o.output);
	if (sandbox_enter(SANDBOX_NOBODY) == -1)
		err(EX_LNX_SYSTEM, "giving up privileges");
	cmd_drain();

	r.feed = (struct feed){ .out = r.out, .line = record, .arg = &r,
	    .silent = silent, .silent_ms = o.reorder_ns / 1000000,
	    .quiet = o.quiet };
	rc = finish(&r, feed_read(&r.feed, argv, fds, rc));
	free(fds);
	rules_free(rules);
	conf_free(&conf);
	return rc;
}
