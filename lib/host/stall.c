/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "host/boot.h"
#include "host/stall_impl.h"

#include "stall.skel.h"

enum {
	BATCH = 2048,
	SEEN = 256,			/* cells at first */
};

static int waiting(struct stall *, int tell);

static int
init(struct stall *st)
{
	st->seen.size = st->next.size = SEEN;
	st->seen.seen = calloc(SEEN, sizeof(*st->seen.seen));
	st->next.seen = calloc(SEEN, sizeof(*st->next.seen));
	st->held = calloc(st->conf.slots, sizeof(*st->held));
	st->by_id = calloc(2 * (size_t)st->conf.slots, sizeof(*st->by_id));
	st->keys = calloc(BATCH, sizeof(*st->keys));
	st->cells = calloc(BATCH, sizeof(*st->cells));
	st->idle = calloc(st->conf.cells, sizeof(*st->idle));
	return st->seen.seen && st->next.seen && st->held && st->by_id &&
	    st->keys && st->cells && st->idle ? 0 : -1;
}

struct stall *
stall_open(const struct stall_conf *conf, const struct cgroup_host *host,
    char why[TRACE_WHY])
{
	struct stall *st;

	if ((st = calloc(1, sizeof(*st))) == NULL)
		goto nomem;
	st->conf = *conf;
	st->root = -1;
	if (st->conf.slots == 0)
		st->conf.slots = conf->by_process ? 2 * STALL_SLOTS :
		    STALL_SLOTS;
	if (st->conf.cells == 0)
		st->conf.cells = STALL_CELLS;
	st->ncpu = libbpf_num_possible_cpus();
	if (st->ncpu < 1 || st->conf.slots < STALL_SLOTS_MIN ||
	    st->conf.slots > STALL_SLOTS_MAX ||
	    (st->conf.slots & (st->conf.slots - 1)) != 0) {
		strcpy(why, "the number of slots is no power of two from 16 "
		    "to 16384");
		errno = EINVAL;
		goto fail;
	}
	if (init(st) == -1)
		goto nomem;
	strcpy(why, "cannot look at the tasks that there are");
	if (stall_load(st, host, why) == -1)
		goto fail;
	/* The iterator meets each task once before anything counts, and once
	 * after. */
	if (waiting(st, 0) == -1 || stall_attach(st, why) == -1 ||
	    waiting(st, 0) == -1)
		goto fail;
	st->w.resource = STALL_CPU;
	st->w.to = boot_now();
	malloc_trim(0);		/* the kernel's BTF took some 10 MB */
	return st;
nomem:
	strcpy(why, "out of memory");
	errno = ENOMEM;
fail:
	stall_close(st);
	return NULL;
}

void
stall_close(struct stall *st)
{
	int err = errno;

	if (st == NULL)
		return;
	stall_forget(st);
	stall_unload(st);
	if (st->root != -1)
		close(st->root);
	free(st->seen.seen);
	free(st->next.seen);
	free(st->by_id);
	free(st->keys);
	free(st->cells);
	free(st->idle);
	free(st->w.party);
	free(st->w.edge);
	free(st);
	errno = err;
}

const struct stall_facts *
stall_facts(const struct stall *st)
{
	return &st->facts;
}

struct stall_counts
stall_counts(const struct stall *st)
{
	struct stall_counts n = {
		.no_slot = st->skel->bss->slot_full,
		.no_cell = st->skel->bss->cells_full,
		.no_task = st->skel->bss->tasks_full,
	};

	for (int i = 0; i < st->ncpu; i++)
		n.missed += st->cpu[i].wait.missed;
	return n;
}

/* The party of this id, a new one if need be; STALL_NONE, with errno. */
static uint32_t
party_add(struct stall *st)
{
	struct stall_window *w = &st->w;
	struct stall_party *p;

	if (w->nparty == st->cap_party) {
		size_t cap = 2 * st->cap_party + 64;

		if ((p = reallocarray(w->party, cap, sizeof(*p))) == NULL)
			return STALL_NONE;
		w->party = p;
		st->cap_party = cap;
	}
	p = &w->party[w->nparty];
	memset(p, 0xff, sizeof(*p));
	p->cgroup = p->cgroup_v1 = NULL;
	p->cgroup_len = p->cgroup_v1_len = 0;
	p->open_ns = 0;
	return w->nparty++;
}

