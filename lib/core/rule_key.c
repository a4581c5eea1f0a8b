/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What the keys of a rule mean. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/detect.h"
#include "core/rule_impl.h"

const char severities[] = "info low medium high critical";
static const char bys[] = "process tree cgroup pod namespace host culprit";

/* A field by its number; new ones get one. */
static int
field(struct rules *rs, const struct rule *r, const char *name, char *why)
{
	char *copy;

	if (key_kinds(name, r->kinds) == 0) {
		size_t n = snprintf(why, RULE_WHY, "no field '%.60s' in records of:",
		    name);

		for (int k = 1; k < 64 && n < RULE_WHY; k++)
			if (r->kinds >> k & 1 && event_desc(k) != NULL)
				n += snprintf(why + n, RULE_WHY - n, " %s",
				    event_desc(k)->name);
		return -1;
	}
	for (size_t i = 0; i < rs->nkeys; i++)
		if (strcmp(rs->key[i], name) == 0)
			return i;
	if (rs->nkeys == K_MAX)
		return rule_bad(why, "%s: want at most %d fields in all rules", name,
		    K_MAX - K_FIXED);
	if ((copy = strdup(name)) == NULL)
		return rule_bad(why, "%s", strerror(errno));
	rs->key[rs->nkeys] = copy;
	return rs->nkeys++;
}

struct asking {
	struct rules	*rs;
	struct rule	*r;
};

static int
where_field(void *arg, const char *name, enum where_as as, char *why)
{
	struct asking *a = arg;
	char reason[RULE_WHY];
	int k;

	if ((k = field(a->rs, a->r, name, reason)) == -1)
		return rule_bad(why, "where: %.240s", reason);
	if (as == AS_NUMBER && key_text(name, a->r->kinds))
		return rule_bad(why, "where: '%.60s' is text: want ==, !=, ~ or !~", name);
	if (as == AS_TEXT && key_number(name, a->r->kinds))
		return rule_bad(why, "where: '%.60s' is a number: want one, without "
		    "quotes", name);
	for (int i = 0; i < a->r->nfields; i++)
		if (a->r->fields[i] == k)
			return k;
	if (a->r->nfields == RULE_FIELDS)
		return rule_bad(why, "where: want at most %d fields", RULE_FIELDS);
	return a->r->fields[a->r->nfields++] = k;
}

int
rule_kind(struct rule *r, const char *value, char *why)
{
	int k = event_kind(value, strlen(value));
	size_t n;

	if (k > 0 && k != EV_incident) {
		r->kinds = UINT64_C(1) << k;
		return 0;
	}
	n = snprintf(why, RULE_WHY, "kind: '%.40s': want one of:", value);
	for (k = 1; event_desc(k) != NULL && n < RULE_WHY; k++)
		if (k != EV_incident)
			n += snprintf(why + n, RULE_WHY - n, " %s",
			    event_desc(k)->name);
	return -1;
}

static int
by_word(struct rules *rs, struct rule *r, const char *word, char *why)
{
	int b = value_choice(bys, word), k;
	size_t n;

	if (b != -1 && r->det->by >> b & 1) {
		r->by |= 1u << b;
		return 0;
	}
	if (b == -1 && r->det->by & BY(FIELD)) {
		char reason[RULE_WHY];

		if (r->by_key != K_NONE)
			return rule_bad(why, "by: want one field");
		if ((k = field(rs, r, word, reason)) == -1)
			return rule_bad(why, "by: want process, tree, cgroup, pod, "
			    "namespace, host or a field: %.120s", reason);
		r->by |= BY(FIELD);
		r->by_key = k;
		snprintf(r->by_field, sizeof(r->by_field), "%s", word);
		return 0;
	}
	n = snprintf(why, RULE_WHY, "by: '%.40s': want", word);
	for (int i = 0; i < BY_FIELD; i++)
		if (r->det->by >> i & 1) {
			const char *s = bys;

			for (int j = 0; j < i; j++)
				s = strchr(s, ' ') + 1;
			n += snprintf(why + n, RULE_WHY - n, " %.*s",
			    (int)strcspn(s, " "), s);
		}
	return -1;
}

static int
by(struct rules *rs, struct rule *r, const char *value, char *why)
{
	char word[RULE_NAME];

	r->by = 0;
	r->given_by = 1;
	for (;;) {
		size_t n;

		value += strspn(value, " ,\t");
		if ((n = strcspn(value, " ,\t")) == 0)
			break;
		snprintf(word, sizeof(word), "%.*s", (int)n, value);
		if (by_word(rs, r, word, why) == -1)
			return -1;
		value += n;
	}
	return r->by != 0 ? 0 : rule_bad(why, "by: want at least one word");
}

static int
truth(const char *key, const char *s, uint8_t *v, char *why)
{
	static const char *const yes[] = { "yes", "true", "on", "1" };
	static const char *const no[] = { "no", "false", "off", "0" };

	for (int i = 0; i < 4; i++)
		if (strcmp(s, yes[i]) == 0 || strcmp(s, no[i]) == 0) {
			*v = strcmp(s, yes[i]) == 0;
			return 0;
		}
	return rule_bad(why, "%s: '%.40s': want yes or no", key, s);
}

static int
span(const char *key, const char *s, uint64_t *ns, char *why)
{
	double v;

	if (value_parse(UNIT_TIME, s, &v) == -1 || v > 1e18)
		return rule_bad(why, "%s: '%.40s': want %s", key, s,
		    value_want(UNIT_TIME));
	*ns = v;
	return 0;
}

