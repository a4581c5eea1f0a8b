/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Paths, written leaf first as event.def wants them.  These are global
 * functions (not static) with scalar arguments: the verifier looks at each
 * once, not once for every way that leads to it.
 *
 * Each appends to the tail of scratch number `key` at `off` and returns the
 * new end.  What has no room is left out, and an empty name says so.
 */
#ifndef BPF_WALK_H
#define BPF_WALK_H

enum {
	PATH_NAMES = 64,		/* deepest path */
	CGROUP_NAMES = 32,
};

/* Room for one more name and the mark of a cut. */
#define TAIL_ROOM	(TAIL_PATHS - NAME_LEN - 1)

static __always_inline u8 *
tail_at(u32 key, u64 off)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &key);

	barrier_var(off);
	return s != NULL && off <= TAIL_ROOM ? s->tail + off : NULL;
}

__noinline int
put_name(u32 key, u32 off, u64 name)
{
	u8 *p = tail_at(key, off);
	long n;

	if (p == NULL)
		return off;
	n = bpf_probe_read_kernel_str(p, NAME_LEN, (const void *)name);
	return n > 0 && n <= NAME_LEN ? off + n : off;
}

/* An empty name: the root if it is the first, else the mark of a cut. */
__noinline int
put_empty(u32 key, u64 off)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &key);

	barrier_var(off);
	if (s == NULL || off >= TAIL_PATHS)
		return off;
	s->tail[off] = 0;
	return off + 1;
}

/* d_path(), but up to the root of the mount namespace, whatever chroot(2) was. */
__noinline int
walk_path(u64 vfsmnt, u64 dentry, u32 key, u32 from)
{
	struct dentry *d = (void *)dentry, *up, *root;
	struct mount *m, *above;
	u32 off = from;
	int i;

	if (vfsmnt == 0 || dentry == 0)
		return from;
	m = (void *)(vfsmnt - bpf_core_field_offset(struct mount, mnt));
	for (i = 0; i < PATH_NAMES; i++) {
		root = BPF_CORE_READ(m, mnt.mnt_root);
		up = BPF_CORE_READ(d, d_parent);
		if (d == root) {
			above = BPF_CORE_READ(m, mnt_parent);
			if (above == m || above == NULL)
				return off > from ? off : put_empty(key, off);
			d = BPF_CORE_READ(m, mnt_mountpoint);
			m = above;
			continue;
		}
		if (off > TAIL_ROOM)
			break;
		off = put_name(key, off, (u64)BPF_CORE_READ(d, d_name.name));
		if (d == up)		/* memfd and other files without a place */
			return off;
		d = up;
	}
	return put_empty(key, off);
}

static __always_inline struct kernfs_node *
kernfs_up(struct kernfs_node *kn)
{
	struct kernfs_node___before_6_15 *old = (void *)kn;

	if (bpf_core_field_exists(kn->__parent))
		return BPF_CORE_READ(kn, __parent);
	return (void *)BPF_CORE_READ(old, parent);
}

/* kernfs_path() */
__noinline int
walk_cgroup(u64 kernfs, u32 key, u32 from)
{
	struct kernfs_node *kn = (void *)kernfs, *up;
	u32 off = from;
	int i;

	if (kernfs == 0)
		return from;
	for (i = 0; i < CGROUP_NAMES; i++) {
		up = kernfs_up(kn);
		if (up == NULL)
			return off > from ? off : put_empty(key, off);
		if (off > TAIL_ROOM)
			break;
		off = put_name(key, off, (u64)BPF_CORE_READ(kn, name));
		kn = up;
	}
	return put_empty(key, off);
}

#endif
