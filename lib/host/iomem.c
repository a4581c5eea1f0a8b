/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "host/boot.h"
#include "host/iomem_impl.h"
#include "rec/wire.h"

#include "iomem.skel.h"

enum {
	IDLE = 60,		/* windows after which a party may be forgotten */
	CROWDED = WAIT_PARTIES * 3 / 4,	/* parties from which on it is */
	FILES = 512,		/* pressure files held open */
	LATELY = 4,		/* windows after reclaim for which growth is read */
};

struct iomem *
iomem_open(unsigned resources, const struct cgroup_host *host,
    char why[TRACE_WHY])
{
	struct iomem *m = calloc(1, sizeof(*m));

	if (m != NULL) {
		m->host = *host;
		m->root = m->v1_root = -1;
		m->resources = resources;
		m->host_reclaim = UINT32_MAX;
		m->key = calloc(WAIT_PARTIES, sizeof(*m->key));
		m->value = calloc(WAIT_PARTIES, sizeof(*m->value));
		m->edge_key = calloc(WAIT_EDGES, sizeof(*m->edge_key));
		m->edge = calloc(WAIT_EDGES, sizeof(*m->edge));
	}
	if (m == NULL || m->key == NULL || m->value == NULL ||
	    m->edge_key == NULL || m->edge == NULL) {
		strcpy(why, "out of memory");
		iomem_close(m);
		errno = ENOMEM;
		return NULL;
	}
	if (iomem_load(m, why) == -1) {
		int err = errno;

		iomem_close(m);
		errno = err;
		return NULL;
	}
	if (m->host.v2[0] != '\0')
		m->root = open(m->host.v2, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (strcmp(m->host.controller, "memory") == 0)
		m->v1_root = open(m->host.v1,
		    O_PATH | O_DIRECTORY | O_CLOEXEC);
	m->looked = boot_now();
	return m;
}

static void
known_free(struct known *k)
{
	pressure_close(&k->io);
	pressure_close(&k->memory);
	free(k);
}

void
iomem_close(struct iomem *m)
{
	if (m == NULL)
		return;
	iomem_unload(m);
	if (m->root != -1)
		close(m->root);
	if (m->v1_root != -1)
		close(m->v1_root);
	for (size_t i = 0; i < m->nknown; i++)
		known_free(m->known[i]);
	free(m->key);
	free(m->value);
	free(m->edge_key);
	free(m->edge);
	free(m->io.p);
	free(m->memory.p);
	free(m);
}

const struct iomem_facts *
iomem_facts(const struct iomem *m)
{
	return &m->facts;
}

/* Where it is, or belongs. */
static size_t
place(const struct iomem *m, uint64_t key)
{
	size_t from = 0, to = m->nknown, at;

	while (from < to) {
		at = from + (to - from) / 2;
		if (m->known[at]->key < key)
			from = at + 1;
		else
			to = at;
	}
	return from;
}

size_t
iomem_find(const struct iomem *m, uint64_t key)
{
	size_t i = place(m, key);

	return i < m->nknown && m->known[i]->key == key ? i : m->nknown;
}

static struct known *
meet(struct iomem *m, uint64_t key, const struct wait_party *p)
{
	size_t i = place(m, key);
	struct known *k;

	if (i < m->nknown && m->known[i]->key == key)
		return m->known[i];
	if (m->nknown == WAIT_PARTIES || (k = calloc(1, sizeof(*k))) == NULL)
		return NULL;
	memmove(&m->known[i + 1], &m->known[i],
	    (m->nknown - i) * sizeof(*m->known));
	m->known[i] = k;
	m->nknown++;
	k->key = key;
	k->limited = UINT32_MAX;
	k->grown = WIRE_UNKNOWN_64;
	pressure_init(&k->io);
	pressure_init(&k->memory);
	if (p->len > WAIT_PATH || p->v1_len > WAIT_PATH - p->len)
		return k;
	memcpy(k->tail, p->tail, sizeof(k->tail));
	k->party.cgroup = k->tail;
	k->party.cgroup_len = p->len;
	k->party.cgroup_v1 = k->tail + p->len;
	k->party.cgroup_v1_len = p->v1_len;
	k->party.cgroup_id = p->id;
	k->party.cgroup_v1_id = p->v1_id;
	return k;
}

/* The sums since the look before. */
static void
take(struct iomem *m, uint64_t key, const struct wait_party *p)
{
	struct known *k = meet(m, key, p);
	int news = 0;

	if (k == NULL)
		return;
	for (int i = 0; i < WAIT_SUMS; i++) {
		/* The kernel half made it anew after it was forgotten here. */
		k->d[i] = p->sum[i] >= k->sum[i] ? p->sum[i] - k->sum[i] :
		    p->sum[i];
		k->sum[i] = p->sum[i];
		news |= k->d[i] != 0;
	}
	k->idle = news ? 0 : k->idle + 1;
	if (k->d[WAIT_LIMIT_N] > 0)
		k->limited = 0;
	else if (k->limited != UINT32_MAX)
		k->limited++;
	/* A wait for reclaim ends windows after kswapd was woken: half as
	 * much for each that has passed. */
	k->wakes = k->wakes / 2 + (k->d[WAIT_KSWAPD_N] << 10);
	k->max_io = k->max_memory = 0;
	if (p->window == m->skel->bss->state.window) {
		k->max_io = p->max_io;
		k->max_memory = p->max_memory;
	}
}

static int
take_parties(struct iomem *m)
{
	int fd = bpf_map__fd(m->skel->maps.parties), rc;
	__u32 n = WAIT_PARTIES, at = 0;

	rc = bpf_map_lookup_batch(fd, NULL, &at, m->key, m->value, &n, NULL);
	if (rc != 0 && errno != ENOENT)
		return -1;
	for (__u32 i = 0; i < n; i++)
		take(m, m->key[i], &m->value[i]);
	return 0;
}

static int
take_edges(struct iomem *m)
{
	int fd = bpf_map__fd(m->skel->maps.edges), rc;
	__u32 n = WAIT_EDGES, at = 0;

	m->nedge = 0;
	rc = bpf_map_lookup_and_delete_batch(fd, NULL, &at, m->edge_key,
	    m->edge, &n, NULL);
	if (rc != 0 && errno != ENOENT)
		return -1;
	m->nedge = n;
	return 0;
}

static uint64_t
since(uint64_t now, uint64_t then)
{
	return now > then ? now - then : 0;
}

static int
is_gone(uint32_t pid)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%u", pid);
	return access(path, F_OK) == -1 && errno == ENOENT;
}

