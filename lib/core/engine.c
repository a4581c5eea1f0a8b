/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "rec/json.h"
#include "rec/wide.h"

#include "core/detect.h"

enum {
	LATE_MANY = 32,		/* so many in a row, and the clock was set back */
	TIMELESS_MANY = 32,	/* so many, and no time is to be expected */
};

/* A record this much earlier than it may be is of another time. */
#define FAR_NS	UINT64_C(10000000000)

struct engine *
engine_new(const struct rules *rs, const struct engine_conf *conf)
{
	struct engine *e;

	if ((e = calloc(1, sizeof(*e))) == NULL)
		return NULL;
	e->rules = rs;
	e->conf = *conf;
	e->nsets = kindnames_init(&e->names);
	if ((e->sets = calloc(e->nsets, sizeof(*e->sets))) == NULL)
		goto fail;
	for (size_t k = 0; k < e->nsets; k++)
		if (kindset_init(&e->sets[k], rs, k) == -1)
			goto fail;
	return e;
fail:
	engine_free(e);
	return NULL;
}

void
engine_free(struct engine *e)
{
	if (e == NULL)
		return;
	for (size_t i = 0; i < e->nlanes; i++)
		lane_free(e->lanes[i]);
	for (size_t k = 0; e->sets != NULL && k < e->nsets; k++)
		kindset_free(&e->sets[k]);
	free(e->sets);
	free(e);
}

/* ---- hosts ---- */

/* Of many processes each is far away in memory: ask for it in time. */
static void
fetch(const struct lane *l)
{
	const struct kept *k;

	if ((k = (const void *)hold_next(l->hold, 1)) != NULL)
		kin_fetch_slot(l->kins, &k->self);
	if ((k = (const void *)hold_next(l->hold, 0)) != NULL)
		kin_fetch(l->kins, &k->self);
}

static void
drain(struct lane *l, int all)
{
	const struct kept *k;
	const struct held *h;
	struct rec r;

	while ((h = hold_take(l->hold, all)) != NULL) {
		k = (const void *)h;
		fetch(l);
		record_unpack(&r, k);
		lane_feed(l, &r);
		record_drop(l->strings, k);
	}
}

/* The host that came first goes, and what is open there with it. */
static void
forget_host(struct engine *e)
{
	struct lane *l = e->lanes[0];

	drain(l, 1);
	groups_forget(l);
	if (!e->said_hosts) {
		e->said_hosts = 1;
		lane_say(l, "degraded", "more than 64 hosts: those that came "
		    "first are forgotten, this one too");
	}
	e->count.hosts++;
	e->count.evicted += l->groups.evicted;
	lane_free(l);
	memmove(&e->lanes[0], &e->lanes[1], --e->nlanes * sizeof(e->lanes[0]));
}

/* The lane of a host as it is written in the line. */
static struct lane *
lane_of(struct engine *e, const struct scan_val *host)
{
	char name[sizeof(e->lane->host)];
	struct lane *l = e->lane;

	if (l != NULL && host->type == SCAN_STR && !host->escaped &&
	    host->len == l->hostlen && memcmp(l->host, host->p, host->len) == 0)
		return l;
	if (scan_str(host, name, sizeof(name)) == -1)
		name[0] = '\0';
	for (size_t i = 0; i < e->nlanes; i++)
		if (strcmp(e->lanes[i]->host, name) == 0)
			return e->lane = e->lanes[i];
	if (e->nlanes == ENGINE_HOSTS)
		forget_host(e);
	if ((l = lane_new(e, name, strlen(name))) != NULL)
		e->lanes[e->nlanes++] = l;
	return e->lane = l;
}

/* ---- records ---- */

/* What was is told, closed and forgotten; time is what comes next. */
static void
begin_anew(struct lane *l, const char *why)
{
	drain(l, 1);
	groups_forget(l);
	lane_say(l, "degraded", why);
	l->e->count.backwards++;
	hold_restart(l->hold);
	accuse_forget(&l->accuse);
	l->nholes = 0;
	l->now = l->far = l->said_far = 0;
}

