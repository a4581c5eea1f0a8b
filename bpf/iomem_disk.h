/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Who had the disk: requests from their start to their completion. */
#ifndef BPF_IOMEM_DISK_H
#define BPF_IOMEM_DISK_H

enum {
	REQ_OP_MASK	= 0xff,		/* include/linux/blk_types.h */
	REQ_OP_READ	= 0,
	REQ_OP_WRITE	= 1,
	REQ_SYNC	= 1 << 11,
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, WAIT_DEVICES);
	__type(key, u64);		/* address of the request_queue */
	__type(value, struct service_dev);
} devices SEC(".maps");

/*
 * Who puts a queue in here may change its device, until it takes it out again:
 * before 5.12 there is neither a lock nor cmpxchg for these programs.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, WAIT_DEVICES);
	__type(key, u64);
	__type(value, u8);
} claims SEC(".maps");

/*
 * Who made a request, by its address.  Addresses come again, also of requests
 * that were merged into others and are never completed: start says which it is.
 * 0 if that is plain, as each request has come by block_io_start.
 */
struct maker {
	u64 owner, start;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, WAIT_REQUESTS);
	__type(key, u64);
	__type(value, struct maker);
} requests SEC(".maps");

/* Latency of requests of a kind alone; owner 0: of anybody. */
struct base_key {
	u64 queue, owner, class;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, WAIT_BASES);
	__type(key, struct base_key);
	__type(value, u64);
} bases SEC(".maps");

/* The v2 hierarchy has the io controller: a bio knows whose pages it writes. */
const volatile bool io_on_v2 = false;
/* block_rq_insert and block_rq_issue had the queue first, before 5.11. */
const volatile bool queue_first = false;

const volatile __u64 no_device[sizeof(struct service_dev) / 8] = { 0 };

/* Before it goes its way through the kernel, and still in whose name it goes. */
static __always_inline int
started(struct request *rq, u64 start)
{
	struct task_struct *t = (void *)bpf_get_current_task();
	struct maker new = { WAIT_KTHREAD, start }, *old;
	u64 key = (u64)rq;

	old = start != 0 ? bpf_map_lookup_elem(&requests, &key) : NULL;
	/* The issue of a request that was inserted says nothing new. */
	if (old != NULL && old->start == start)
		return 0;
	if (!(GET(t, flags) & PF_KTHREAD))
		party_of(t, IN_START, &new.owner);
	if (bpf_map_update_elem(&requests, &key, &new, BPF_ANY) != 0)
		lost(WAIT_LOST_REQUEST);
	return 0;
}

/* block/blk-mq.c blk_account_io_start(), since 6.5 */
SEC("tp_btf/block_io_start")
int io_start(u64 *ctx)
{
	return started((void *)ctx[0], 0);
}

/* Not each request is inserted, but each is issued: maybe by somebody else. */
SEC("tp_btf/block_rq_insert")
int rq_insert(u64 *ctx)
{
	struct request *rq = (void *)(queue_first ? ctx[1] : ctx[0]);

	return started(rq, GET(rq, start_time_ns));
}

SEC("tp_btf/block_rq_issue")
int rq_issue(u64 *ctx)
{
	struct request *rq = (void *)(queue_first ? ctx[1] : ctx[0]);

	return started(rq, GET(rq, start_time_ns));
}

/* The cgroup whose pages a thread of the kernel writes back. */
static __always_inline u64
owner_of_bio(struct request *rq)
{
	struct bio *bio = GET(rq, bio);
	struct blkcg_gq *blkg;
	struct cgroup *c;
	struct kernfs_node *kn;
	u64 id;

	if (!io_on_v2 || !bpf_core_field_exists(bio->bi_blkg) || bio == NULL)
		return WAIT_KTHREAD;
	blkg = BPF_CORE_READ(bio, bi_blkg);
	c = BPF_CORE_READ(blkg, blkcg, css.cgroup);
	kn = BPF_CORE_READ(c, kn);
	id = BPF_CORE_READ(kn, id);
	if (id == 0 || id == ROOT_ID)
		return WAIT_KTHREAD;
	if (bpf_map_lookup_elem(&parties, &id) == NULL)
		party_make(id, IN_DONE, kn, id, NULL, WIRE_UNKNOWN_64);
	return id;
}

static __always_inline u64
owner_of(struct request *rq)
{
	u64 key = (u64)rq, owner = WAIT_NOBODY;
	struct maker *m;

	m = bpf_map_lookup_elem(&requests, &key);
	if (m != NULL && (m->start == 0 || m->start == GET(rq, start_time_ns)))
		owner = m->owner;
	if (m != NULL)
		bpf_map_delete_elem(&requests, &key);
	if (owner == WAIT_NOBODY)
		lost(WAIT_LOST_OWNER);
	return owner == WAIT_KTHREAD ? owner_of_bio(rq) : owner;
}

static __always_inline struct service_dev *
device_of(u64 queue)
{
	struct service_dev *d = bpf_map_lookup_elem(&devices, &queue);

	if (d != NULL)
		return d;
	bpf_map_update_elem(&devices, &queue, (void *)no_device, BPF_NOEXIST);
	d = bpf_map_lookup_elem(&devices, &queue);
	if (d == NULL)
		lost(WAIT_LOST_DEVICE);
	return d;
}