/* Waits that have not ended.  One whose end the kernel did not tell, because
 * the task is gone, is none. */
static void
take_open(struct iomem *m, uint64_t now)
{
	const struct wait_task *t;
	struct known *k;
	uint32_t flags;
	size_t i;

	for (i = 0; i < m->nknown; i++)
		m->known[i]->open_io = m->known[i]->open_memory = 0;
	for (t = m->tasks; t < m->tasks + WAIT_TASKS; t++) {
		if ((flags = t->flags) == 0 ||
		    (i = iomem_find(m, t->party)) == m->nknown)
			continue;
		if (t->off_boot < m->looked && is_gone(t->pid))
			continue;
		k = m->known[i];
		if (flags & 1)
			k->open_io += since(now, t->off_boot);
		if (flags & 2)
			k->open_memory += since(now, t->off_boot);
	}
}

static void
take_pressure(struct iomem *m, struct pressure *p, const struct known *k,
    const char *resource)
{
	const struct pressure_look l = { .root = m->root,
	    .id = k->party.cgroup_id, .resource = resource,
	    .number = m->skel->bss->state.window };
	int was = p->fd != -1;

	/* The cgroups of v1 have none. */
	if (k->party.cgroup_v1_len > 0)
		return;
	pressure_read(p, &l, k->party.cgroup, k->party.cgroup_len,
	    was || m->nopen < FILES);
	m->nopen += (p->fd != -1) - was;
}

