/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "host/boot.h"
#include "host/trace.h"
#include "host/trace_impl.h"
#include "rec/make.h"
#include "rec/wire.h"

#include "trace.skel.h"

#define SECOND	1000000000ULL

static int
take(void *arg, void *rec, size_t size)
{
	struct trace *tr = arg;

	tr->fn_rc = tr->fn(tr->arg, rec, size);
	if (tr->fn_rc != 0)
		return -EINTR;
	tr->taken += size;
	return tr->taken < tr->conf.ring ? 0 : -EAGAIN;
}

struct trace *
trace_open(const struct trace_conf *conf, const struct cgroup_host *host,
    char why[TRACE_WHY])
{
	struct trace *tr;

	if ((tr = calloc(1, sizeof(*tr))) == NULL) {
		strcpy(why, "out of memory");
		return NULL;
	}
	tr->conf = *conf;
	tr->ncpu = libbpf_num_possible_cpus();
	if (tr->ncpu < 1 || tr->ncpu > WIRE_CPUS) {
		strcpy(why, "this machine has more than 1024 processors");
		errno = E2BIG;
		goto fail;
	}
	if (trace_load(tr, host, why) == -1)
		goto fail;
	tr->rb = ring_buffer__new(bpf_map__fd(tr->skel->maps.ring), take, tr,
	    NULL);
	if (tr->rb == NULL) {
		strcpy(why, "cannot map the ring buffer");
		goto fail;
	}
	tr->miss_at = boot_now();
	/* The kernel's BTF took some 10 MB, which the library has freed. */
	malloc_trim(0);
	return tr;
fail:
	trace_close(tr);
	return NULL;
}

void
trace_close(struct trace *tr)
{
	if (tr == NULL)
		return;
	ring_buffer__free(tr->rb);
	trace_unload(tr);
	free(tr->told);
	free(tr);
}

const struct trace_facts *
trace_facts(const struct trace *tr)
{
	return &tr->facts;
}

int
trace_fd(const struct trace *tr)
{
	return ring_buffer__epoll_fd(tr->rb);
}

int
trace_drain(struct trace *tr, trace_fn *fn, void *arg)
{
	int n;

	tr->fn = fn;
	tr->arg = arg;
	tr->fn_rc = 0;
	tr->taken = 0;
	n = ring_buffer__consume(tr->rb);
	if (tr->fn_rc != 0)
		return tr->fn_rc;
	/* As much as the ring has room for: all that was there at first. */
	if (n >= 0 || n == -EAGAIN)
		return 0;
	errno = -n;
	return -1;
}

/* Hand out the whole records in buf; what is left of it moves to its front. */
static int
cut(char *buf, size_t *len, trace_fn *fn, void *arg)
{
	struct wire_head h;
	size_t at = 0;
	int rc = 0;

	while (rc == 0 && *len - at >= sizeof(h)) {
		memcpy(&h, buf + at, sizeof(h));
		if (h.size > *len - at)
			break;
		rc = fn(arg, memmove(buf + (at & ~(size_t)7), buf + at,
		    h.size), h.size);	/* aligned */
		at += h.size;
	}
	memmove(buf, buf + at, *len - at);
	*len -= at;
	return rc;
}

int
trace_snap(struct trace *tr, uint64_t number, uint64_t until, trace_fn *fn,
    void *arg)
{
	size_t cap = 2 * (64 * 1024 + tr->conf.argv_max), len = 0;
	char *buf = NULL;
	int fd = -1, rc = -1;
	ssize_t n;

	if (tr->link == NULL) {
		errno = ENOSYS;
		return -1;
	}
	tr->skel->bss->snap_number = number;
	tr->skel->bss->snap_until = until;
	if ((buf = malloc(cap)) == NULL)
		goto out;
	if ((fd = bpf_iter_create(bpf_link__fd(tr->link))) < 0)
		goto out;
	for (;;) {
		n = read(fd, buf + len, cap - len);
		if (n == -1 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n <= 0)
			break;
		len += n;
		if ((rc = cut(buf, &len, fn, arg)) != 0)
			goto out;
	}
	rc = n == 0 ? 0 : -1;
out:
	if (fd >= 0)
		close(fd);
	free(buf);
	return rc;
}

uint64_t
trace_untold(const struct trace *tr)
{
	uint64_t n = 0;

	for (int i = 0; i < tr->ncpu; i++)
		n += tr->skel->bss->counts[i].untold;
	return n;
}

uint64_t
trace_unfollowed(const struct trace *tr)
{
	return tr->skel->bss->tree_full;
}

/* A lost record of n[] by kind, which it also adds up. */
static int
tell(struct make *m, const __u64 n[TRACE_KINDS], trace_fn *fn, void *arg)
{
	uint64_t buf[64];
	size_t size;

	make_num(m, "forks", n[0]);
	make_num(m, "execs", n[1]);
	make_num(m, "exits", n[2]);
	make_num(m, "reparents", n[3]);
	make_num(m, "ooms", n[4]);
	make_num(m, "count", n[0] + n[1] + n[2] + n[3] + n[4]);
	size = make_end(m, boot_now(), buf, sizeof(buf));
	return fn(arg, buf, size);
}

/* What is new in sum since told, which then has it. */
static int
grown(__u64 n[TRACE_KINDS], const __u64 sum[TRACE_KINDS],
    __u64 told[TRACE_KINDS])
{
	int any = 0;

	for (int k = 0; k < TRACE_KINDS; k++) {
		n[k] = sum[k] - told[k];
		any |= n[k] != 0;
		told[k] = sum[k];
	}
	return any;
}

