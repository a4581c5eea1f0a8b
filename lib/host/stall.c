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

static int waiting(struct stall *, int tell);

static int
init(struct stall *st)
{
	st->held = calloc(st->conf.slots, sizeof(*st->held));
	st->by_id = calloc(2 * (size_t)st->conf.slots, sizeof(*st->by_id));
	return st->held && st->by_id ? stall_cells_init(st) : -1;
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
	stall_cells_free(st);
	free(st->by_id);
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
		.no_open = st->blind,
	};

	for (int i = 0; i < st->ncpu; i++)
		n.missed += stall_cpu(st, i)->wait.missed;
	return n;
}

/* What each slot did on all processors, and until now where it still runs. */
static void
rows_sum(const struct stall *st, uint32_t i, struct sum *sum, uint64_t *max)
{
	const struct stall_row *r;
	const struct stall_cpu *c;
	const struct wait_seg *s;

	*sum = (struct sum){ 0 };
	*max = 0;
	for (int k = 0; k < st->ncpu; k++) {
		c = stall_cpu(st, k);
		r = &c->row[i];
		sum->ran += r->ran;
		sum->waits += r->waits;
		sum->unkept += r->unkept;
		if (r->epoch == st->skel->data->slot_epoch && r->max > *max)
			*max = r->max;
		s = &c->wait.seg[c->wait.head & (WAIT_RING - 1)];
		if (slot_index(s->who) == i && c->wait.now > s->start)
			sum->ran += c->wait.now - s->start;
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
	party = h->owner != NULL ? stall_party_of(st, h->token, NULL) :
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
		return stall_edge_add(st, h->owner != NULL ? h->token : SLOT_OTHER,
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
			party = stall_party_of(st, open[i].victim, NULL);
			if (party != STALL_NONE)
				st->w.party[party].open_ns += open[i].ns;
		}
	}
	close(fd);
	return n == 0 ? 0 : -1;
}

int
stall_read(struct stall *st, const struct stall_window **w)
{
	int rc = 0, blind;
	uint64_t now;

	st->number++;
	st->w.nparty = st->w.nedge = 0;
	memset(st->by_id, 0, 2 * (size_t)st->conf.slots * sizeof(*st->by_id));
	if ((st->other = stall_party_add(st)) == STALL_NONE)
		return -1;
	rc |= stall_learn(st);
	blind = waiting(st, 1) == -1;
	/* We may be held up anywhere: what counts is when the cells are read. */
	now = boot_now();
	if (stall_cells_read(st) == -1)
		return -1;
	st->w.from = st->w.to;
	st->w.to = now;
	rc |= stall_cells_diff(st);
	rc |= stall_cells_drop(st);
	for (uint32_t i = SLOT_IDLE + 1; i < st->conf.slots; i++)
		if (i == SLOT_OTHER || i >= SLOT_FIRST)
			rc |= row_read(st, i);
	st->blind += blind;
	for (size_t i = 0; blind && i < st->w.nparty; i++)
		st->w.party[i].open_ns = UINT64_MAX;
	stall_edges_merge(&st->w);
	stall_psi(st);
	stall_retire(st);
	st->skel->data->slot_epoch++;
	*w = &st->w;
	return rc != 0 ? -1 : 0;
}
