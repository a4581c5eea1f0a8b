/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Whose the slots are and were, and what the kernel says of their pressure. */
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "host/stall_impl.h"

#include "stall.skel.h"

/* A slot changes its owner only by us; its first one comes when it likes. */
static int
settled(const struct slot_entry *s)
{
	u64 key = __atomic_load_n(&s->key, __ATOMIC_ACQUIRE);

	return key != 0 && key != SLOT_KEY_GONE;
}

static void
owner_free(struct owner *o)
{
	if (o != NULL)
		free(o->path);
	free(o);
}

/* Take over its path: the kernel half may be writing it once more. */
static int
owner_name(struct owner *o, const struct slot_entry *s, const char *path)
{
	u32 named = __atomic_load_n(&s->named, __ATOMIC_ACQUIRE);
	u32 len = s->len < SLOT_NAMES ? s->len : SLOT_NAMES;
	char *p;

	if (o->path != NULL && o->named == named)
		return 0;
	if ((p = malloc(len + 1)) == NULL)
		return -1;
	memcpy(p, path, len);
	free(o->path);
	o->path = p;
	o->len = len;
	o->named = named;
	return 0;
}

static struct owner *
owner_new(const struct slot_entry *s, const char *path)
{
	struct owner *o;

	if ((o = calloc(1, sizeof(*o))) == NULL)
		return NULL;
	pressure_init(&o->psi);
	o->id = s->id;
	o->start = s->start;
	o->pid = s->pid;
	o->of = s->of;
	o->kind = s->kind;
	if (owner_name(o, s, path) == -1) {
		owner_free(o);
		return NULL;
	}
	return o;
}

static int
learn(struct stall *st, uint32_t i)
{
	const struct slot_entry *s = &st->slot[i];
	struct held *h = &st->held[i];
	uint32_t token;

	if (!settled(s))
		return 0;
	token = slot_token(i, s->gen);
	if (h->owner == NULL || h->token != token) {
		/* retire() took the one before. */
		h->owner = owner_new(s, st->path + (size_t)i * SLOT_NAMES);
		h->token = token;
	}
	if (h->owner == NULL)
		return -1;
	memcpy(h->owner->comm, s->comm, sizeof(s->comm));
	return 0;
}

int
stall_learn(struct stall *st)
{
	struct owner *o;
	int rc = 0;

	/* Paths change only here: the window has pointers to them. */
	for (uint32_t i = SLOT_FIRST; i < st->conf.slots; i++)
		if (learn(st, i) == -1 || ((o = st->held[i].owner) != NULL &&
		    owner_name(o, &st->slot[i],
		    st->path + (size_t)i * SLOT_NAMES) == -1))
			rc = -1;
	return rc;
}

struct owner *
stall_owner(struct stall *st, uint32_t token)
{
	uint32_t i = slot_index(token);

	if (i < SLOT_FIRST || i >= st->conf.slots)
		return NULL;
	/* It may have come since the slots were looked at. */
	if (st->held[i].token != token)
		learn(st, i);
	if (st->held[i].owner != NULL && st->held[i].token == token)
		return st->held[i].owner;
	for (size_t k = st->nretired; k > 0; k--)
		if (st->retired[k - 1].token == token)
			return st->retired[k - 1].owner;
	return NULL;
}

/* Somebody runs for so long that nothing looked its slot up. */
static int
runs(const struct stall *st, uint32_t i)
{
	const struct wait_cpu *c;

	for (int k = 0; k < st->ncpu; k++) {
		c = &stall_cpu(st, k)->wait;
		if (slot_index(c->seg[c->head & (WAIT_RING - 1)].who) == i)
			return 1;
	}
	return 0;
}

/* Keep whose it was: runs that are remembered may still have its token. */
static int
retire(struct stall *st, uint32_t i)
{
	struct held *h = &st->held[i];
	struct retired *p;

	if (st->nretired == st->cap_retired) {
		size_t cap = 2 * st->cap_retired + 64;

		p = reallocarray(st->retired, cap, sizeof(*p));
		if (p == NULL)
			return -1;
		st->retired = p;
		st->cap_retired = cap;
	}
	st->retired[st->nretired++] = (struct retired){
		h->token, h->owner, st->number,
	};
	h->owner = NULL;
	return 0;
}

static void
expire(struct stall *st)
{
	size_t n = 0;

	while (n < st->nretired &&
	    st->retired[n].number + STALL_KEEP < st->number)
		owner_free(st->retired[n++].owner);
	st->nretired -= n;
	memmove(st->retired, st->retired + n,
	    st->nretired * sizeof(*st->retired));
}

/* Most processes are short. */
static uint32_t
age(enum slot_kind kind)
{
	return kind == SLOT_PROCESS ? 2 : STALL_AGE;
}

void
stall_retire(struct stall *st)
{
	uint32_t epoch = st->skel->data->slot_epoch;
	int claims = bpf_map__fd(st->skel->maps.slot_claims);
	struct slot_entry *s;

	expire(st);
	for (uint32_t i = SLOT_FIRST; i < st->conf.slots; i++) {
		s = &st->slot[i];
		if (s->key == SLOT_KEY_GONE) {
			/* No program that had seen it can still be under way. */
			s->gen++;
			__atomic_store_n(&s->key, 0, __ATOMIC_RELEASE);
			bpf_map_delete_elem(claims, &i);
		} else if (settled(s) && st->held[i].owner != NULL &&
		    epoch - s->used >= age(s->kind) && !runs(st, i) &&
		    retire(st, i) == 0) {
			__atomic_store_n(&s->key, SLOT_KEY_GONE,
			    __ATOMIC_RELEASE);
		}
	}
}

void
stall_forget(struct stall *st)
{
	for (uint32_t i = 0; st->held != NULL && i < st->conf.slots; i++)
		owner_free(st->held[i].owner);
	for (size_t i = 0; i < st->nretired; i++)
		owner_free(st->retired[i].owner);
	free(st->held);
	free(st->retired);
}

static void
psi_of(struct stall *st, struct owner *o)
{
	const struct pressure_look l = { .root = st->root, .id = o->id,
	    .resource = "cpu", .number = st->number };
	struct stall_party *p;

	pressure_read(&o->psi, &l, o->path, o->len, 0);
	if (o->number != st->number)
		return;
	p = &st->w.party[o->party];
	p->psi_some_ns = o->psi.d_some;
	p->psi_full_ns = o->psi.d_full;
}

void
stall_psi(struct stall *st)
{
	struct owner *o;

	if (st->root == -1)
		return;
	/* Of those, too, who waited not long ago: so that there is something
	 * to compare with when they do again. */
	for (uint32_t i = SLOT_FIRST; i < st->conf.slots; i++) {
		o = st->held[i].owner;
		if (o != NULL && o->kind == SLOT_CGROUP &&
		    !(o->id & SLOT_ID_V1) && o->victim_number != 0 &&
		    o->victim_number + STALL_AGE >= st->number)
			psi_of(st, o);
	}
}
