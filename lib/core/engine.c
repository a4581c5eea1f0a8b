/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "rec/json.h"

#include "core/group.h"

enum {
	VALUE_LOOK = 4096,	/* longer values are not looked at */
	LATE_MANY = 32,		/* so many in a row, and the clock was set back */
	TIMELESS_MANY = 32,	/* so many, and no time is to be expected */
};

/* A record this much earlier than it may be is of another time. */
#define FAR_NS	UINT64_C(10000000000)

/* ---- which fields of which kind ---- */

static int
want(struct kindset *s, const char **names, const struct rules *rs, uint8_t key)
{
	if (s->at[key] != K_NONE)
		return 0;
	if (s->n == SCAN_KEYS) {
		errno = E2BIG;
		return -1;
	}
	s->at[key] = s->n;
	s->key[s->n] = key;
	names[s->n++] = rs->key[key];
	return 0;
}

/* Fields that event.def does not have yet; sources may tell them. */
static int
optional(uint8_t key)
{
	return key == K_wchan ||
	    (key >= K_culprit_pod && key <= K_victim_namespace);
}

/* Those that a kind can have. */
static int
want_all(struct kindset *s, const char **names, const struct rules *rs,
    int kind, const uint8_t *keys)
{
	for (; *keys != K_NONE; keys++)
		if ((kind == 0 || optional(*keys) ||
		    key_kinds(rs->key[*keys], UINT64_C(1) << kind) != 0) &&
		    want(s, names, rs, *keys) == -1)
			return -1;
	return 0;
}

/* What the lane itself learns from a kind. */
static const uint8_t *
lane_keys(int kind)
{
	static const uint8_t head[] = { K_v, K_event, K_boot_ns, K_time, K_host,
	    K_NONE };
	static const uint8_t none[] = { K_NONE };
	static const uint8_t process[] = { K_id, K_parent_id, K_creator_id,
	    K_comm, K_cgroup, K_cgroup_v1, K_cpu, K_exe, K_NONE };
	static const uint8_t source[] = { K_tool, K_state, K_boot_id, K_degraded,
	    K_cpus, K_memory_total, K_NONE };
	static const uint8_t lost[] = { K_count, K_from, K_to, K_forks, K_execs,
	    K_exits, K_reparents, K_ooms, K_NONE };
	static const uint8_t cgroup[] = { K_cgroup, K_cgroup_v1, K_memory_bytes,
	    K_memory_max_bytes, K_NONE };
	static const uint8_t stall[] = { K_resource, K_method, K_stall_ns,
	    K_victim_cgroup, K_victim_cgroup_v1, K_culprit_cgroup,
	    K_culprit_cgroup_v1, K_culprit_kind, K_culprit_comm, K_culprit_id,
	    K_NONE };

	switch (kind) {
	case -1:
		return head;
	case EV_source:
		return source;
	case EV_lost:
		return lost;
	case EV_stall:
		return stall;
	case EV_cgroup:
		return cgroup;
	case EV_snap:
	case EV_fork:
	case EV_exec:
	case EV_exit:
	case EV_reparent:
	case EV_sample:
		return process;
	default:
		return none;
	}
}

static int
want_rule(struct kindset *s, const char **names, const struct rules *rs,
    int kind, const struct rule *r)
{
	static const uint8_t group[] = { K_id, K_cgroup, K_cgroup_v1, K_pod,
	    K_namespace, K_NONE };
	const uint8_t own[] = { r->by_key, r->field_key == r->by_key ? K_NONE :
	    r->field_key, K_NONE };

	if (want_all(s, names, rs, kind, group) == -1 ||
	    want_all(s, names, rs, kind, r->det->keys) == -1)
		return -1;
	for (int i = 0; i < 2; i++)
		if (own[i] != K_NONE && want(s, names, rs, own[i]) == -1)
			return -1;
	for (int i = 0; i < r->nfields; i++)
		if (want(s, names, rs, r->fields[i]) == -1)
			return -1;
	s->rules[s->nrules++] = r;
	return 0;
}

static int
set_init(struct kindset *s, const struct rules *rs, int kind)
{
	const char *names[SCAN_KEYS];

	memset(s->at, K_NONE, sizeof(s->at));
	if (want_all(s, names, rs, 0, lane_keys(-1)) == -1 ||
	    want_all(s, names, rs, kind, lane_keys(kind)) == -1)
		return -1;
	for (size_t i = 0; kind > 0 && i < rs->n; i++)
		if (!rs->all[i]->off && rs->all[i]->kinds >> kind & 1 &&
		    want_rule(s, names, rs, kind, rs->all[i]) == -1)
			return -1;
	s->scan = scan_new(names, s->n);
	return s->scan != NULL ? 0 : -1;
}

