/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "core/blame_impl.h"

static const char *const resources[STALL_RESOURCES] = { "cpu", "io", "memory" };
static const char *const kinds[STALL_KINDS] = {
	"cgroup", "self", "throttle", "limit", "kthread", "irq", "steal",
	"idle", "unknown", "older",
};
static const char *const methods[] = { "measured", "sampled", "estimated" };

static uint64_t
micro(uint64_t a, uint64_t b)
{
	return blame_part(a, 1000000, b);
}

static char *
tail(char *p, __u32 *len, const char *s, size_t n)
{
	*len = s != NULL ? n : 0;
	if (*len > 0)
		memcpy(p, s, n);
	return p + *len;
}

static char *
word(char *p, __u32 *len, const char *s)
{
	return tail(p, len, s, strlen(s));
}

/* Both paths of a party, which stand one behind the other in each kind. */
#define PARTY(p, r, who, c) do {					\
	(r)->who##_cgroup_id = (c)->cgroup_id;				\
	(r)->who##_cgroup_v1_id = (c)->cgroup_v1_id;			\
	(p) = tail((p), &(r)->len_##who##_cgroup, (c)->cgroup,		\
	    (c)->cgroup_len);						\
	(p) = tail((p), &(r)->len_##who##_cgroup_v1, (c)->cgroup_v1,	\
	    (c)->cgroup_v1_len);					\
} while (0)

static int
hand(const struct blame_job *j, struct wire_head *h, int ev, const char *end)
{
	*h = (struct wire_head){ .kind = ev, .boot_ns = j->w->to,
	    .size = end - (const char *)h };
	return j->fn(j->arg, h, h->size);
}

/* The part of the wait that is explained. */
static uint64_t
coverage(const struct blame_total *t)
{
	uint64_t dark = blame_sum(t->by[STALL_UNKNOWN], t->by[STALL_OLDER]);

	return micro(dark < t->ns ? t->ns - dark : 0, t->ns);
}

int
blame_tell_edge(const struct blame_job *j, const struct blame_total *t, const struct stall_edge *e)
{
	struct wire_stall *r = j->rec;
	const struct stall_party *c = e->culprit != STALL_NOBODY ?
	    &j->w->party[e->culprit] : NULL;
	char *p = (char *)(r + 1);

	memset(r, 0xff, sizeof(*r));
	r->pad0 = r->pad1 = r->culprit_id_pad = 0;
	r->len_culprit_cgroup = r->len_culprit_cgroup_v1 = 0;
	p = word(p, &r->len_resource, resources[j->w->resource]);
	PARTY(p, r, victim, t->party);
	p = word(p, &r->len_culprit_kind, kinds[blame_kind(e)]);
	p = tail(p, &r->len_culprit_comm, e->comm,
	    strnlen(e->comm, sizeof(e->comm)));
	if (c != NULL)
		PARTY(p, r, culprit, c);
	r->culprit_id_start = e->start;
	r->culprit_pid = e->pid;
	r->window_ns = j->w->to - j->w->from;
	r->stall_ns = e->ns < BLAME_MOST ? e->ns : BLAME_MOST;
	r->waits = e->waits;
	r->share = micro(r->stall_ns, t->ns);
	p = word(p, &r->len_method, methods[e->method]);
	r->confidence = e->method != STALL_ESTIMATED ? coverage(t) :
	    e->confidence < 1000 ? e->confidence * UINT64_C(1000) : 1000000;
	return hand(j, &r->head, EV_stall, p);
}

int
blame_tell_total(const struct blame_job *j, const struct blame_total *t)
{
	struct wire_stall_total *r = j->rec;
	char *p = (char *)(r + 1);

	memset(r, 0xff, sizeof(*r));
	r->pad0 = r->pad1 = 0;
	p = word(p, &r->len_resource, resources[j->w->resource]);
	PARTY(p, r, victim, t->party);
	r->window_ns = j->w->to - j->w->from;
	r->stall_ns = t->ns;
	/* Time was waited, so some wait ended: 0 is not known. */
	if (t->party->waits > 0)
		r->waits = t->party->waits;
	r->by_neighbour = t->by[STALL_CGROUP];
	r->by_self = t->by[STALL_SELF];
	r->by_throttle = t->by[STALL_THROTTLE];
	r->by_limit = t->by[STALL_LIMIT];
	r->by_kthread = t->by[STALL_KTHREAD];
	r->by_irq = t->by[STALL_IRQ];
	r->by_steal = t->by[STALL_STEAL];
	r->by_idle = t->by[STALL_IDLE];
	r->by_unknown = t->by[STALL_UNKNOWN];
	r->by_older = t->by[STALL_OLDER];
	r->coverage = coverage(t);
	r->psi_some_ns = t->party->psi_some_ns;
	r->psi_full_ns = t->party->psi_full_ns;
	r->wait_max_ns = t->party->wait_max_ns;
	r->open_ns = t->party->open_ns;
	if (t->party->slept_ns > 0)
		r->slept_ns = t->party->slept_ns;
	/* However the wait is divided, its length is what the kernel says. */
	p = word(p, &r->len_method, methods[STALL_MEASURED]);
	return hand(j, &r->head, EV_stall_total, p);
}

int
blame_tell_harm(const struct blame_job *j, const struct blame_harm *h)
{
	struct wire_stall_culprit *r = j->rec;
	char *p = (char *)(r + 1);

	memset(r, 0xff, sizeof(*r));
	r->pad0 = 0;
	p = word(p, &r->len_resource, resources[j->w->resource]);
	p = word(p, &r->len_culprit_kind, kinds[STALL_CGROUP]);
	PARTY(p, r, culprit, h->party);
	r->window_ns = j->w->to - j->w->from;
	r->induced_ns = h->ns;
	r->victims = h->victims;
	r->cpu_ns = h->party->cpu_ns;
	if (r->cpu_ns != WIRE_UNKNOWN_64)
		r->harm_ratio = micro(h->ns, r->cpu_ns);
	if (h->psi)
		r->psi_contribution = micro(h->psi_ns, r->window_ns);
	p = word(p, &r->len_method, methods[h->method]);
	return hand(j, &r->head, EV_stall_culprit, p);
}

size_t
blame_room(const struct stall_window *w)
{
	size_t n, most = 0;

	for (size_t i = 0; i < w->nparty; i++) {
		n = (size_t)w->party[i].cgroup_len + w->party[i].cgroup_v1_len;
		most = n > most ? n : most;
	}
	return sizeof(struct wire_stall_total) + sizeof(struct wire_stall) +
	    2 * most + 64;
}