/* Of those of long ago, the ones that were the first of what is now, which is t. */
static void
replay(struct lane *l, uint64_t t)
{
	struct past past = l->past;
	struct engine *e = l->e;
	struct past_line head;
	const char *line;
	size_t at = 0;

	l->past = (struct past){ 0 };
	while ((line = past_next(&past, &at, &head)) != NULL) {
		if (head.t > t + FAR_NS)
			continue;
		l->late--;
		e->count.late--;
		e->count.records--;
		engine_feed(e, line, head.len);
	}
	past_free(&past);
}

/* The record is of a time long past.  1: it was dealt with. */
static int
long_past(struct lane *l, uint64_t t)
{
	char why[96];

	if (t + FAR_NS >= hold_since(l->hold)) {
		if (l->far > 0)
			past_free(&l->past);
		l->far = 0;
		return 0;
	}
	if (!l->said_far) {
		l->said_far = 1;
		lane_say(l, "degraded", "late: a record came more than 10 s "
		    "late; such are left out, if not 32 come in a row");
	}
	if (++l->far < LATE_MANY) {
		l->late++;
		l->e->count.late++;
		return 1;
	}
	snprintf(why, sizeof(why), "time ran backwards by %llu s: begun anew",
	    (unsigned long long)((hold_latest(l->hold) - t) / 1000000000));
	begin_anew(l, why);
	replay(l, t);
	return 0;
}

/* A source told in which boot it is, and when.  Who came to an earlier time in a
 * boot of which nobody told is in another. */
static void
booted(struct lane *l, const struct scan_val *id, const struct scan_val *when)
{
	char boot[sizeof(l->boot)];
	long n = scan_str(id, boot, sizeof(boot));
	uint64_t t;

	if (n <= 0 || n >= (long)sizeof(boot))
		return;
	if (l->boot[0] != '\0' ? strcmp(l->boot, boot) != 0 :
	    scan_u64(when, &t) == 0 && t >> 62 == 0 &&
	    t + FAR_NS < hold_since(l->hold)) {
		begin_anew(l, "the machine was booted: begun anew");
		lane_boot(l);
		strcpy(l->boot, boot);
		replay(l, scan_u64(when, &t) == 0 ? t : 0);
	}
	strcpy(l->boot, boot);
}

/* Without time nothing can be said of a window: that must not look like calm.
 * One record alone would need none. */
static void
say_timeless(struct lane *l)
{
	if (l->timed || l->timeless < 2 || l->said_timeless)
		return;
	l->said_timeless = 1;
	lane_say(l, "degraded", "no time: the records have no boot_ns, all are "
	    "taken as of one moment");
}

static enum engine_fed
take(struct engine *e, int kind, const struct scan_val *v, const char *line,
    size_t len)
{
	const struct kindset *s = &e->sets[kind];
	const struct scan_val *when = &v[s->at[K_boot_ns]];
	struct lane *l = lane_of(e, &v[s->at[K_host]]);
	uint64_t t;

	if (l == NULL)
		return ENGINE_NO_MEMORY;
	if (kind == EV_source)
		booted(l, &v[s->at[K_boot_id]], when);
	if (scan_u64(when, &t) == 0)
		l->timed = 1;
	else if (when->type != SCAN_NONE && when->type != SCAN_NULL)
		return ENGINE_NO_TIME;
	else {
		t = hold_latest(l->hold);
		l->timeless += s->nrules > 0;
		if (l->timeless >= TIMELESS_MANY)
			say_timeless(l);
	}
	if (t >> 62 != 0)
		return ENGINE_NO_TIME;
	if (long_past(l, t)) {
		past_keep(&l->past, t, line, len);
		return ENGINE_TAKEN;
	}
	if (hold_begun(l->hold) && t < hold_since(l->hold)) {
		l->late++;
		e->count.late++;
		if (!l->said_late) {
			l->said_late = 1;
			lane_say(l, "degraded", "late: a record came after the "
			    "reorder window and was taken as of now");
		}
	}
	hold_time(l->hold, t);
	drain(l, 0);
	if (s->kept && record_keep(l->hold, l->strings, &l->minute, s,
	    kind, t, v, line, len) == -1)
		return ENGINE_NO_MEMORY;
	lane_until(l, hold_since(l->hold));
	return l->nomem ? ENGINE_NO_MEMORY : ENGINE_TAKEN;
}