static void
party_name(struct stall_party *p, const struct owner *o)
{
	p->cpu_ns = 0;
	if (!(o->id & SLOT_ID_V1)) {
		p->cgroup_id = o->id;
		p->cgroup = o->path;
		p->cgroup_len = o->len;
		return;
	}
	p->cgroup_id = 1;
	p->cgroup = "";
	p->cgroup_len = 1;
	p->cgroup_v1_id = o->id & ~SLOT_ID_V1;
	p->cgroup_v1 = o->path;
	p->cgroup_v1_len = o->len;
}

/* Those who share an id are one: it had two slots. */
static uint32_t
party_of(struct stall *st, struct owner *o)
{
	size_t mask = 2 * (size_t)st->conf.slots - 1;
	size_t i = o->id * 0x9e3779b97f4a7c15ULL >> 40 & mask;

	if (o->number == st->number)
		return o->party;
	while (st->by_id[i].id != 0 && st->by_id[i].id != o->id)
		i = (i + 1) & mask;
	if (st->by_id[i].id == 0) {
		/* More than the table has room for are owners of the past. */
		if (st->w.nparty + 2 >= mask)
			return st->other;
		if ((o->party = party_add(st)) == STALL_NONE)
			return STALL_NONE;
		party_name(&st->w.party[o->party], o);
		st->by_id[i] = (struct by_id){ o->id, o->party };
	}
	o->party = st->by_id[i].party;
	o->number = st->number;
	return o->party;
}

/* The party of a token; of processes, that of their cgroup. */
static uint32_t
party_of_token(struct stall *st, uint32_t token, struct owner **owner)
{
	struct owner *o = stall_owner(st, token);

	if (owner != NULL)
		*owner = o;
	if (o != NULL && o->kind == SLOT_PROCESS)
		o = stall_owner(st, o->of);
	return o != NULL && o->kind == SLOT_CGROUP ? party_of(st, o) :
	    st->other;
}

static void
edge_culprit(struct stall *st, struct stall_edge *e, uint32_t token)
{
	static const uint8_t kinds[SLOT_FIRST] = {
		[SLOT_UNKNOWN] = STALL_UNKNOWN, [SLOT_IDLE] = STALL_IDLE,
		[SLOT_OTHER] = STALL_CGROUP, [SLOT_OLDER] = STALL_OLDER,
		[SLOT_STEAL] = STALL_STEAL, [SLOT_IRQ] = STALL_IRQ,
		[SLOT_THROTTLE] = STALL_THROTTLE, [SLOT_FIRST - 1] = STALL_UNKNOWN,
	};
	struct owner *o;

	if (token < SLOT_FIRST && token != SLOT_OTHER) {
		e->kind = kinds[token];
		return;
	}
	e->culprit = party_of_token(st, token, &o);
	if (o != NULL && o->kind == SLOT_KTHREAD) {
		e->kind = STALL_KTHREAD;
		e->culprit = STALL_NOBODY;
		memcpy(e->comm, o->comm, sizeof(e->comm));
		return;
	}
	e->kind = e->culprit == e->victim ? STALL_SELF : STALL_CGROUP;
	/* Of two that are not known it is not known whether they are one. */
	if (e->kind == STALL_SELF && e->victim == st->other) {
		e->kind = STALL_UNKNOWN;
		e->culprit = STALL_NOBODY;
	}
	if (o != NULL && o->kind == SLOT_PROCESS) {
		e->pid = o->pid;
		e->start = o->start;
		memcpy(e->comm, o->comm, sizeof(e->comm));
	}
}

