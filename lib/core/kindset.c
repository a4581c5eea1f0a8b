/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Which fields of which kind of record are looked at. */
#include <errno.h>
#include <string.h>

#include "core/detect.h"

static int
want(struct kindset *s, const char **names, const struct rules *rs, uint8_t key)
{
	if (s->at[key] == K_NONE) {
		/* One place stays for what is not there. */
		if (s->n == SCAN_KEYS - 1) {
			errno = E2BIG;
			return -1;
		}
		s->at[key] = s->n;
		names[s->n++] = rs->key[key];
	}
	return 0;
}

/* The same, and its text is looked at. */
static int
want_text(struct kindset *s, const char **names, const struct rules *rs,
    uint8_t key)
{
	if (want(s, names, rs, key) == -1)
		return -1;
	s->judged[key] = 1;
	return 0;
}

/* Is it worked out when the record comes in? */
static int
known(uint8_t key)
{
	return key == K_id || key == K_parent_id;
}

/* Fields that event.def does not have yet; sources may tell them. */
static int
optional(uint8_t key)
{
	return key >= K_culprit_pod && key <= K_victim_namespace;
}

/* Those that a kind can have. */
static int
want_all(struct kindset *s, const char **names, const struct rules *rs,
    int kind, const uint8_t *keys)
{
	for (; *keys != K_NONE; keys++)
		if ((kind == 0 || optional(*keys) ||
		    key_kinds(rs->key[*keys], UINT64_C(1) << kind) != 0) &&
		    (known(*keys) ? want : want_text)(s, names, rs, *keys) == -1)
			return -1;
	return 0;
}

/* What the lane itself learns from a kind. */
static const uint8_t *
lane_keys(int kind)
{
	static const uint8_t head[] = { K_v, K_event, K_boot_ns, K_time, K_host,
	    K_NONE };
	static const uint8_t none[] = { K_NONE };
	static const uint8_t process[] = { K_id, K_parent_id, K_creator_id,
	    K_comm, K_cgroup, K_cgroup_v1, K_cpu, K_exe, K_NONE };
	static const uint8_t source[] = { K_tool, K_state, K_boot_id, K_degraded,
	    K_cpus, K_memory_total, K_NONE };
	static const uint8_t lost[] = { K_count, K_from, K_to, K_forks, K_execs,
	    K_exits, K_reparents, K_ooms, K_NONE };
	static const uint8_t cgroup[] = { K_cgroup, K_cgroup_v1, K_memory_bytes,
	    K_memory_max_bytes, K_NONE };
	static const uint8_t stall[] = { K_resource, K_method, K_stall_ns,
	    K_victim_cgroup, K_victim_cgroup_v1, K_culprit_cgroup,
	    K_culprit_cgroup_v1, K_culprit_kind, K_culprit_id, K_NONE };

	switch (kind) {
	case -1:
		return head;
	case EV_source:
		return source;
	case EV_lost:
		return lost;
	case EV_stall:
		return stall;
	case EV_cgroup:
		return cgroup;
	case EV_snap:
	case EV_fork:
	case EV_exec:
	case EV_exit:
	case EV_reparent:
	case EV_sample:
		return process;
	default:
		return none;
	}
}

static int
want_rule(struct kindset *s, const char **names, const struct rules *rs,
    int kind, const struct rule *r)
{
	static const uint8_t group[] = { K_id, K_cgroup, K_cgroup_v1, K_pod,
	    K_namespace, K_NONE };
	const uint8_t own[] = { r->by_key, r->field_key == r->by_key ? K_NONE :
	    r->field_key, K_NONE };

	if (want_all(s, names, rs, kind, group) == -1 ||
	    want_all(s, names, rs, kind, r->det->keys) == -1)
		return -1;
	for (int i = 0; i < 2; i++)
		if (own[i] != K_NONE && want_text(s, names, rs, own[i]) == -1)
			return -1;
	for (int i = 0; i < r->nfields; i++)
		if (want_text(s, names, rs, r->fields[i]) == -1)
			return -1;
	s->rules[s->nrules++] = r;
	return 0;
}

/* Is one of the keys the other, or an object that the other is in? */
static int
holds(const char *name, const char *other)
{
	size_t n = strlen(name);

	return strncmp(name, other, n) == 0 &&
	    (other[n] == '\0' || other[n] == '.');
}

/* Those that are judged get the first places, in their order. */
static void
arrange(struct kindset *s, const char **names)
{
	const char *old[SCAN_KEYS];
	uint8_t key[SCAN_KEYS], n = 0;

	memcpy(old, names, s->n * sizeof(old[0]));
	for (unsigned k = 0; k < K_MAX; k++)
		if (s->at[k] != K_NONE)
			key[s->at[k]] = k;
	for (int judged = 1; judged >= 0; judged--) {
		for (unsigned i = 0; i < s->n; i++)
			if (s->judged[key[i]] == judged) {
				s->at[key[i]] = n;
				names[n++] = old[i];
			}
		if (judged)
			s->njudged = n;
	}
	for (unsigned k = 0; k < K_MAX; k++)
		s->judged[k] = s->judged[k] ? s->at[k] : s->njudged;
	for (unsigned i = 0; i < s->njudged; i++)
		for (unsigned k = 0; k < s->njudged; k++)
			s->nested |= i != k && holds(names[i], names[k]);
}

int
kindset_init(struct kindset *s, const struct rules *rs, int kind)
{
	const char *names[SCAN_KEYS];

	memset(s->at, K_NONE, sizeof(s->at));
	if (want_all(s, names, rs, 0, lane_keys(-1)) == -1)
		return -1;
	memset(s->judged, 0, sizeof(s->judged));	/* that is for the way in */
	if (want_all(s, names, rs, kind, lane_keys(kind)) == -1)
		return -1;
	for (size_t i = 0; kind > 0 && i < rs->n; i++)
		if (!rs->all[i]->off && rs->all[i]->kinds >> kind & 1 &&
		    want_rule(s, names, rs, kind, rs->all[i]) == -1)
			return -1;
	arrange(s, names);
	s->kept = s->nrules > 0 || lane_keys(kind)[0] != K_NONE;
	s->scan = scan_new(names, s->n);
	return s->scan != NULL ? 0 : -1;
}

void
kindset_free(struct kindset *s)
{
	scan_free(s->scan);
}

/* ---- kinds by name ---- */

static unsigned
name_slot(const char *s, size_t len)
{
	return ((unsigned char)s[0] * 5u + (unsigned char)s[len - 1] +
	    (unsigned)len * 7u) % KIND_NAMES;
}

size_t
kindnames_init(struct kindnames *names)
{
	const struct event_desc *d;
	size_t n = 1;

	for (; (d = event_desc(n)) != NULL; n++) {
		size_t len = strlen(d->name);
		unsigned i = name_slot(d->name, len);

		while (names->all[i].len != 0)
			i = (i + 1) % KIND_NAMES;
		names->all[i].name = d->name;
		names->all[i].len = len;
		names->all[i].kind = n;
	}
	return n;
}

int
kind_of(const struct kindnames *names, const char *s, size_t len)
{
	if (len == 0)
		return 0;
	for (unsigned i = name_slot(s, len); names->all[i].len != 0;
	    i = (i + 1) % KIND_NAMES)
		if (names->all[i].len == len &&
		    memcmp(names->all[i].name, s, len) == 0)
			return names->all[i].kind;
	return 0;
}