/* Where in the table of names a kind is looked for. */
static unsigned
name_slot(const char *s, size_t len)
{
	return ((unsigned char)s[0] * 5u + (unsigned char)s[len - 1] +
	    (unsigned)len * 7u) % ENGINE_NAMES;
}

static void
names_init(struct engine *e)
{
	for (size_t k = 1; k < e->nsets; k++) {
		const char *name = event_desc(k)->name;
		unsigned i = name_slot(name, strlen(name));

		while (e->names[i].len != 0)
			i = (i + 1) % ENGINE_NAMES;
		e->names[i].name = name;
		e->names[i].len = strlen(name);
		e->names[i].kind = k;
	}
}

/* The number of a kind; 0 is any that is not known. */
static int
kind_of(const struct engine *e, const char *s, size_t len)
{
	if (len == 0)
		return 0;
	for (unsigned i = name_slot(s, len); e->names[i].len != 0;
	    i = (i + 1) % ENGINE_NAMES)
		if (e->names[i].len == len &&
		    memcmp(e->names[i].name, s, len) == 0)
			return e->names[i].kind;
	return 0;
}

struct engine *
engine_new(const struct rules *rs, const struct engine_conf *conf)
{
	struct engine *e;

	if ((e = calloc(1, sizeof(*e))) == NULL)
		return NULL;
	e->rules = rs;
	e->conf = *conf;
	for (e->nsets = 1; event_desc(e->nsets) != NULL;)
		e->nsets++;
	if ((e->sets = calloc(e->nsets, sizeof(*e->sets))) == NULL)
		goto fail;
	for (size_t k = 0; k < e->nsets; k++)
		if (set_init(&e->sets[k], rs, k) == -1)
			goto fail;
	names_init(e);
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
		scan_free(e->sets[k].scan);
	free(e->sets);
	free(e);
}

/* ---- hosts ---- */

static void
drain(struct lane *l, int all)
{
	struct held *h;

	while ((h = hold_take(l->hold, all)) != NULL) {
		lane_feed(l, (struct rec *)(void *)h);
		hold_back(l->hold, h);
	}
}

/* The host that came first goes, and what is open there with it. */
static void
forget_host(struct engine *e)
{
	struct lane *l = e->lanes[0];

	drain(l, 1);
	while (l->groups.oldest != NULL)
		group_forget(l, l->groups.oldest);
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
	    strncmp(l->host, host->p, host->len) == 0 &&
	    host->len < sizeof(name) && l->host[host->len] == '\0')
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

/* Most values are short: too short for a call. */
static inline char *
copy(char *p, const char *s, size_t n)
{
	if (n > 16)
		return mempcpy(p, s, n);
	if (n >= 8) {
		memcpy(p, s, 8);
		memcpy(p + n - 8, s + n - 8, 8);
	} else if (n >= 4) {
		memcpy(p, s, 4);
		memcpy(p + n - 4, s + n - 4, 4);
	} else
		for (size_t i = 0; i < n; i++)
			p[i] = s[i];
	return p + n;
}

/* A copy of what will be looked at, to wait. */
static struct rec *
pack(struct hold *h, const struct kindset *s, const struct scan_val *v)
{
	size_t len = 0, n = s->n;
	struct rec *r;
	char *p;

	for (size_t i = 0; i < n; i++)
		if (v[i].type != SCAN_NONE)
			len += v[i].len + 1;
	r = (struct rec *)(void *)hold_room(h, sizeof(*r) + n * sizeof(*v) + len);
	if (r == NULL)
		return NULL;
	r->set = s;
	r->n = n;
	p = (char *)&r->v[n];
	for (size_t i = 0; i < n; i++) {
		r->v[i] = v[i];
		if (v[i].type == SCAN_NONE)
			continue;
		if (v[i].len > VALUE_LOOK) {
			r->v[i].type = SCAN_NONE;
			continue;
		}
		r->v[i].p = p;
		p = copy(p, v[i].p, v[i].len);
		*p++ = ',';	/* ends a number */
	}
	r->len = p - (char *)&r->v[n];
	return r;
}