/* What a pair of tokens grew by. */
static int
edge_add(struct stall *st, uint32_t victim, uint32_t culprit, uint64_t ns,
    uint64_t waits)
{
	struct stall_window *w = &st->w;
	struct stall_edge *e;
	struct owner *o;

	if (w->nedge == st->cap_edge) {
		size_t cap = 2 * st->cap_edge + 256;

		if ((e = reallocarray(w->edge, cap, sizeof(*e))) == NULL)
			return -1;
		w->edge = e;
		st->cap_edge = cap;
	}
	e = &w->edge[w->nedge];
	*e = (struct stall_edge){ .culprit = STALL_NOBODY, .pid = UINT32_MAX,
	    .start = UINT64_MAX, .ns = ns, .waits = waits };
	e->victim = party_of_token(st, victim, &o);
	if (o != NULL)
		o->victim_number = st->number;
	e->method = culprit & WAIT_SAMPLED ? STALL_SAMPLED : STALL_MEASURED;
	edge_culprit(st, e, culprit & ~WAIT_SAMPLED);
	w->nedge++;
	return 0;
}

static int
edge_order(const void *pa, const void *pb)
{
	const struct stall_edge *a = pa, *b = pb;

#define BY(f) do { if (a->f != b->f) return a->f < b->f ? -1 : 1; } while (0)
	BY(victim);
	BY(culprit);
	BY(kind);
	BY(method);
	BY(pid);
	BY(start);
#undef BY
	return memcmp(a->comm, b->comm, sizeof(a->comm));
}

/* Who had two slots has two edges. */
static void
edges_merge(struct stall_window *w)
{
	size_t n = 0;

	if (w->nedge == 0)
		return;
	qsort(w->edge, w->nedge, sizeof(*w->edge), edge_order);
	for (size_t i = 1; i < w->nedge; i++) {
		if (edge_order(&w->edge[n], &w->edge[i]) != 0) {
			w->edge[++n] = w->edge[i];
			continue;
		}
		w->edge[n].ns += w->edge[i].ns;
		w->edge[n].waits += w->edge[i].waits;
	}
	w->nedge = n + 1;
}

static struct seen *
seen_at(const struct seen_table *t, uint64_t key)
{
	size_t i = (key * 0x9e3779b97f4a7c15ULL >> 20) & (t->size - 1);

	while (t->seen[i].key != 0 && t->seen[i].key != key)
		i = (i + 1) & (t->size - 1);
	return &t->seen[i];
}

/* Room for twice as many. */
static int
seen_grow(struct seen_table *t)
{
	struct seen_table old = *t;

	t->size *= 2;
	if ((t->seen = calloc(t->size, sizeof(*t->seen))) == NULL) {
		*t = old;
		return -1;
	}
	for (size_t i = 0; i < old.size; i++)
		if (old.seen[i].key != 0)
			*seen_at(t, old.seen[i].key) = old.seen[i];
	free(old.seen);
	return 0;
}

/* The same; new if need be.  NULL with errno. */
static struct seen *
seen_put(struct seen_table *t, uint64_t key)
{
	struct seen *s = seen_at(t, key);

	if (s->key != 0)
		return s;
	if (2 * (t->n + 1) > t->size) {
		if (seen_grow(t) == -1)
			return NULL;
		s = seen_at(t, key);
	}
	t->n++;
	s->key = key;
	return s;
}

/* A part that is replaced while it is read is left out. */
static int
parts_read(struct stall *st)
{
	const struct stall_part *p;
	struct seen *s;
	uint64_t key, ns, waits;

	for (size_t i = 0; i < (size_t)st->ncpu * STALL_PARTS; i++) {
		p = &st->cpu[i / STALL_PARTS].part[i % STALL_PARTS];
		key = __atomic_load_n(&p->key, __ATOMIC_ACQUIRE);
		ns = __atomic_load_n(&p->ns, __ATOMIC_ACQUIRE);
		waits = __atomic_load_n(&p->waits, __ATOMIC_ACQUIRE);
		if (key == 0 || __atomic_load_n(&p->key, __ATOMIC_ACQUIRE) != key)
			continue;
		if ((s = seen_put(&st->next, key)) == NULL)
			return -1;
		s->ns += ns;
		s->waits += waits;
		s->part = true;
	}
	return 0;
}

