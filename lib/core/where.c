/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"

#include "core/rule.h"
#include "core/value.h"
#include "core/where.h"

enum code { OP_HAS, OP_EQ, OP_NE, OP_LT, OP_LE, OP_GT, OP_GE, OP_LIKE, OP_UNLIKE,
	OP_NOT, OP_AND, OP_OR };

struct op {
	const char	*text;		/* operand; NULL is a number or truth */
	double		 num;
	uint64_t	 u;		/* the same, if it is whole */
	uint8_t		 code, key, whole, truth;
};

struct where {
	size_t		 n;
	struct op	 ops[WHERE_OPS];
	char		 text[];	/* of the strings */
};

struct parse {
	struct where	*w;
	const char	*p;
	char		*text;
	where_key	*key;
	void		*arg;
	char		*why;
	int		 deep;
};

static int
fail(struct parse *s, const char *want)
{
	if (*s->p == '\0')
		snprintf(s->why, RULE_WHY, "where: ends too early: want %s", want);
	else
		snprintf(s->why, RULE_WHY, "where: at '%.24s': want %s", s->p, want);
	return -1;
}

static void
blanks(struct parse *s)
{
	s->p += strspn(s->p, " \t");
}

static struct op *
add(struct parse *s, enum code code)
{
	struct op *op;

	if (s->w->n == WHERE_OPS) {
		snprintf(s->why, RULE_WHY, "where: too long: want at most %d steps",
		    WHERE_OPS);
		return NULL;
	}
	op = &s->w->ops[s->w->n++];
	*op = (struct op){ .code = code };
	return op;
}

/* A string in quotes, in which \ takes the next byte as it is. */
static int
string(struct parse *s, struct op *op)
{
	op->text = s->text;
	for (s->p++; *s->p != '"'; s->p++) {
		if (*s->p == '\\')
			s->p++;
		if (*s->p == '\0')
			return fail(s, "a \" at the end of the string");
		*s->text++ = *s->p;
	}
	*s->text++ = '\0';
	s->p++;
	return 0;
}

/* A whole number is compared as it stands: a double has 53 bits. */
static void
whole(struct op *op, const char *word)
{
	op->whole = num_u64(word, 0, UINT64_MAX, &op->u) == 0;
	if (!op->whole && op->num >= 0 && op->num < 0x1p63 &&
	    op->num == (double)(uint64_t)op->num) {
		op->whole = 1;
		op->u = op->num;
	}
}

/* What a field is compared with. */
static int
operand(struct parse *s, struct op *op)
{
	size_t n = strcspn(s->p, " \t()&|!<>=~\"");
	char word[64];

	if (op->code >= OP_LIKE && *s->p != '"')
		return fail(s, "a pattern in \"quotes\"");
	if (*s->p == '"') {
		if (op->code >= OP_LT && op->code <= OP_GE)
			return fail(s, "a number");
		return string(s, op);
	}
	if (n == 0 || n >= sizeof(word))
		return fail(s, "a number, a string in \"quotes\", true or false");
	memcpy(word, s->p, n);
	word[n] = '\0';
	if (strcmp(word, "true") == 0 || strcmp(word, "false") == 0) {
		if (op->code > OP_NE)
			return fail(s, "a number");
		op->truth = word[0] == 't' ? 1 : 2;
	} else if (value_any(word, &op->num) == -1)
		return fail(s, "a number, a string in \"quotes\", true or false");
	whole(op, word);
	s->p += n;
	return 0;
}

static enum code
comparison(struct parse *s)
{
	static const struct { char text[3]; uint8_t code; } ops[] = {
		{ "==", OP_EQ }, { "!=", OP_NE }, { "!~", OP_UNLIKE },
		{ "<=", OP_LE }, { ">=", OP_GE }, { "<", OP_LT }, { ">", OP_GT },
		{ "~", OP_LIKE },
	};

	blanks(s);
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		if (strncmp(s->p, ops[i].text, strlen(ops[i].text)) == 0) {
			s->p += strlen(ops[i].text);
			blanks(s);
			return ops[i].code;
		}
	return OP_HAS;
}

static enum where_as
compared_as(const struct op *op)
{
	return op->text != NULL ? AS_TEXT :
	    op->code >= OP_LT && op->code <= OP_GE ? AS_NUMBER : AS_ANY;
}