/* The record is of a time long past.  1: it was dealt with. */
static int
long_past(struct lane *l, uint64_t t)
{
	char why[96];

	if (t + FAR_NS >= hold_since(l->hold)) {
		l->far = 0;
		return 0;
	}
	l->late++;
	l->e->count.late++;
	if (++l->far < LATE_MANY)
		return 1;
	drain(l, 1);
	snprintf(why, sizeof(why), "time ran backwards by %llu s: begun anew",
	    (unsigned long long)((hold_latest(l->hold) - t) / 1000000000));
	while (l->groups.oldest != NULL)
		group_forget(l, l->groups.oldest);
	lane_say(l, "degraded", why);
	l->e->count.backwards++;
	hold_restart(l->hold);
	l->nholes = l->nedges = 0;
	l->now = l->far = 0;
	return 0;
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
take(struct engine *e, int kind, const struct scan_val *v)
{
	const struct kindset *s = &e->sets[kind];
	struct lane *l = lane_of(e, &v[s->at[K_host]]);
	struct rec *r;
	uint64_t t;

	if (l == NULL)
		return ENGINE_NO_MEMORY;
	if (scan_u64(&v[s->at[K_boot_ns]], &t) == 0)
		l->timed = 1;
	else {
		t = hold_latest(l->hold);
		l->timeless += s->nrules > 0;
		if (l->timeless >= TIMELESS_MANY)
			say_timeless(l);
	}
	if (t >> 62 != 0 || long_past(l, t))
		return ENGINE_TAKEN;
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
	if (s->nrules > 0 || lane_keys(kind)[0] != K_NONE) {
		if ((r = pack(l->hold, s, v)) == NULL)
			return ENGINE_NO_MEMORY;
		r->held.t = t;
		r->kind = kind;
		if (hold_put(l->hold, &r->held) == -1) {
			hold_back(l->hold, &r->held);
			return ENGINE_NO_MEMORY;
		}
	}
	lane_until(l, hold_since(l->hold));
	return l->nomem ? ENGINE_NO_MEMORY : ENGINE_TAKEN;
}

/* The kind as most lines tell it; 0 says nothing. */
static int
peek(const struct engine *e, const char *line, size_t len)
{
	static const char head[] = "{\"v\":1,\"event\":\"";
	const char *end;

	if (len < sizeof(head) + 16 ||
	    memcmp(line, head, sizeof(head) - 1) != 0)
		return 0;
	line += sizeof(head) - 1;
	end = memchr(line, '"', 16);
	return end != NULL ? kind_of(e, line, end - line) : 0;
}

enum engine_fed
engine_feed(struct engine *e, const char *line, size_t len)
{
	const struct scan_val *event, *version;
	struct scan_val v[SCAN_KEYS];
	int kind = peek(e, line, len), other;
	char name[16];
	uint64_t n;

	for (;; kind = other) {
		const struct kindset *s = &e->sets[kind];

		if (scan_line(s->scan, line, len, v) == -1)
			return ENGINE_NOT_JSON;
		event = &v[s->at[K_event]];
		version = &v[s->at[K_v]];
		if (event->type != SCAN_STR || (version->type != SCAN_NONE &&
		    (scan_u64(version, &n) == -1 || n != 1)))
			return ENGINE_NOT_RECORD;
		other = kind_of(e, event->p, event->len);
		if (event->escaped && scan_str(event, name, sizeof(name)) <
		    (long)sizeof(name))
			other = kind_of(e, name, strlen(name));
		if (other == kind)
			break;
	}
	e->count.records++;
	return take(e, kind, v);
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
		if (l->late > 0 || l->groups.evicted > 0 || l->dropped > 0)
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

void
lane_say(struct lane *l, const char *state, const char *why)
{
	char line[EVENT_LINE_MIN], reasons[4][120], *p = line;
	char time[NUM_TIME + 1];
	const struct engine_conf *conf = &l->e->conf;
	size_t n = 0;

	if (why == NULL) {
		if (l->late > 0)
			snprintf(reasons[n++], 120, "late: %llu records",
			    (unsigned long long)l->late);
		if (l->groups.evicted > 0)
			snprintf(reasons[n++], 120, "evicted: %llu subjects",
			    (unsigned long long)l->groups.evicted);
		if (l->dropped > 0)
			snprintf(reasons[n++], 120, "dropped: %llu incidents",
			    (unsigned long long)l->dropped);
	} else
		snprintf(reasons[n++], 120, "%s", why);
	p = stpcpy(p, "{\"v\":1,\"event\":\"source\"");
	time[lane_time(l, l->now, time)] = '\0';
	if (time[0] != '\0')
		p += sprintf(p, ",\"time\":\"%s\"", time);
	if (l->now > 0)
		p += sprintf(p, ",\"boot_ns\":%llu", (unsigned long long)l->now);
	if (l->host[0] != '\0') {
		p = stpcpy(p, ",\"host\":\"");
		p += json_escape(p, 400, l->host, strlen(l->host), NULL, NULL);
		p = stpcpy(p, "\"");
	}
	p += sprintf(p, ",\"tool\":\"lnx-rules\",\"state\":\"%s\","
	    "\"version\":\"%s\",\"degraded\":[", state, conf->version);
	for (size_t i = 0; i < n; i++) {
		p = stpcpy(p, i > 0 ? ",\"" : "\"");
		p += json_escape(p, 240, reasons[i], strlen(reasons[i]), NULL, NULL);
		p = stpcpy(p, "\"");
	}
	p = stpcpy(p, "]}\n");
	conf->out(conf->arg, line, p - line);
}