/* What was on its way from a part to a cell is in neither. */
static int
parts_missed(struct stall *st)
{
	const struct seen *was;
	struct seen *s;

	for (size_t i = 0; i < st->seen.size; i++) {
		was = &st->seen.seen[i];
		if (was->key == 0 || was->ns == 0 ||
		    seen_at(&st->next, was->key)->key != 0)
			continue;
		if ((s = seen_put(&st->next, was->key)) == NULL)
			return -1;
		*s = *was;
	}
	return 0;
}

static int
cells_read(struct stall *st)
{
	int fd = bpf_map__fd(st->skel->maps.cells), err = 0;
	struct seen *s;
	size_t total = 0;
	__u32 in, out, n;

	memset(st->next.seen, 0, st->next.size * sizeof(*st->next.seen));
	st->next.n = 0;
	for (int first = 1; err == 0; first = 0, in = out) {
		n = BATCH;
		err = bpf_map_lookup_batch(fd, first ? NULL : &in, &out,
		    st->keys, st->cells, &n, NULL);
		if (err != 0 && errno != ENOENT)
			return -1;
		for (__u32 i = 0; i < n && total < st->conf.cells; i++, total++) {
			if ((s = seen_put(&st->next, st->keys[i])) == NULL)
				return -1;
			s->ns = st->cells[i].ns;
			s->waits = st->cells[i].waits;
		}
	}
	return parts_read(st) == 0 ? parts_missed(st) : -1;
}

static uint64_t
grown(uint64_t *now, uint64_t was)
{
	/* Missed on its way from a part to a cell: the next time it is there. */
	if (*now < was)
		*now = was;
	return *now - was;
}

/* What cells grew by. */
static int
cells_diff(struct stall *st)
{
	struct seen_table t;
	const struct seen *was;
	struct seen *now;
	uint64_t ns, waits;
	int rc = 0;

	st->nidle = 0;
	for (size_t i = 0; i < st->next.size; i++) {
		now = &st->next.seen[i];
		if (now->key == 0)
			continue;
		was = seen_at(&st->seen, now->key);
		ns = grown(&now->ns, was->ns);
		waits = grown(&now->waits, was->waits);
		if (ns != 0) {
			rc |= edge_add(st, now->key >> 32, now->key, ns, waits);
			continue;
		}
		now->idle = now->part ? 0 : was->idle + 1;
		if (now->idle > STALL_AGE && st->nidle < st->conf.cells)
			st->idle[st->nidle++] = now->key;
	}
	t = st->seen;
	st->seen = st->next;
	st->next = t;
	return rc;
}

/* Whether the token may still be in use. */
static int
in_use(const struct stall *st, uint32_t token)
{
	uint32_t i = slot_index(token);

	return i < SLOT_FIRST || (st->held[i].owner != NULL &&
	    st->held[i].token == token);
}

/*
 * Make room: cells that have not grown for long, if one of both has lost its
 * slot or there are many.  What one of them got since it was read is told.
 */
static int
cells_drop(struct stall *st)
{
	int fd = bpf_map__fd(st->skel->maps.cells), many, rc = 0;
	struct stall_cell c;
	struct seen *s;
	uint64_t key;

	many = st->nidle > st->conf.cells / 2;
	for (size_t i = 0; i < st->nidle; i++) {
		key = st->idle[i];
		if (!many && in_use(st, key >> 32) &&
		    in_use(st, key & ~WAIT_SAMPLED))
			continue;
		/* In one step since 5.14. */
		if (bpf_map_lookup_and_delete_elem(fd, &key, &c) != 0 &&
		    (bpf_map_lookup_elem(fd, &key, &c) != 0 ||
		    bpf_map_delete_elem(fd, &key) != 0))
			continue;
		s = seen_at(&st->seen, key);
		if (c.ns > s->ns)
			rc |= edge_add(st, key >> 32, key, c.ns - s->ns, 0);
		/* What stays is its parts. */
		s->ns -= c.ns < s->ns ? c.ns : s->ns;
		s->waits -= c.waits < s->waits ? c.waits : s->waits;
		s->idle = 0;
	}
	return rc;
}

