/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/sample_diff.h"
#include "host/sample_path.h"
#include "host/wchan.h"

enum {
	PATHS_MAX = 8192,	/* remembered; the kernel half remembers more */
	PATHS_LOOKS = 16,	/* for so many looks: a cgroup may be renamed */
	PATHS_LEN = 16384,	/* longest two paths; the kernel half has less room */
	FIRST = 1024,		/* processes; a power of two */
};

struct known {
	struct sample_seen seen;	/* sums never less than told before */
	uint64_t user, system;		/* of seen.cpu */
};

/* The processes of one look. */
struct look {
	struct known *known;
	size_t	 n, cap;
	uint32_t *index;	/* 2 * cap, by pid and start; 0: free; else 1 + i */
	uint64_t began;		/* boot_ns; 0: never */
};

struct sample_diff {
	struct look	 now, before;
	struct sample_paths *paths;
	unsigned	 looks;		/* since paths were forgotten */
	int		 all;
	struct {
		struct wire_sample w;
		char tail[PATHS_LEN + WCHAN_NAME];
	} rec;
};

static int
look_init(struct look *l, size_t cap)
{
	l->cap = cap;
	l->known = malloc(cap * sizeof(*l->known));
	l->index = calloc(2 * cap, sizeof(*l->index));
	return l->known != NULL && l->index != NULL ? 0 : -1;
}

static void
look_free(struct look *l)
{
	free(l->known);
	free(l->index);
}

/* Its slot, or the free one where it would be. */
static uint32_t *
look_slot(const struct look *l, uint32_t pid, uint64_t start)
{
	size_t i = (start + pid) * 0x9e3779b97f4a7c15ULL >> 32;
	const struct sample_seen *s;
	uint32_t *slot;

	for (;; i++) {
		slot = &l->index[i & (2 * l->cap - 1)];
		if (*slot == 0)
			return slot;
		s = &l->known[*slot - 1].seen;
		if (s->pid == pid && s->start == start)
			return slot;
	}
}

static const struct known *
look_find(const struct look *l, const struct sample_seen *s)
{
	const uint32_t *slot = look_slot(l, s->pid, s->start);

	return *slot == 0 ? NULL : &l->known[*slot - 1];
}

static int
look_grow(struct look *l)
{
	struct look new = { .n = l->n, .began = l->began };

	if (look_init(&new, 2 * l->cap) == -1) {
		look_free(&new);
		return -1;
	}
	memcpy(new.known, l->known, l->n * sizeof(*l->known));
	for (size_t i = 0; i < new.n; i++)
		*look_slot(&new, new.known[i].seen.pid,
		    new.known[i].seen.start) = 1 + i;
	look_free(l);
	*l = new;
	return 0;
}

struct sample_diff *
sample_diff_new(int all)
{
	struct sample_diff *d;

	if ((d = calloc(1, sizeof(*d))) == NULL)
		return NULL;
	d->all = all;
	if ((d->paths = sample_paths_new()) == NULL ||
	    look_init(&d->now, FIRST) == -1 ||
	    look_init(&d->before, FIRST) == -1) {
		sample_diff_free(d);
		errno = ENOMEM;
		return NULL;
	}
	return d;
}

void
sample_diff_free(struct sample_diff *d)
{
	if (d == NULL)
		return;
	look_free(&d->now);
	look_free(&d->before);
	sample_paths_free(d->paths);
	free(d);
}

int
sample_diff_begin(struct sample_diff *d, uint64_t now)
{
	struct look old = d->before;

	d->before = d->now;
	old.n = 0;
	old.began = now;
	memset(old.index, 0, 2 * old.cap * sizeof(*old.index));
	d->now = old;
	if (sample_paths_count(d->paths) <= PATHS_MAX &&
	    ++d->looks < PATHS_LOOKS)
		return 0;
	d->looks = 0;
	sample_paths_forget(d->paths);
	return 1;
}

/* a * b / c, of a <= c. */
static uint64_t
scale(uint64_t a, uint64_t b, uint64_t c)
{
	return (__extension__ (unsigned __int128)a) * b / c;
}

/*
 * kernel/sched/cputime.c cputime_adjust(): the ticks say how seen.cpu was spent,
 * and neither part gets less than it had.
 */
static void
split(struct known *k, const struct known *old)
{
	uint64_t had_user = old != NULL ? old->user : 0;
	uint64_t had_system = old != NULL ? old->system : 0;
	uint64_t ticks = k->seen.utime + k->seen.stime, cpu = k->seen.cpu;

	k->user = had_user;
	k->system = had_system;
	if (cpu == WIRE_UNKNOWN_64 || cpu <= had_user + had_system)
		return;
	k->system = ticks == 0 ? 0 : scale(k->seen.stime, cpu, ticks);
	if (k->system < had_system)
		k->system = had_system;
	if (k->system > cpu - had_user)
		k->system = cpu - had_user;
	k->user = cpu - k->system;
}

/* How much it grew, of sums that may seem to fall while threads end: what was
 * told once stays, and growth is told when the sum is past it. */
static uint64_t
grown(__u64 *now, const __u64 *before)
{
	if (*now == WIRE_UNKNOWN_64 || *before == WIRE_UNKNOWN_64)
		return WIRE_UNKNOWN_64;
	if (*now < *before)
		*now = *before;
	return *now - *before;
}