/* How most lines begin: with what is wanted of every record. */
static const char head[] = "{\"v\":1,\"event\":\"";
enum { HEAD_V = 5, HEAD = sizeof(head) - 1 };

/* The length of the kind's name, where a line begins so and goes on behind it; 0
 * says nothing. */
static size_t
peek(const char *line, size_t len)
{
	const char *name = line + HEAD;
	unsigned odd;

	_Static_assert(sizeof(head) == WIDE + 1, "it is compared at one time");
	if (len < HEAD + WIDE + 1 || wide_same(line, head) != 0xffff ||
	    (odd = wide_odd(name)) == 0)
		return 0;
	odd = __builtin_ctz(odd);
	return name[odd] == '"' && name[odd + 1] == ',' ? odd : 0;
}

/* The kind of a record; -1: the line is none. */
static int
kind_in(const struct engine *e, const struct scan_val *event,
    const struct scan_val *version)
{
	char name[16];
	uint64_t n;

	if (event->type != SCAN_STR || (version->type != SCAN_NONE &&
	    (scan_u64(version, &n) == -1 || n != 1)))
		return -1;
	if (event->escaped &&
	    scan_str(event, name, sizeof(name)) < (long)sizeof(name))
		return kind_of(&e->names, name, strlen(name));
	return kind_of(&e->names, event->p, event->len);
}

/* Of a line that begins as most do, what follows.  0; -1: what it began with came
 * again, or it is no JSON. */
static int
scan_most(const struct kindset *s, const char *line, size_t len, size_t name,
    struct scan_val *v)
{
	struct scan_val *event = &v[s->at[K_event]], *version = &v[s->at[K_v]];

	if (scan_rest(s->scan, line, HEAD + name + 2, len, v) == -1 ||
	    event->type != SCAN_NONE || version->type != SCAN_NONE)
		return -1;
	*version = (struct scan_val){ .p = line + HEAD_V, .len = 1,
	    .type = SCAN_NUM };
	*event = (struct scan_val){ .p = line + HEAD, .len = name,
	    .type = SCAN_STR };
	return 0;
}

/* The values of a line.  Its kind, or -1 and why not. */
static int
scan_any(const struct engine *e, const char *line, size_t len,
    struct scan_val *v, enum engine_fed *why)
{
	int kind = 0, other;

	for (;; kind = other) {
		const struct kindset *s = &e->sets[kind];

		*why = ENGINE_NOT_JSON;
		if (scan_line(s->scan, line, len, v) == -1)
			return -1;
		*why = ENGINE_NOT_RECORD;
		other = kind_in(e, &v[s->at[K_event]], &v[s->at[K_v]]);
		if (other == kind || other == -1)
			return other;
	}
}

enum engine_fed
engine_feed(struct engine *e, const char *line, size_t len)
{
	struct scan_val v[SCAN_KEYS];
	size_t name = peek(line, len);
	int kind = kind_of(&e->names, line + HEAD, name);
	enum engine_fed fed;

	if ((name == 0 || scan_most(&e->sets[kind], line, len, name, v) == -1) &&
	    (kind = scan_any(e, line, len, v, &fed)) == -1)
		return fed;
	fed = take(e, kind, v, line, len);
	e->count.records += fed == ENGINE_TAKEN;
	return fed;
}

void
engine_silent(struct engine *e)
{
	for (size_t i = 0; i < e->nlanes; i++) {
		drain(e->lanes[i], 1);
		hold_settled(e->lanes[i]->hold);
	}
}

int
engine_end(struct engine *e)
{
	int nomem = 0;

	for (size_t i = 0; i < e->nlanes; i++) {
		struct lane *l = e->lanes[i];

		drain(l, 1);
		lane_until(l, hold_latest(l->hold));
		say_timeless(l);
		if (l->late > 0 || l->groups.evicted > 0 || l->dropped > 0 ||
		    lane_forgotten(l) > 0)
			lane_say(l, "end", NULL);
		nomem |= l->nomem;
	}
	return nomem ? -1 : 0;
}

struct engine_count
engine_count(const struct engine *e)
{
	struct engine_count c = e->count;

	for (size_t i = 0; i < e->nlanes; i++)
		c.evicted += e->lanes[i]->groups.evicted;
	return c;
}