/* How much memory it took lately: half as much for each window that has passed,
 * as of wakes.  Only while the host is short does that matter. */
static void
take_usage(struct iomem *m, struct known *k)
{
	int v1 = (k->key & WAIT_V1) != 0;
	struct usage_look l = { .root = v1 ? m->v1_root : m->root,
	    .file = v1 ? "memory.usage_in_bytes" : "memory.current",
	    .number = m->skel->bss->state.window };
	const struct stall_party *p = &k->party;

	l.id = p->cgroup_v1_len > 0 ? p->cgroup_v1_id : p->cgroup_id;
	if (m->host_reclaim > LATELY) {
		k->grown = WIRE_UNKNOWN_64;
		return;
	}
	if (p->cgroup_v1_len > 0)
		usage_read(&k->usage, &l, p->cgroup_v1, p->cgroup_v1_len);
	else
		usage_read(&k->usage, &l, p->cgroup, p->cgroup_len);
	if (k->usage.grown != WIRE_UNKNOWN_64)
		k->grown = k->usage.grown +
		    (k->grown != WIRE_UNKNOWN_64 ? k->grown / 2 : 0);
}

/* Forget who has not waited for long, if there are many: here and there. */
static void
forget(struct iomem *m)
{
	int fd = bpf_map__fd(m->skel->maps.parties);
	size_t n = 0;

	if (m->nknown < CROWDED)
		return;
	for (size_t i = 0; i < m->nknown; i++) {
		struct known *k = m->known[i];

		if (k->idle < IDLE) {
			m->known[n++] = k;
			continue;
		}
		m->nopen -= (k->io.fd != -1) + (k->memory.fd != -1);
		bpf_map_delete_elem(fd, &k->key);
		known_free(k);
	}
	m->nknown = n;
}

static void
fill_party(struct stall_party *p, const struct known *k, int io)
{
	const struct pressure *file = io ? &k->io : &k->memory;

	*p = k->party;
	p->cpu_ns = WIRE_UNKNOWN_64;
	p->psi_some_ns = file->d_some;
	p->psi_full_ns = file->d_full;
	p->wait_max_ns = io ? k->max_io : k->max_memory;
	p->open_ns = io ? k->open_io : k->open_memory;
}

static int
hand_out(struct iomem *m, enum stall_resource r, uint64_t now,
    struct stall_window *w)
{
	int io = r == STALL_IO;
	struct edges *e = io ? &m->io : &m->memory;
	struct stall_party *party = m->party[io];

	if (w == NULL)
		return 0;
	e->n = 0;
	if ((io ? iomem_edges_io(m) : iomem_edges_memory(m)) == -1)
		return -1;
	for (size_t i = 0; i < m->nknown; i++)
		fill_party(&party[i], m->known[i], io);
	*w = (struct stall_window){ .resource = r, .from = m->looked, .to = now,
	    .party = party, .nparty = m->nknown, .edge = e->p, .nedge = e->n };
	return 0;
}

int
iomem_read(struct iomem *m, struct stall_window *io,
    struct stall_window *memory)
{
	struct wait_state *s = &m->skel->bss->state;
	uint64_t now;

	forget(m);
	now = boot_now();
	if (take_parties(m) == -1 || take_edges(m) == -1)
		return -1;
	s->window++;
	m->host_reclaim = s->reclaim_n != m->reclaim_n ? 0 :
	    m->host_reclaim == UINT32_MAX ? UINT32_MAX : m->host_reclaim + 1;
	m->reclaim_n = s->reclaim_n;
	take_open(m, now);
	for (size_t i = 0; i < m->nknown; i++) {
		struct known *k = m->known[i];

		if (io != NULL)
			take_pressure(m, &k->io, k, "io");
		if (memory != NULL)
			take_pressure(m, &k->memory, k, "memory");
		if (memory != NULL)
			take_usage(m, k);
	}
	if (hand_out(m, STALL_IO, now, io) == -1 ||
	    hand_out(m, STALL_MEMORY, now, memory) == -1)
		return -1;
	m->looked = now;
	return 0;
}