/* A key that every rule has.  0, -1, or 1: it is none. */
static int
common(struct rules *rs, struct rule *r, const struct given *g, char *why)
{
	uint8_t on = 1;
	double v;
	int n;

	if (strcmp(g->key, "detector") == 0 || strcmp(g->key, "kind") == 0)
		return strcmp(g->key, "kind") == 0 && !(r->det->by & BY(FIELD));
	if (strcmp(g->key, "by") == 0)
		return by(rs, r, g->value, why);
	if (strcmp(g->key, "enabled") == 0) {
		if (truth(g->key, g->value, &on, why) == -1)
			return -1;
		r->off = !on;
		return 0;
	}
	if (strcmp(g->key, "severity") == 0) {
		if ((n = value_choice(severities, g->value)) == -1)
			return rule_bad(why, "severity: '%.40s': want one of: %s",
			    g->value, severities);
		r->severity = n;
		r->given_severity = 1;
		return 0;
	}
	if (strcmp(g->key, "cooldown") == 0)
		return span(g->key, g->value, &r->cooldown, why);
	if (strcmp(g->key, "update") == 0)
		return span(g->key, g->value, &r->update, why);
	if (strcmp(g->key, "close") == 0)
		return span(g->key, g->value, &r->close, why);
	if (strcmp(g->key, "limit") == 0) {
		if (value_parse(UNIT_COUNT, g->value, &v) == -1 || v < 1)
			return rule_bad(why, "limit: '%.40s': want a whole number from 1",
			    g->value);
		r->limit = v;
		return 0;
	}
	if (strcmp(g->key, "where") == 0) {
		struct asking a = { rs, r };

		r->where = where_new(g->value, where_field, &a, why);
		return r->where != NULL ? 0 : -1;
	}
	return 1;
}

/* A value that makes a rule fire always or never is a mistake. */
static int
in_range(const struct param *p, double v, const char *s, char *why)
{
	const char *range = p->words != NULL ? p->words :
	    strcmp(p->name, "window") == 0 ? "1ms 7d" :
	    p->unit == UNIT_PCT ? "0% 100%" :
	    p->unit == UNIT_COUNT ? "1" : NULL;
	char want[2 * VALUE_TEXT + 16];

	if (range == NULL || value_within(p->unit, range, v, want, sizeof(want)))
		return 0;
	return rule_bad(why, "%s: '%.40s': want %s, %s", p->name, s,
	    value_want(p->unit), want);
}

int
rule_param(struct rules *rs, struct rule *r, size_t i, const char *s, char *why)
{
	const struct param *p = &r->det->params[i];
	char reason[RULE_WHY];
	int n;

	if (p->unit == UNIT_TEXT) {
		if ((n = field(rs, r, s, reason)) == -1)
			return rule_bad(why, "%s: %.200s", p->name, reason);
		if (key_text(s, r->kinds))
			return rule_bad(why, "%s: '%.60s' is text: want a field that is a "
			    "number", p->name, s);
		r->field_key = n;
		snprintf(r->field, sizeof(r->field), "%s", s);
		return 0;
	}
	if (p->unit == UNIT_CHOICE) {
		if ((n = value_choice(p->words, s)) == -1)
			return rule_bad(why, "%s: '%.40s': want one of: %s", p->name, s,
			    p->words);
		r->p[i] = n;
		return 0;
	}
	if (value_parse(p->unit, s, &r->p[i]) == -1)
		return rule_bad(why, "%s: '%.40s': want %s", p->name, s,
		    value_want(p->unit));
	return in_range(p, r->p[i], s, why);
}

/* Of those of the rule's detector; their number if none is called so. */
static size_t
param_named(const struct rule *r, const char *key)
{
	size_t i = 0;

	while (r->det->params[i].name != NULL &&
	    strcmp(r->det->params[i].name, key) != 0)
		i++;
	return i;
}

int
rule_fits(const struct rule *r, const struct given *g, char *why)
{
	enum unit is = value_unit(g->value), of = value_unit_of(r->field);
	const struct param *p = &r->det->params[param_named(r, g->key)];

	if (p->name == NULL || p->unit != UNIT_ANY || is == UNIT_COUNT || is == of)
		return 0;
	return rule_bad(why, "%s: '%.40s': %s: want a number%s%s", g->key, g->value,
	    r->field[0] != '\0' ? r->field : "records are counted",
	    of == UNIT_COUNT ? " without a unit" : ", or ",
	    of == UNIT_COUNT ? "" : value_want(of));
}

static int
unknown(const struct rule *r, const char *key, char *why)
{
	size_t n = snprintf(why, RULE_WHY, "unknown key '%.40s'; %s has:", key,
	    r->det->name);

	for (const struct param *p = r->det->params; p->name != NULL; p++)
		if (n < RULE_WHY)
			n += snprintf(why + n, RULE_WHY - n, " %s", p->name);
	if (n < RULE_WHY)
		snprintf(why + n, RULE_WHY - n, "%s by where severity cooldown "
		    "enabled update close limit",
		    r->det->by & BY(FIELD) ? " kind" : "");
	return -1;
}

int
rule_meaning(struct rules *rs, struct rule *r, const struct given *g, char *why)
{
	size_t i;
	int rc;

	if ((rc = common(rs, r, g, why)) != 1)
		return rc;
	i = param_named(r, g->key);
	if (r->det->params[i].name == NULL)
		return unknown(r, g->key, why);
	r->given[i] = 1;
	return rule_param(rs, r, i, g->value, why);
}
