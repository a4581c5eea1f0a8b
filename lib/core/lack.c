/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "core/detect.h"

/* Words before the colon that are no kinds. */
static const struct {
	const char	*word;
	uint64_t	 kinds;
} words[] = {
	{ "tree", KIND(fork) | KIND(exec) | KIND(exit) | KIND(reparent) |
	    KIND(sample) | KIND(oom) },
	{ "live", KIND(exit) },
};

/* All that a tool tells that bears on rules; one that is not here, anything. */
static const struct {
	const char	*name;
	uint64_t	 kinds;
} tools[] = {
	{ "lnx-psi", KIND(psi) | KIND(cgroup) },
	{ "lnx-tree", 0 },		/* ancestors, which no rule looks at */
};

static int
names(const char *key, const char *field, size_t len)
{
	return strlen(key) == len && memcmp(key, field, len) == 0;
}

/* The rule asks for that field; without one, for any. */
static int
asks(const struct rules *rs, const struct rule *r, const char *field,
    size_t len)
{
	if (len == 0)
		return 1;
	for (const uint8_t *k = r->det->keys; *k != K_NONE; k++)
		if (names(rs->key[*k], field, len))
			return 1;
	for (int i = 0; i < r->nfields; i++)
		if (names(rs->key[r->fields[i]], field, len))
			return 1;
	return (r->field_key != K_NONE && names(rs->key[r->field_key], field, len)) ||
	    (r->by_key != K_NONE && names(rs->key[r->by_key], field, len));
}

static const char *const resources[] = { "cpu", "memory", "io", "irq" };

/* The pressure file that a reason names is of another resource. */
static int
elsewhere(const char *why, const char *resource)
{
	char slash[24], dot[24];

	for (size_t i = 0; i < sizeof(resources) / sizeof(resources[0]); i++) {
		snprintf(slash, sizeof(slash), "pressure/%s", resources[i]);
		snprintf(dot, sizeof(dot), "%s.pressure", resources[i]);
		if (strstr(why, slash) != NULL || strstr(why, dot) != NULL)
			return resource != NULL && strcmp(resource, resources[i]) != 0;
	}
	return 0;
}

/* How waits for some resources are told: "stall of io and memory: ...", or
 * "io.culprit: ...".  1; or 0 if the reason is not about that. */
static int
of_stalls(const char *why, size_t all, const char *resource, int *same)
{
	static const char head[] = "stall of ";
	const char *p = why, *end = why + all;
	int stalls = strncmp(why, head, sizeof(head) - 1) == 0, is = 0;

	*same = resource == NULL;
	if (stalls)
		p += sizeof(head) - 1;
	for (size_t n; p < end; p += n + 1) {
		n = strcspn(p, " .:,");
		for (size_t i = 0; i < sizeof(resources) / sizeof(resources[0]); i++)
			if (names(resources[i], p, n)) {
				is |= stalls || p[n] == '.';
				*same |= resource != NULL &&
				    strcmp(resource, resources[i]) == 0;
			}
		if (!stalls)
			break;
	}
	return is;
}

int
lack_touches(const struct rules *rs, const struct rule *r,
    const struct lack *x, const char *resource)
{
	uint64_t kinds = r->kinds | r->det->also;
	size_t all = strcspn(x->why, ":"), len = strcspn(x->why, ".:"), n;
	const char *field = x->why + len + 1;
	int kind = event_kind(x->why, len), same;

	if (x->why[all] == ':' && kind > 0) {
		n = len < all ? strcspn(field, ":, ") : 0;
		return (kinds >> kind & 1) && asks(rs, r, field, n);
	}
	if (of_stalls(x->why, all, resource, &same))
		return same && (kinds & (KIND(stall) | KIND(stall_total) |
		    KIND(stall_culprit)));
	if (elsewhere(x->why, resource))
		return 0;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (names(words[i].word, x->why, all))
			return (kinds & words[i].kinds) != 0;
	for (size_t i = 0; i < sizeof(tools) / sizeof(tools[0]); i++)
		if (x->tool != NULL && strcmp(tools[i].name, x->tool) == 0)
			return (kinds & tools[i].kinds) != 0;
	return 1;
}

static void
forget(struct lane *l, const char *tool)
{
	struct lacks *k = &l->lacks;
	uint32_t n = 0;

	for (uint32_t i = 0; i < k->n; i++)
		if (k->all[i].tool == tool) {
			intern_put(l->strings, k->all[i].tool);
			intern_put(l->strings, k->all[i].why);
		} else
			k->all[n++] = k->all[i];
	k->n = n;
}

void
lacks_forget(struct lane *l)
{
	while (l->lacks.n > 0)
		forget(l, l->lacks.all[0].tool);
}

static void
add(struct lane *l, const char *tool, const char *why)
{
	struct lacks *k = &l->lacks;
	const char *s = intern_get(l->strings, why, strlen(why));

	if (s == NULL)
		return;
	for (uint32_t i = 0; i < k->n; i++)
		if (k->all[i].why == s && k->all[i].tool == tool) {
			intern_put(l->strings, s);
			return;
		}
	if (k->n == LACKS) {
		intern_put(l->strings, s);
		return;
	}
	k->all[k->n++] = (struct lack){ tool != NULL ? intern_hold(tool) : NULL,
	    s };
}

static void
drop(struct lane *l, const char *tool, const char *why)
{
	struct lacks *k = &l->lacks;

	for (uint32_t i = 0; i < k->n; i++)
		if (k->all[i].tool == tool && strcmp(k->all[i].why, why) == 0) {
			intern_put(l->strings, k->all[i].tool);
			intern_put(l->strings, k->all[i].why);
			k->all[i] = k->all[--k->n];
			return;
		}
}

void
lack_learn(struct lane *l, const struct rec *r)
{
	const struct scan_val *list = rec_val(r, K_degraded);
	const char *tool = lane_sym(l, r, K_tool);
	struct scan_val key, v;
	int healed = scan_is(rec_val(r, K_state), "healed");
	size_t pos = 0;
	char why[WHY];

	/* What an lnx-rules before this one left out is in what it told. */
	if (scan_is(rec_val(r, K_tool), "lnx-rules"))
		return;
	if (scan_is(rec_val(r, K_state), "start"))
		forget(l, tool);
	if (list->type == SCAN_ARR)
		while (scan_next(list, &pos, &key, &v))
			if (scan_str(&v, why, sizeof(why)) != -1)
				(healed ? drop : add)(l, tool, why);
}