static __always_inline void
base_learn(u64 queue, u64 owner, u64 class, u64 latency)
{
	struct base_key key = { queue, owner, class };
	u64 *base = bpf_map_lookup_elem(&bases, &key);

	if (base != NULL)
		*base = service_learn(*base, latency);
	else if (bpf_map_update_elem(&bases, &key, &latency, BPF_ANY) != 0)
		lost(WAIT_LOST_BASE);
}

/* Its own, or else anybody's; 0: none. */
static __always_inline u64
base_of(u64 queue, u64 owner, u64 class)
{
	struct base_key key = { queue, owner, class };
	u64 *base = bpf_map_lookup_elem(&bases, &key);

	if (base == NULL) {
		key.owner = 0;
		base = bpf_map_lookup_elem(&bases, &key);
	}
	return base != NULL ? *base : 0;
}

/* Global functions: looked at by the verifier once, not for each way to them. */
__noinline u64
foreign_of(u64 queue, u64 owner, u64 from, u64 to)
{
	struct service_dev *d = bpf_map_lookup_elem(&devices, &queue);

	return d != NULL ? service_foreign(d, owner, from, to) : 0;
}

static __always_inline void
edge_add(u64 victim, u64 culprit, u64 ns)
{
	struct wait_edge_key key = { victim, culprit };
	struct wait_edge *e = bpf_map_lookup_elem(&edges, &key), new = { ns, 1 };

	if (e != NULL) {
		__sync_fetch_and_add(&e->ns, ns);
		__sync_fetch_and_add(&e->n, 1);
	} else if (bpf_map_update_elem(&edges, &key, &new, BPF_NOEXIST) != 0)
		lost(WAIT_LOST_EDGE);
}

/* Each other owner's part; ratio as of service_ratio(). */
__noinline int
blame(u64 queue, u64 owner, u64 from, u64 to, u64 ratio)
{
	struct service_dev *d = bpf_map_lookup_elem(&devices, &queue);
	struct service_segment *s;
	u32 head;
	u64 part;

	if (d == NULL)
		return 0;
	head = d->head;
	for (u32 i = 0; i < SERVICE_RING; i++) {
		s = service_back(d, head, i);
		if (s->to <= from)
			break;
		part = service_part(service_overlap(s, from, to), ratio);
		if (s->owner != owner && part > 0)
			edge_add(owner, s->owner, part);
	}
	return 0;
}

/* Somebody waited for it: what is to be said of its latency. */
static __always_inline void
judge(u64 queue, const struct service_done *r, u64 foreign)
{
	u64 latency = r->end - r->start, base, late, key = r->owner;
	struct wait_party *p = bpf_map_lookup_elem(&parties, &key);

	if (p == NULL)
		return;
	base = base_of(queue, r->owner, r->class);
	party_add(p, WAIT_RQ_N, 1);
	if (base == 0) {
		party_add(p, WAIT_RQ_PLAIN, latency);
		return;
	}
	party_add(p, WAIT_RQ, latency);
	party_add(p, WAIT_RQ_BASE, base);
	late = service_blame(latency, base, foreign);
	if (late == 0)
		return;
	party_add(p, WAIT_RQ_FOREIGN, foreign);
	party_add(p, WAIT_RQ_BLAME, late);
	blame(queue, r->owner, r->start, r->end, service_ratio(late, foreign));
}

/*
 * Remember a request, and learn from the one before.  A completion on another
 * processor in the same instant has it: then this one is not remembered, and
 * its time counts as that of the next.
 */
static __always_inline void
remember(u64 queue, struct service_dev *d, const struct service_done *r,
    u64 foreign)
{
	struct service_done solo = { 0 };
	int learn = 0;
	u8 one = 1;

	if (bpf_map_update_elem(&claims, &queue, &one, BPF_NOEXIST) != 0) {
		lost(WAIT_LOST_CLAIM);
		return;
	}
	learn = service_put(d, r, foreign, &solo);
	bpf_map_delete_elem(&claims, &queue);
	if (!learn)
		return;
	base_learn(queue, solo.owner, solo.class, solo.end - solo.start);
	base_learn(queue, 0, solo.class, solo.end - solo.start);
}

static __always_inline int
done(struct request *rq)
{
	u32 flags = GET(rq, cmd_flags), op = flags & REQ_OP_MASK;
	u64 queue = (u64)GET(rq, q), foreign;
	struct service_done r = { 0 };
	struct service_dev *d;

	r.owner = owner_of(rq);
	r.start = GET(rq, start_time_ns);
	r.issued = GET(rq, io_start_time_ns);
	r.end = bpf_ktime_get_ns();
	if (r.start == 0 || r.issued == 0 || r.end <= r.start) {
		lost(WAIT_LOST_STAMP);
		return 0;
	}
	d = device_of(queue);
	if (d == NULL)
		return 0;
	r.class = service_class(op != REQ_OP_READ, GET(rq, __data_len));
	foreign = foreign_of(queue, r.owner, r.start, r.end);
	/* Whatever is neither read nor write teaches nothing of these. */
	remember(queue, d, &r, op <= REQ_OP_WRITE ? foreign : 1);
	if (op == REQ_OP_READ || (op == REQ_OP_WRITE && flags & REQ_SYNC))
		judge(queue, &r, foreign);
	return 0;
}

/* block/blk-mq.c blk_update_request(): part of a request may end before. */
SEC("tp_btf/block_rq_complete")
int rq_complete(u64 *ctx)
{
	struct request *rq = (void *)ctx[0];

	return (u32)ctx[2] >= (u32)GET(rq, __data_len) ? done(rq) : 0;
}

#endif
