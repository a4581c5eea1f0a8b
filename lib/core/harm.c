/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rec/event.h"
#include "rec/scan.h"

#include "core/harm_name.h"
#include "core/harm_table.h"
#include "core/intern.h"

enum key {
	K_boot_ns, K_host, K_resource, K_window, K_method, K_confidence,
	K_victim, K_victim_v1, K_victim_id, K_victim_v1_id,
	K_culprit, K_culprit_v1, K_culprit_id, K_culprit_v1_id, K_kind, K_comm, K_pid,
	K_stall, K_unknown, K_older, K_open, K_induced, K_cpu,
	K_cgroup, K_cgroup_id, K_interval, K_some, K_max
};

static const char *const keys[K_max] = {
	"boot_ns", "host", "resource", "window_ns", "method", "confidence",
	"victim.cgroup", "victim.cgroup_v1", "victim.cgroup_id",
	"victim.cgroup_v1_id",
	"culprit.cgroup", "culprit.cgroup_v1", "culprit.cgroup_id",
	"culprit.cgroup_v1_id",
	"culprit.kind", "culprit.comm", "culprit.pid",
	"stall_ns", "by.unknown", "by.older", "open_ns", "induced_ns", "cpu_ns",
	"cgroup", "cgroup_id", "interval_ns", "some_ns",
};

struct harm *
harm_new(unsigned depth)
{
	struct harm *h;

	if ((h = calloc(1, sizeof(*h))) == NULL)
		return NULL;
	h->depth = depth;
	h->val = calloc(K_max, sizeof(*h->val));
	h->scan = scan_new(keys, K_max);
	if (h->val == NULL || h->scan == NULL || harm_table_init(h) == -1) {
		harm_free(h);
		return NULL;
	}
	return h;
}

void
harm_free(struct harm *h)
{
	if (h == NULL)
		return;
	harm_table_free(h);
	scan_free(h->scan);
	free(h->val);
	free(h);
}

static uint64_t
num(const struct harm *h, enum key k)
{
	uint64_t u;

	return scan_u64(&h->val[k], &u) == 0 ? u : 0;
}

void
harm_add(struct harm_amount *a, uint64_t at, uint64_t ns)
{
	a->sum = harm_plus(a->sum, ns);
	if (at > a->at) {
		a->at = at;
		a->last = ns;
	} else if (at == a->at) {
		a->last = harm_plus(a->last, ns);
	}
}

/* The host of that name, from 1; 0 if there is none. */
static size_t
host_find(const struct harm *h, const char *name)
{
	for (size_t i = 0; i < h->hosts; i++)
		if (strcmp(h->host[i].name, name) == 0)
			return i + 1;
	return 0;
}

/* The host of the record, from 1; 0 if there are too many. */
static size_t
host_of(struct harm *h)
{
	char name[sizeof(h->host[0].name)] = "";
	size_t i;

	scan_str(&h->val[K_host], name, sizeof(name));
	if ((i = host_find(h, name)) != 0 || h->hosts == HARM_HOSTS)
		return i;
	strcpy(h->host[h->hosts].name, name);
	return ++h->hosts;
}

static void
window(const struct harm *h, struct harm_host *host, int resource, uint64_t at)
{
	uint64_t len = num(h, K_window), from = at > len ? at - len : 0;
	struct harm_span *s = &host->span[resource];

	if (s->to == 0 || from < s->from)
		s->from = from;
	if (at >= s->to) {
		s->to = at;
		s->last = len;
	}
}

enum who { VICTIM, CULPRIT };

/* What the record says of a party of it. */
static void
party_name(const struct harm *h, enum who who, char buf[HARM_NAME])
{
	const struct scan_val *v = h->val;
	struct harm_place victim = { &v[K_victim], &v[K_victim_id],
	    &v[K_victim_v1], &v[K_victim_v1_id] };
	struct harm_place culprit = { &v[K_culprit], &v[K_culprit_id],
	    &v[K_culprit_v1], &v[K_culprit_v1_id] };

	harm_name(buf, who == VICTIM ? &victim : &culprit, h->depth);
}

static const char *const kind_names[STALL_KINDS] = {
	"cgroup", "self", "throttle", "limit", "kthread", "irq", "steal",
	"idle", "unknown", "older",
};

/* STALL_UNKNOWN also for a word that is not known. */
static enum stall_kind
kind_of(const struct harm *h)
{
	int i = 0;

	while (i < STALL_KINDS && !scan_is(&h->val[K_kind], kind_names[i]))
		i++;
	return i < STALL_KINDS ? i : STALL_UNKNOWN;
}