static void
used_put(struct wire_sample *w, struct known *k, const struct known *old)
{
	static const struct known none;
	struct sample_seen *s = &k->seen;
	const struct sample_seen *b;

	if (old == NULL)
		old = &none;
	b = &old->seen;
	w->cpu_ns = grown(&s->cpu, &b->cpu);
	split(k, old);
	w->user_ns = w->system_ns = WIRE_UNKNOWN_64;
	if (w->cpu_ns != WIRE_UNKNOWN_64) {
		w->user_ns = k->user - old->user;
		w->system_ns = k->system - old->system;
	}
	w->run_delay_ns = grown(&s->run_delay, &b->run_delay);
	w->voluntary = grown(&s->voluntary, &b->voluntary);
	w->involuntary = grown(&s->involuntary, &b->involuntary);
	w->read_bytes = grown(&s->read_bytes, &b->read_bytes);
	w->write_bytes = grown(&s->write_bytes, &b->write_bytes);
}

static void
unused_put(struct wire_sample *w, struct known *k)
{
	split(k, NULL);
	w->interval_ns = WIRE_UNKNOWN_64;
	w->cpu_ns = w->user_ns = w->system_ns = WIRE_UNKNOWN_64;
	w->run_delay_ns = w->voluntary = w->involuntary = WIRE_UNKNOWN_64;
	w->read_bytes = w->write_bytes = WIRE_UNKNOWN_64;
}

/*
 * Whether a record would say anything but that time passed.  That somebody is
 * still dead or still stuck is news.
 */
static int
changed(const struct sample_seen *s, const struct sample_seen *b)
{
	return s->state == 'Z' || s->state == 'D' ||
	    s->cpu != b->cpu || s->run_delay != b->run_delay ||
	    s->voluntary != b->voluntary ||
	    s->involuntary != b->involuntary ||
	    s->read_bytes != b->read_bytes ||
	    s->write_bytes != b->write_bytes ||
	    s->rss_bytes != b->rss_bytes || s->swap_bytes != b->swap_bytes ||
	    s->fds != b->fds || s->fds_max != b->fds_max ||
	    s->threads != b->threads || s->state != b->state ||
	    s->ppid != b->ppid || s->parent_start != b->parent_start ||
	    s->uid != b->uid || s->cgroup_id != b->cgroup_id ||
	    s->cgroup_v1_id != b->cgroup_v1_id ||
	    memcmp(s->comm, b->comm, sizeof(s->comm)) != 0;
}

static size_t
path_put(struct sample_diff *d, uint64_t id, int v1, size_t at, uint32_t *len)
{
	const void *p;
	size_t n = 0;

	*len = 0;
	if (id == WIRE_UNKNOWN_64 ||
	    (p = sample_paths_get(d->paths, id, v1, &n)) == NULL ||
	    n > PATHS_LEN - at)
		return at;
	memcpy(d->rec.tail + at, p, n);
	*len = n;
	return at + n;
}

static void
now_put(struct sample_diff *d, const struct sample_seen *s, const char *line,
    size_t len)
{
	struct wire_sample *w = &d->rec.w;
	size_t n;

	w->head = (struct wire_head){
		.kind = EV_sample, .boot_ns = s->boot_ns,
	};
	w->id_start = s->start;
	w->pid = s->pid;
	w->parent_id_start = s->parent_start;
	w->ppid = s->ppid;
	w->id_pad = w->parent_id_pad = 0;
	memcpy(w->comm, s->comm, sizeof(w->comm));
	w->uid = s->uid;
	w->state = s->state;
	w->threads = s->threads;
	w->kthread = s->kthread;
	w->cgroup_id = s->cgroup_id;
	w->cgroup_v1_id = s->cgroup_v1_id;
	w->rss_bytes = s->rss_bytes;
	w->swap_bytes = s->swap_bytes;
	w->fds = s->fds;
	w->fds_max = s->fds_max;
	n = path_put(d, s->cgroup_id, 0, 0, &w->len_cgroup);
	n = path_put(d, s->cgroup_v1_id, 1, n, &w->len_cgroup_v1);
	w->len_wchan = wchan_name(line, len);
	memcpy(d->rec.tail + n, line, w->len_wchan);
	w->pad0 = 0;
	w->head.size = sizeof(*w) + n + w->len_wchan;
}

static int
paths_learn(struct sample_diff *d, const struct sample_seen *s)
{
	const char *p = (const char *)(s + 1);

	if (s->len_cgroup > 0 && sample_paths_put(d->paths, s->cgroup_id, 0, p,
	    s->len_cgroup) == -1)
		return -1;
	p += s->len_cgroup;
	return s->len_cgroup_v1 > 0 ? sample_paths_put(d->paths,
	    s->cgroup_v1_id, 1, p, s->len_cgroup_v1) : 0;
}

int
sample_diff_seen(struct sample_diff *d, const struct sample_seen *s,
    const char *line, size_t len, const struct wire_sample **rec)
{
	const struct known *old = look_find(&d->before, s);
	struct wire_sample *w = &d->rec.w;
	struct known *k;

	*rec = NULL;
	if (paths_learn(d, s) == -1)
		return -1;
	if (d->now.n == d->now.cap && look_grow(&d->now) == -1)
		return -1;
	k = &d->now.known[d->now.n++];
	k->seen = *s;
	*look_slot(&d->now, s->pid, s->start) = d->now.n;
	now_put(d, s, line, len);
	if (old != NULL) {
		w->interval_ns = s->boot_ns - old->seen.boot_ns;
		used_put(w, k, old);
	} else if (d->before.began != 0 && s->start >= d->before.began) {
		w->interval_ns = s->boot_ns - s->start;
		used_put(w, k, NULL);
	} else
		unused_put(w, k);
	if (d->all || old == NULL || changed(&k->seen, &old->seen))
		*rec = w;
	return 0;
}