/* Add up what found the ring full, and when; the times start anew. */
static void
full_take(struct trace *tr, __u64 sum[TRACE_KINDS], __u64 *from, __u64 *to)
{
	for (int i = 0; i < tr->ncpu; i++)
		for (int k = 0; k < TRACE_KINDS; k++) {
			volatile struct count *c =
			    &tr->skel->bss->counts[i].slot[k];

			sum[k] += c->full;
			if (c->full_from == 0)
				continue;
			if (c->full_from < *from)
				*from = c->full_from;
			if (c->full_to > *to)
				*to = c->full_to;
			c->full_from = 0;
		}
}

static int
lost_ring(struct trace *tr, trace_fn *fn, void *arg)
{
	__u64 sum[TRACE_KINDS] = { 0 }, n[TRACE_KINDS];
	__u64 from = UINT64_MAX, to = 0;
	struct make m;

	full_take(tr, sum, &from, &to);
	if (!grown(n, sum, tr->full))
		return 0;
	/* One that came between the two looks at it has no time of its own. */
	if (from == UINT64_MAX)
		from = to = boot_now();
	make_begin(&m, EV_lost);
	make_text(&m, "source", "ring");
	make_num(&m, "from", from);
	make_num(&m, "to", to);
	return tell(&m, n, fn, arg);
}

static __u64
misses(const struct bpf_program *p)
{
	struct bpf_prog_info info = { 0 };
	__u32 len = sizeof(info);
	int fd = bpf_program__fd(p);

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len) != 0)
		return 0;
	return info.recursion_misses;
}

/*
 * Runs that the kernel skipped because one was under way on that cpu: possible
 * where tracepoints do not switch preemption off.
 */
static int
lost_miss(struct trace *tr, trace_fn *fn, void *arg)
{
	struct trace_bpf *s = tr->skel;
	__u64 sum[TRACE_KINDS] = {
		misses(s->progs.fork), misses(s->progs.exec),
		misses(s->progs.exit_live) + misses(s->progs.exit_group_dead),
		0, misses(s->progs.oom_task) + misses(s->progs.oom_pid),
	}, n[TRACE_KINDS], from = tr->miss_at;
	struct make m;

	tr->miss_at = boot_now();
	if (!grown(n, sum, tr->miss))
		return 0;
	make_begin(&m, EV_lost);
	make_text(&m, "source", "miss");
	make_num(&m, "from", from);
	make_num(&m, "to", tr->miss_at);
	return tell(&m, n, fn, arg);
}

static struct trace_told *
told_of(struct trace *tr, const struct budget_key *key)
{
	struct trace_told *p;

	for (size_t i = 0; i < tr->ntold; i++)
		if (memcmp(&tr->told[i].key, key, sizeof(*key)) == 0)
			return &tr->told[i];
	p = realloc(tr->told, (tr->ntold + 1) * sizeof(*p));
	if (p == NULL)
		return NULL;
	tr->told = p;
	p += tr->ntold++;
	*p = (struct trace_told){ .key = *key };
	return p;
}

static int
lost_rate(struct trace *tr, trace_fn *fn, void *arg)
{
	int fd = bpf_map__fd(tr->skel->maps.budgets), rc = 0;
	__u64 sum[TRACE_KINDS] = { 0 }, n[TRACE_KINDS];
	struct budget_key key, at, *prev = NULL;
	struct trace_told *told;
	struct budget b;
	struct make m;

	while (rc == 0 && bpf_map_get_next_key(fd, prev, &key) == 0) {
		at = key;
		prev = &at;
		if (bpf_map_lookup_elem(fd, &key, &b) != 0 ||
		    (told = told_of(tr, &key)) == NULL)
			continue;
		sum[0] = b.held_fork;
		sum[1] = b.held_exec;
		if (!grown(n, sum, told->held))
			continue;
		make_begin(&m, EV_lost);
		make_text(&m, "source", "rate");
		make_num(&m, "from", told->to > b.from ? told->to : b.from);
		make_num(&m, "to", b.to);
		/* 0 is of cgroups that found no entry of their own. */
		if (key.cgroup_id != 0) {
			make_num(&m, "cgroup_id", key.cgroup_id);
			make_num(&m, "cgroup_v1_id", key.cgroup_v1_id);
		}
		told->to = b.to;
		rc = tell(&m, n, fn, arg);
	}
	return rc;
}

int
trace_lost(struct trace *tr, trace_fn *fn, void *arg)
{
	int rc;

	if ((rc = lost_ring(tr, fn, arg)) != 0)
		return rc;
	/* These ask the kernel, the ring does not. */
	if (!tr->stopped && boot_now() - tr->miss_at < SECOND)
		return 0;
	if ((rc = lost_miss(tr, fn, arg)) != 0)
		return rc;
	return tr->conf.rate != 0 ? lost_rate(tr, fn, arg) : 0;
}

void
trace_stop(struct trace *tr)
{
	struct bpf_link **link[] = {
		&tr->skel->links.exit_group_dead, &tr->skel->links.exit_live,
		&tr->skel->links.exec,
	};

	/* As they were attached, or exits would be told of who was never
	 * introduced. */
	for (size_t i = 0; i < sizeof(link) / sizeof(*link); i++) {
		bpf_link__destroy(*link[i]);
		*link[i] = NULL;
	}
	trace_bpf__detach(tr->skel);
	tr->stopped = 1;
}

uint64_t
trace_generated(struct trace *tr)
{
	uint64_t n = 0;

	for (int i = 0; i < tr->ncpu; i++)
		for (int k = 0; k < TRACE_KINDS; k++)
			n += tr->skel->bss->counts[i].slot[k].seq;
	for (int k = 0; k < TRACE_KINDS; k++)
		n += tr->miss[k];
	return n;
}