/* field, or field OP operand. */
static int
test(struct parse *s)
{
	size_t n = strspn(s->p, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.");
	char field[64];
	enum code code;
	struct op *op;
	int key;

	if (n == 0 || n >= sizeof(field))
		return fail(s, "the name of a field, ! or (");
	memcpy(field, s->p, n);
	field[n] = '\0';
	s->p += n;
	code = comparison(s);
	if ((op = add(s, code)) == NULL ||
	    (code != OP_HAS && operand(s, op) == -1) ||
	    (key = s->key(s->arg, field, compared_as(op), s->why)) == -1)
		return -1;
	op->key = key;
	return 0;
}

static int or(struct parse *);

static int
not(struct parse *s)
{
	int rc;

	blanks(s);
	if (*s->p != '!' && *s->p != '(')
		return test(s);
	if (++s->deep > WHERE_DEEP)
		return fail(s, "fewer brackets");
	if (*s->p++ == '!') {
		rc = not(s) == -1 || add(s, OP_NOT) == NULL ? -1 : 0;
	} else if ((rc = or(s)) == 0) {
		blanks(s);
		if (*s->p != ')')
			rc = fail(s, "&&, || or )");
		else
			s->p++;
	}
	s->deep--;
	return rc;
}

/* Parts with a word of two bytes between them. */
static int
chain(struct parse *s, int (*part)(struct parse *), const char *word,
    enum code code)
{
	if (part(s) == -1)
		return -1;
	for (;;) {
		blanks(s);
		if (strncmp(s->p, word, 2) != 0)
			return 0;
		s->p += 2;
		if (part(s) == -1 || add(s, code) == NULL)
			return -1;
	}
}

static int
and(struct parse *s)
{
	return chain(s, not, "&&", OP_AND);
}

static int
or(struct parse *s)
{
	return chain(s, and, "||", OP_OR);
}

struct where *
where_new(const char *text, where_key *key, void *arg, char *why)
{
	struct parse s = { .p = text, .key = key, .arg = arg, .why = why };

	if ((s.w = calloc(1, sizeof(*s.w) + strlen(text) + 1)) == NULL) {
		snprintf(why, RULE_WHY, "where: out of memory");
		return NULL;
	}
	s.text = s.w->text;
	if (or(&s) == 0) {
		blanks(&s);
		if (*s.p == '\0')
			return s.w;
		fail(&s, "&& or ||, or a comparison: == != < <= > >= ~ !~");
	}
	where_free(s.w);
	return NULL;
}

void
where_free(struct where *w)
{
	free(w);
}

int
where_glob(const char *pattern, const char *s)
{
	const char *star = NULL, *from = s;

	while (*s != '\0')
		if (*pattern == '*') {
			star = ++pattern;
			from = s;
		} else if (*pattern == *s || *pattern == '?') {
			pattern++;
			s++;
		} else if (star != NULL) {
			pattern = star;
			s = ++from;
		} else
			return 0;
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

static int
like(const struct scan_val *v, const char *pattern)
{
	char buf[WHERE_TEXT];

	return scan_str(v, buf, sizeof(buf)) != -1 && where_glob(pattern, buf);
}

/* -1, 0, 1; or 2 if it is no number.  Identities are numbers in strings. */
static int
compare(const struct scan_val *v, const struct op *op)
{
	struct scan_val digits = *v;
	uint64_t u;
	double d;

	if (v->type == SCAN_STR && v->len > 0 && !v->escaped)
		digits.type = SCAN_NUM;
	if (op->whole && scan_u64(&digits, &u) == 0)
		return u < op->u ? -1 : u > op->u;
	if (scan_double(v, &d) == -1)
		return 2;
	return d < op->num ? -1 : d > op->num;
}

/* A field that is not there meets nothing. */
static int
met(const struct op *op, const struct scan_val *v)
{
	int d;

	if (v->type == SCAN_NONE || v->type == SCAN_NULL)
		return 0;
	if (op->code == OP_HAS)
		return v->type != SCAN_FALSE;
	if (op->truth) {
		if (v->type != SCAN_TRUE && v->type != SCAN_FALSE)
			return 0;
		d = (v->type == SCAN_TRUE) == (op->truth == 1);
		return d == (op->code == OP_EQ);
	}
	if (op->text != NULL) {
		if (v->type != SCAN_STR)
			return 0;
		d = op->code == OP_EQ || op->code == OP_NE ?
		    scan_is(v, op->text) : like(v, op->text);
		return d == (op->code == OP_EQ || op->code == OP_LIKE);
	}
	if ((d = compare(v, op)) == 2)
		return 0;
	switch ((enum code)op->code) {
	case OP_EQ: return d == 0;
	case OP_NE: return d != 0;
	case OP_LT: return d < 0;
	case OP_LE: return d <= 0;
	case OP_GT: return d > 0;
	default: return d >= 0;
	}
}

int
where_met(const struct where *w, where_val *val, const struct rec *rec)
{
	uint64_t stack = 0;	/* bit 0 is the top; WHERE_OPS bits are enough */

	if (w == NULL)
		return 1;
	for (const struct op *op = w->ops; op < w->ops + w->n; op++)
		switch ((enum code)op->code) {
		case OP_NOT:
			stack ^= 1;
			break;
		case OP_AND:
			stack = stack >> 1 & (stack | ~UINT64_C(1));
			break;
		case OP_OR:
			stack = stack >> 1 | (stack & 1);
			break;
		default:
			stack = stack << 1 | met(op, val(rec, op->key));
		}
	return stack & 1;
}