/* The name in val[K_comm], for as long as it is held; NULL. */
static int
comm_of(struct harm *h, const char **s)
{
	char buf[64];

	*s = NULL;
	if (scan_str(&h->val[K_comm], buf, sizeof(buf)) <= 0)
		return 0;
	return (*s = intern_get(h->strings, buf, strlen(buf))) == NULL ? -1 : 0;
}

/* Which process of the culprit it was, where that is told. */
static void
set_process(struct harm *h, struct harm_pair *p, const char *comm, uint64_t ns)
{
	uint64_t pid;

	if (scan_u64(&h->val[K_pid], &pid) == -1 || pid >= UINT32_MAX)
		return;
	p->many |= p->pid != UINT32_MAX && p->pid != pid;
	if (p->pid != UINT32_MAX && (ns < p->process_ns ||
	    (ns == p->process_ns && pid >= p->pid)))
		return;
	p->pid = pid;
	p->process_ns = ns;
	intern_put(h->strings, p->process);
	p->process = comm != NULL ? intern_hold(comm) : NULL;
}

/* Why the victim waited.  -1 without memory. */
static int
cause(struct harm *h, struct harm_pair *key, size_t host, int resource)
{
	char name[HARM_NAME];
	struct harm_party *c;

	key->kind = kind_of(h);
	key->estimated = scan_is(&h->val[K_method], "estimated");
	key->culprit = STALL_NOBODY;
	if (key->kind != STALL_CGROUP)
		return 0;
	party_name(h, CULPRIT, name);
	if ((c = harm_party(h, host, name, resource)) == NULL)
		return -1;
	if (c - h->party == key->victim)
		key->kind = STALL_SELF;
	else
		key->culprit = c - h->party;
	return 0;
}

static int
feed_edge(struct harm *h, size_t host, int resource, uint64_t at)
{
	struct harm_pair key = { 0 }, *p;
	char name[HARM_NAME];
	const char *comm;
	struct harm_party *v;
	uint64_t ns = num(h, K_stall);
	double trust = 0;

	if (scan_is(&h->val[K_method], "open"))	/* is in stall_total */
		return 0;
	party_name(h, VICTIM, name);
	if (harm_room(h) == -1 ||
	    (v = harm_party(h, host, name, resource)) == NULL)
		return -1;
	key.victim = v - h->party;
	if (cause(h, &key, host, resource) == -1 || comm_of(h, &comm) == -1)
		return -1;
	v = &h->party[key.victim];
	harm_add(&v->told, at, ns);
	if (key.kind == STALL_UNKNOWN || key.kind == STALL_OLDER)
		harm_add(&v->told_dark, at, ns);
	key.comm = key.kind == STALL_KTHREAD ? comm : NULL;
	if ((p = harm_pair(h, &key)) != NULL) {
		harm_add(&p->ns, at, ns);
		if (scan_double(&h->val[K_confidence], &trust) == 0)
			p->trust += trust * ns;
		set_process(h, p, comm, ns);
	}
	intern_put(h->strings, comm);
	return p != NULL ? 0 : -1;
}

static int
feed_total(struct harm *h, size_t host, int resource, uint64_t at)
{
	char name[HARM_NAME];
	struct harm_party *v;

	party_name(h, VICTIM, name);
	if (harm_room(h) == -1 ||
	    (v = harm_party(h, host, name, resource)) == NULL)
		return -1;
	harm_add(&v->waited, at, num(h, K_stall));
	harm_add(&v->dark, at, harm_plus(num(h, K_unknown), num(h, K_older)));
	harm_add(&v->open, at, num(h, K_open));
	return 0;
}

static int
feed_culprit(struct harm *h, size_t host, int resource, uint64_t at)
{
	char name[HARM_NAME];
	struct harm_party *c;

	party_name(h, CULPRIT, name);
	if (harm_room(h) == -1 ||
	    (c = harm_party(h, host, name, resource)) == NULL)
		return -1;
	harm_add(&c->induced, at, num(h, K_induced));
	harm_add(&c->cpu, at, num(h, K_cpu));
	c->estimated |= scan_is(&h->val[K_method], "estimated");
	return 0;
}