/* What each slot did on all processors, and until now where it still runs. */
static void
rows_sum(const struct stall *st, uint32_t i, struct sum *sum, uint64_t *max)
{
	const struct stall_row *r;
	const struct wait_cpu *c;
	const struct wait_seg *s;

	*sum = (struct sum){ 0 };
	*max = 0;
	for (int k = 0; k < st->ncpu; k++) {
		r = &st->row[(size_t)k * st->conf.slots + i];
		sum->ran += r->ran;
		sum->waits += r->waits;
		sum->unkept += r->unkept;
		if (r->epoch == st->skel->data->slot_epoch && r->max > *max)
			*max = r->max;
		c = &st->cpu[k].wait;
		s = &c->seg[c->head & (WAIT_RING - 1)];
		if (slot_index(s->who) == i && c->now > s->start)
			sum->ran += c->now - s->start;
	}
}

static int
row_read(struct stall *st, uint32_t i)
{
	struct held *h = &st->held[i];
	struct stall_party *p;
	struct sum now, was = h->sum;
	uint32_t party;
	uint64_t max;

	rows_sum(st, i, &now, &max);
	/* A run that ended while it was read may have been counted twice. */
	if (now.ran < was.ran)
		now.ran = was.ran;
	h->sum = now;
	if (now.ran == was.ran && now.waits == was.waits &&
	    now.unkept == was.unkept)
		return 0;
	if (h->owner != NULL && h->owner->kind == SLOT_KTHREAD)
		return 0;
	party = h->owner != NULL ? party_of_token(st, h->token, NULL) :
	    st->other;
	if (party == STALL_NONE)
		return -1;
	p = &st->w.party[party];
	p->cpu_ns = now.ran - was.ran +
	    (p->cpu_ns != UINT64_MAX ? p->cpu_ns : 0);
	p->waits = now.waits - was.waits +
	    (p->waits != UINT64_MAX ? p->waits : 0);
	if (max > 0 && (p->wait_max_ns == UINT64_MAX || max > p->wait_max_ns))
		p->wait_max_ns = max;
	if (now.unkept > was.unkept)
		return edge_add(st, h->owner != NULL ? h->token : SLOT_OTHER,
		    SLOT_UNKNOWN, now.unkept - was.unkept, 0);
	return 0;
}

/* Run the iterator.  0, or -1 with errno. */
static int
waiting(struct stall *st, int tell)
{
	struct stall_open open[64];
	uint32_t party;
	ssize_t n;
	int fd;

	if ((fd = bpf_iter_create(bpf_link__fd(st->iter))) < 0)
		return -1;
	while ((n = read(fd, open, sizeof(open))) > 0 ||
	    (n == -1 && (errno == EINTR || errno == EAGAIN))) {
		if (n <= 0 || !tell)
			continue;
		for (size_t i = 0; i < n / sizeof(*open); i++) {
			party = party_of_token(st, open[i].victim, NULL);
			if (party != STALL_NONE)
				st->w.party[party].open_ns += open[i].ns;
		}
	}
	close(fd);
	return n == 0 ? 0 : -1;
}

int
stall_read(struct stall *st, uint64_t now, const struct stall_window **w)
{
	int rc = 0;

	st->number++;
	st->w.from = st->w.to;
	st->w.to = now;
	st->w.nparty = st->w.nedge = 0;
	memset(st->by_id, 0, 2 * (size_t)st->conf.slots * sizeof(*st->by_id));
	if ((st->other = party_add(st)) == STALL_NONE)
		return -1;
	rc |= stall_learn(st);
	rc |= waiting(st, 1);
	if (cells_read(st) == -1)
		return -1;
	rc |= cells_diff(st);
	rc |= cells_drop(st);
	for (uint32_t i = SLOT_IDLE + 1; i < st->conf.slots; i++)
		if (i == SLOT_OTHER || i >= SLOT_FIRST)
			rc |= row_read(st, i);
	edges_merge(&st->w);
	stall_psi(st);
	stall_retire(st);
	st->skel->data->slot_epoch++;
	*w = &st->w;
	return rc != 0 ? -1 : 0;
}
