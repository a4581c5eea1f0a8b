/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/detect.h"
#include "core/rule_impl.h"


struct rules *
rules_new(void)
{
	struct rules *rs;

	if ((rs = calloc(1, sizeof(*rs))) == NULL)
		return NULL;
	for (size_t i = 0; i < K_FIXED; i++)
		rs->key[i] = key_names[i];
	rs->nkeys = K_FIXED;
	return rs;
}

void
rules_free(struct rules *rs)
{
	struct given *g;

	if (rs == NULL)
		return;
	for (size_t i = 0; i < rs->n; i++) {
		while ((g = rs->all[i]->givens) != NULL) {
			rs->all[i]->givens = g->next;
			free(g);
		}
		where_free(rs->all[i]->where);
		free(rs->all[i]);
	}
	for (size_t i = K_FIXED; i < rs->nkeys; i++)
		free((char *)(uintptr_t)rs->key[i]);
	free(rs);
}

size_t
rules_count(const struct rules *rs)
{
	size_t n = 0;

	for (size_t i = 0; i < rs->n; i++)
		n += !rs->all[i]->off;
	return n;
}

int
rule_bad(char *why, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, RULE_WHY, fmt, ap);
	va_end(ap);
	return -1;
}

static int
new_rule(struct rules *rs, const char *name, unsigned line, char *why)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");
	struct rule *r;

	if (len == 0 || name[len] != '\0' || len >= RULE_NAME)
		return rule_bad(why, "[%.40s]: want a name of 1 to %d letters, digits, "
		    "_ . -", name, RULE_NAME - 1);
	for (size_t i = 0; i < rs->n; i++)
		if (strcmp(rs->all[i]->name, name) == 0)
			return rule_bad(why, "[%s]: is there already, in line %u", name,
			    rs->all[i]->line);
	if (rs->n == RULE_MAX)
		return rule_bad(why, "[%s]: want at most %d rules", name, RULE_MAX);
	if ((r = calloc(1, sizeof(*r))) == NULL)
		return rule_bad(why, "%s", strerror(errno));
	strcpy(r->name, name);
	r->line = line;
	r->index = rs->n;
	r->last = &r->givens;
	r->by_key = r->field_key = K_NONE;
	rs->all[rs->n++] = r;
	return 0;
}

int
rules_set(struct rules *rs, const char *section, const char *key,
    const char *value, unsigned line, char *why)
{
	struct rule *r = rs->n > 0 ? rs->all[rs->n - 1] : NULL;
	struct given *g;
	size_t klen;

	if (key == NULL)
		return new_rule(rs, section, line, why);
	if (r == NULL || strcmp(r->name, section) != 0)
		return rule_bad(why, "'%.40s' is in no [rule]", key);
	for (g = r->givens; g != NULL; g = g->next)
		if (strcmp(g->key, key) == 0)
			return rule_bad(why, "%s: is there already, in line %u", key,
			    g->line);
	klen = strlen(key) + 1;
	if ((g = calloc(1, sizeof(*g) + klen + strlen(value) + 1)) == NULL)
		return rule_bad(why, "%s", strerror(errno));
	g->line = line;
	g->value = memcpy(g->key + klen, value, strlen(value) + 1);
	memcpy(g->key, key, klen);
	*r->last = g;
	r->last = &g->next;
	return 0;
}

static const struct given *
given(const struct rule *r, const char *key)
{
	const struct given *g = r->givens;

	while (g != NULL && strcmp(g->key, key) != 0)
		g = g->next;
	return g;
}

static int
detector(struct rule *r, unsigned *line, char *why)
{
	const struct given *g = given(r, "detector");
	const char *name = g != NULL ? g->value : r->name;
	char names[RULE_WHY];

	if ((r->det = detect_named(name)) != NULL)
		return 0;
	*line = g != NULL ? g->line : r->line;
	detect_names(names, sizeof(names));
	return rule_bad(why, "detector: '%.40s': want one of: %.200s", name, names);
}

static int
defaults(struct rules *rs, struct rule *r, char *why)
{
	const struct param *p = r->det->params;

	r->severity = r->det->severity;
	r->cooldown = UINT64_C(60000000000);
	r->update = UINT64_C(10000000000);
	r->close = UINT64_C(10000000000);
	r->limit = 64;
	r->by = r->det->by_def;
	if (r->kinds == 0)
		r->kinds = r->det->kinds;
	for (size_t i = 0; p[i].name != NULL; i++) {
		r->p[i] = NAN;
		if (p[i].def != NULL &&
		    rule_param(rs, r, i, p[i].def, why) == -1)
			return -1;
	}
	return 0;
}

static int
finish(struct rules *rs, struct rule *r, unsigned *line, char *why)
{
	const struct given *g;

	if (detector(r, line, why) == -1)
		return -1;
	*line = r->line;
	if (r->det->by & BY(FIELD)) {
		if ((g = given(r, "kind")) == NULL)
			return rule_bad(why, "[%s]: no kind", r->name);
		*line = g->line;
		if (rule_kind(r, g->value, why) == -1)
			return -1;
	}
	if (defaults(rs, r, why) == -1)
		return -1;
	for (g = r->givens; g != NULL; g = g->next) {
		*line = g->line;
		if (rule_meaning(rs, r, g, why) == -1)
			return -1;
	}
	for (g = r->givens; g != NULL; g = g->next) {
		*line = g->line;
		if (rule_fits(r, g, why) == -1)
			return -1;
	}
	*line = r->line;
	for (size_t i = 0; r->det->params[i].name != NULL; i++)
		if (r->det->params[i].def == NULL && !r->det->params[i].opt &&
		    !r->given[i])
			return rule_bad(why, "[%s]: no %s", r->name,
			    r->det->params[i].name);
	if (r->det->check != NULL && r->det->check(r, why) == -1)
		return -1;
	r->window = r->det->window(r);
	return 0;
}

int
rules_done(struct rules *rs, unsigned *line, char *why)
{
	for (size_t i = 0; i < rs->n; i++)
		if (finish(rs, rs->all[i], line, why) == -1)
			return -1;
	rs->done = 1;
	return 0;
}