/* The pressure of a cgroup.  Who never had any has no place in the table. */
static int
feed_psi(struct harm *h, size_t i, int resource, uint64_t at)
{
	uint64_t some = num(h, K_some), len = num(h, K_interval);
	uint64_t from = at > len ? at - len : 0;
	struct harm_host *host = &h->host[i];
	struct harm_place place = { .path = &h->val[K_cgroup],
	    .id = &h->val[K_cgroup_id] };
	char name[HARM_NAME], whole[HARM_NAME];
	struct harm_party *p = NULL;

	if (len == 0 || place.path->type != SCAN_STR || place.path->len == 0)
		return 0;
	if (host->psi_to == 0 || from < host->psi_from)
		host->psi_from = from;
	if (at > host->psi_to)
		host->psi_to = at;
	/* That of a cgroup has that of those below it already. */
	harm_name(whole, &place, 0);
	harm_name(name, &place, h->depth);
	if (strcmp(whole, name) != 0)
		return 0;
	if (harm_room(h) == -1)
		return -1;
	if (some == 0 && harm_party_find(h, i, name, resource) == NULL)
		return 0;
	if ((p = harm_party(h, i, name, resource)) == NULL)
		return -1;
	harm_add(&p->some, at, some);
	harm_add(&p->looked, at, len);
	return 0;
}

int
harm_feed(struct harm *h, int kind, const char *line, size_t len)
{
	static const char *const names[STALL_RESOURCES] = { "cpu", "io", "memory" };
	int resource = 0;
	uint64_t at;
	size_t host;

	if ((kind != EV_stall && kind != EV_stall_total &&
	    kind != EV_stall_culprit && kind != EV_psi) ||
	    scan_line(h->scan, line, len, h->val) == -1)
		return 0;
	while (resource < STALL_RESOURCES &&
	    !scan_is(&h->val[K_resource], names[resource]))
		resource++;
	if (resource == STALL_RESOURCES || (host = host_of(h)) == 0)
		return 0;
	at = num(h, K_boot_ns);
	if (kind == EV_psi)
		return feed_psi(h, host - 1, resource, at);
	h->records++;
	window(h, &h->host[host - 1], resource, at);
	if (kind == EV_stall)
		return feed_edge(h, host - 1, resource, at);
	if (kind == EV_stall_total)
		return feed_total(h, host - 1, resource, at);
	return feed_culprit(h, host - 1, resource, at);
}

const struct harm_party *
harm_find(const struct harm *h, const char *host, const char *cgroup,
    enum stall_resource resource)
{
	char name[HARM_NAME];
	size_t i = host_find(h, host);

	if (i == 0)
		return NULL;
	harm_roll(name, cgroup, h->depth);
	return harm_party_find(h, i - 1, name, resource);
}

uint64_t
harm_span(const struct harm *h, const struct harm_party *p, int last)
{
	const struct harm_host *host = &h->host[p->host];

	return last ? host->span[p->resource].last :
	    host->span[p->resource].to - host->span[p->resource].from;
}

uint64_t
harm_looked(const struct harm *h, const struct harm_party *p, int last)
{
	const struct harm_host *host = &h->host[p->host];

	/* Records before the first with pressure may be forgotten, or not. */
	if (p->looked.at == 0 || p->some.sum == 0)
		return 0;
	return last ? p->looked.last : host->psi_to - host->psi_from;
}

static uint64_t
begin(const struct harm_span *s)
{
	return s->to > s->last ? s->to - s->last : 0;
}

/* The windows of one look: the resources are read one after the other, and it
 * may have been held up in between.  These share more than half of the shorter. */
static int
together(const struct harm_span *a, const struct harm_span *b)
{
	uint64_t to = a->to < b->to ? a->to : b->to;
	uint64_t least = a->last < b->last ? a->last : b->last;
	uint64_t from = begin(a) > begin(b) ? begin(a) : begin(b);

	return a->to == b->to || (to > from && to - from > least / 2);
}

uint64_t
harm_host_end(const struct harm_host *host, int resource)
{
	const struct harm_span *own = &host->span[resource], *latest = own;
	uint64_t two = harm_plus(own->last, own->last);

	for (int r = 0; r < STALL_RESOURCES; r++)
		if (host->span[r].to > latest->to)
			latest = &host->span[r];
	return !together(own, latest) ||
	    host->psi_to > harm_plus(own->to, two) ? 0 : own->to;
}

uint64_t
harm_end(const struct harm *h, const char *host, enum stall_resource resource)
{
	size_t i = host_find(h, host);

	return i == 0 ? 0 : harm_host_end(&h->host[i - 1], resource);
}
