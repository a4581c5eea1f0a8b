/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <sys/utsname.h>

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "host/explain.h"
#include "host/load.h"
#include "host/sample.h"
#include "host/sample_diff.h"
#include "host/sandbox.h"
#include "host/wchan.h"
#include "rec/wire.h"

#include "sample.skel.h"

/* The kernel hands out at most 32 KiB at a time, of whole processes. */
enum { ROOM = 64 * 1024 };

struct sample {
	struct trace_conf conf;
	struct sample_bpf *skel;
	struct bpf_link	*link;		/* of the iterator */
	struct sample_diff *diff;
	char		*buf;		/* ROOM bytes */
	char		 degraded[TRACE_WHY];	/* list */
	size_t		 degraded_len;
};

static void
missing(struct sample *sm, const struct btf *btf)
{
	if (!load_has_member(btf, "sched_info", "run_delay"))
		load_note(sm->degraded, &sm->degraded_len,
		    "sample.run_delay_ns: the kernel is built without CONFIG_SCHED_INFO");
	if (!load_has_member(btf, "task_io_accounting", "read_bytes"))
		load_note(sm->degraded, &sm->degraded_len,
		    "sample.read_bytes, write_bytes: the kernel is built without CONFIG_TASK_IO_ACCOUNTING");
}

static bool
has_stack(struct sample *sm, const struct btf *btf)
{
	if (load_enumerator(btf, "bpf_func_id", "BPF_FUNC_get_task_stack") >= 0)
		return true;
	load_note(sm->degraded, &sm->degraded_len,
	    "sample.wchan: the kernel is older than 5.9");
	return false;
}

static int
load(struct sample *sm, const struct btf *btf, const struct cgroup_host *host)
{
	struct sample_bpf__rodata *ro;
	struct sample_bpf *s;
	int ncpu = libbpf_num_possible_cpus();

	if (ncpu < 1 || ncpu > WIRE_CPUS) {
		errno = E2BIG;
		return -1;
	}
	if ((s = sm->skel = sample_bpf__open()) == NULL)
		return -1;
	ro = s->rodata;
	LOAD_FILTERS(ro, &sm->conf);
	ro->v1_subsys = load_v1_subsys(btf, host, sm->degraded,
	    &sm->degraded_len);
	ro->v1_only = ro->v1_subsys >= 0 && host->mode == CGROUP_V1;
	ro->page_size = sysconf(_SC_PAGESIZE);
	ro->ncpu = ncpu;
	ro->has_stack = has_stack(sm, btf);
	if (sm->conf.tree == 0) {
		bpf_program__set_autoload(s->progs.tree_fork, false);
		bpf_map__set_max_entries(s->maps.tree, 1);
	}
	if (sample_bpf__load(s) != 0)
		return -1;
	s->bss->generation = 1;
	/* The ends first: of nobody who is seen they may be missed. */
	bpf_program__set_autoattach(s->progs.sample, false);
	if (sample_bpf__attach(s) != 0)
		return -1;
	sm->link = bpf_program__attach_iter(s->progs.sample, NULL);
	return sm->link != NULL ? 0 : -1;
}

/* How many bytes a process takes, with its line; 0 if not all are there. */
static size_t
whole(const char *p, size_t len)
{
	struct sample_seen s;
	const char *end;

	if (len < sizeof(s))
		return 0;
	memcpy(&s, p, sizeof(s));
	if (s.size > len || !s.line)
		return s.size > len ? 0 : s.size;
	end = memchr(p + s.size, '\n', len - s.size);
	return end != NULL ? end + 1 - p : 0;
}

/* Hand out the records of the processes in buf; what is left of it moves to
 * its front. */
static int
hand_out(struct sample *sm, size_t *len, trace_fn *fn, void *arg)
{
	const struct wire_sample *rec;
	const struct sample_seen *s;
	size_t at = 0, n;
	int rc = 0;

	for (; rc == 0 && (n = whole(sm->buf + at, *len - at)) > 0; at += n) {
		s = (void *)(sm->buf + at);
		if (at & 7)	/* behind a line */
			s = memmove(sm->buf + (at & ~(size_t)7), s, n);
		if (sample_diff_seen(sm->diff, s, (const char *)s + s->size,
		    n - s->size, &rec) == -1)
			return -1;
		if (rec != NULL)
			rc = fn(arg, rec, rec->head.size);
	}
	memmove(sm->buf, sm->buf + at, *len - at);
	*len -= at;
	return rc;
}

static int
look(void *self, uint64_t now, int last, trace_fn *fn, void *arg)
{
	struct sample *sm = self;
	size_t len = 0;
	int fd, rc = 0;
	ssize_t n;

	(void)last;
	/* Before the look begins: the one before stays the last. */
	if ((fd = bpf_iter_create(bpf_link__fd(sm->link))) < 0)
		return SAMPLE_UNSEEN;
	if (sample_diff_begin(sm->diff, now))
		sm->skel->bss->generation++;
	while (rc == 0) {
		n = read(fd, sm->buf + len, ROOM - len);
		if (n == -1 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n <= 0) {
			rc = n == 0 ? 0 : SAMPLE_UNSEEN;
			break;
		}
		len += n;
		rc = hand_out(sm, &len, fn, arg);
	}
	close(fd);
	return rc;
}

static int
open_all(struct sample *sm, const struct cgroup_host *host)
{
	struct btf *btf = btf__load_vmlinux_btf();
	int rc = -1, err;

	if (btf == NULL) {
		errno = ENOENT;
		return -1;
	}
	missing(sm, btf);
	if ((sm->buf = malloc(ROOM)) != NULL &&
	    (sm->diff = sample_diff_new(sm->conf.all)) != NULL)
		rc = load(sm, btf, host);
	err = errno;
	btf__free(btf);
	/* The kernel's BTF took some 10 MB, which the library has freed. */
	malloc_trim(0);
	errno = err;
	return rc;
}

struct sample *
sample_open(const struct trace_conf *conf, const struct cgroup_host *host,
    struct gauge *g, char why[TRACE_WHY])
{
	struct utsname u;
	struct sample *sm;
	int err;

	if ((sm = calloc(1, sizeof(*sm))) == NULL) {
		strcpy(why, "out of memory");
		return NULL;
	}
	sm->conf = *conf;
	if (open_all(sm, host) == -1) {
		err = errno;
		uname(&u);
		explain_load(why, err, u.release, conf);
		sample_close(sm);
		errno = err;
		return NULL;
	}
	*g = (struct gauge){
		.self = sm, .every = conf->interval,
		.kinds = UINT64_C(1) << EV_sample, .degraded = sm->degraded,
		.degraded_len = sm->degraded_len, .look = look,
		.sandbox = load_needs_cap_bpf(bpf_link__fd(sm->link)) ?
		    SANDBOX_BPF : 0,
	};
	return sm;
}

void
sample_close(struct sample *sm)
{
	if (sm == NULL)
		return;
	bpf_link__destroy(sm->link);
	sample_bpf__destroy(sm->skel);
	sample_diff_free(sm->diff);
	free(sm->buf);
	free(sm);
}
