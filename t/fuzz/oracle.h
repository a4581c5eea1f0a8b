/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What jansson says of a line must be what the scanner says. */
#ifndef ORACLE_H
#define ORACLE_H

#include <jansson.h>
#include <string.h>

#include "rec/scan.h"

static inline int
oracle_same(json_t *j, const struct scan_val *v);

static inline int
oracle_string(const char *s, size_t n, const struct scan_val *v)
{
	char *buf = malloc(n + 8), few[5];
	long len = scan_str(v, buf, n + 8), cut = scan_str(v, few, sizeof(few));
	int same = len == (long)n && memcmp(buf, s, n) == 0 && buf[n] == '\0' &&
	    cut == len && strncmp(few, s, strlen(few)) == 0;

	if (strlen(s) == n)
		same = same && scan_is(v, s);
	buf[n] = 'x';
	buf[n + 1] = '\0';
	same = same && !scan_is(v, buf);
	free(buf);
	return same;
}

static inline int
oracle_number(json_t *j, const struct scan_val *v)
{
	uint64_t u = 0;
	double d = 0;
	int whole = scan_u64(v, &u) == 0;

	if (scan_double(v, &d) != 0 || d != json_number_value(j))
		return 0;
	if (whole != (json_is_integer(j) && v->p[0] != '-'))
		return 0;
	return !whole || (json_int_t)u == json_integer_value(j);
}

static inline int
oracle_array(json_t *j, const struct scan_val *v)
{
	struct scan_val key, e;
	size_t pos = 0, n = 0;

	while (scan_next(v, &pos, &key, &e))
		if (n == json_array_size(j) ||
		    !oracle_same(json_array_get(j, n++), &e))
			return 0;
	return n == json_array_size(j);
}

/* The last value of that key. */
static inline struct scan_val
oracle_last(const struct scan_val *v, const char *key)
{
	struct scan_val k, e, last = { 0 };
	size_t pos = 0;

	while (scan_next(v, &pos, &k, &e))
		if (scan_is(&k, key))
			last = e;
	return last;
}

static inline int
oracle_object(json_t *j, const struct scan_val *v)
{
	struct scan_val k, e;
	size_t pos = 0;
	const char *key;
	json_t *val;

	json_object_foreach(j, key, val) {
		e = oracle_last(v, key);
		if (!oracle_same(val, &e))
			return 0;
	}
	while (scan_next(v, &pos, &k, &e)) {
		char *name = malloc(k.len + 1);

		scan_str(&k, name, k.len + 1);
		val = json_object_get(j, name);
		free(name);
		if (val == NULL)
			return 0;
	}
	return 1;
}

static inline int
oracle_same(json_t *j, const struct scan_val *v)
{
	switch (v->type) {
	case SCAN_NULL:
		return json_is_null(j);
	case SCAN_FALSE:
		return json_is_false(j);
	case SCAN_TRUE:
		return json_is_true(j);
	case SCAN_NUM:
		return json_is_number(j) && oracle_number(j, v);
	case SCAN_STR:
		return json_is_string(j) && oracle_string(json_string_value(j),
		    json_string_length(j), v);
	case SCAN_ARR:
		return json_is_array(j) && oracle_array(j, v);
	case SCAN_OBJ:
		return json_is_object(j) && oracle_object(j, v);
	default:
		return 0;
	}
}

static inline size_t
oracle_depth(json_t *j)
{
	size_t max = 0, i, d;
	const char *key;
	json_t *v;

	json_object_foreach(j, key, v)
		max = (d = oracle_depth(v)) > max ? d : max;
	json_array_foreach(j, i, v)
		max = (d = oracle_depth(v)) > max ? d : max;
	return max + (json_is_object(j) || json_is_array(j));
}

/* The same set again: now it knows in which order the keys come. */
static inline int
oracle_again(struct scan *set, size_t n, const char *line, size_t len,
    const struct scan_val *first)
{
	struct scan_val val[SCAN_KEYS];

	if (scan_line(set, line, len, val) != 0)
		return 0;
	for (size_t i = 0; i < n; i++)
		if (val[i].type != first[i].type || val[i].p != first[i].p ||
		    val[i].len != first[i].len ||
		    val[i].escaped != first[i].escaped)
			return 0;
	return 1;
}

/* What a prepared set of the line's own keys finds. */
static inline int
oracle_keys(json_t *j, const char *line, size_t len)
{
	const char *keys[SCAN_KEYS], *key, *sub;
	static char paths[SCAN_KEYS][256];
	json_t *want[SCAN_KEYS], *v, *w;
	struct scan_val val[SCAN_KEYS];
	struct scan *set;
	size_t n = 0;
	int same = 1;

	json_object_foreach(j, key, v) {
		if (n < SCAN_KEYS && *key != '\0' && strchr(key, '.') == NULL) {
			want[n] = v;
			keys[n++] = key;
		}
		json_object_foreach(v, sub, w)
			if (n < SCAN_KEYS && *key != '\0' && *sub != '\0' &&
			    strchr(key, '.') == NULL && strchr(sub, '.') == NULL &&
			    strlen(key) + strlen(sub) < 250) {
				sprintf(paths[n], "%s.%s", key, sub);
				want[n] = w;
				keys[n] = paths[n];
				n++;
			}
	}
	if ((set = scan_new(keys, n)) == NULL)
		return 0;
	same = scan_line(set, line, len, val) == 0;
	for (size_t i = 0; i < n && same; i++)
		same = oracle_same(want[i], &val[i]);
	same = same && oracle_again(set, n, line, len, val);
	scan_free(set);
	return same;
}

/* NULL if both agree, or why not. */
static inline const char *
oracle(const char *line, size_t len)
{
	struct scan_val top = { .type = SCAN_OBJ };
	const char *why = NULL;
	json_error_t err;
	json_t *j = json_loadb(line, len, JSON_ALLOW_NUL, &err);
	int good = scan_line(NULL, line, len, NULL) == 0;

	if (j == NULL) {
		/* RFC 8259 sets no bounds to numbers, and a key may hold \u0000. */
		if (json_error_code(&err) == json_error_numeric_overflow ||
		    json_error_code(&err) == json_error_null_byte_in_key)
			return NULL;
		return good ? "scanner takes what jansson refuses" : NULL;
	}
	if (memchr(line, '\0', len) != NULL) {
		/* jansson passes over a NUL behind a number. */
		why = good ? "scanner takes a NUL" : NULL;
	} else if (!json_is_object(j)) {
		why = good ? "scanner takes what is no object" : NULL;
	} else if (!good) {
		if (oracle_depth(j) <= SCAN_DEPTH)
			why = "scanner refuses what jansson takes";
	} else {
		top.p = memchr(line, '{', len);
		top.len = line + len - top.p;
		if (!oracle_same(j, &top))
			why = "values differ";
		else if (!oracle_keys(j, line, len))
			why = "values of keys differ";
	}
	json_decref(j);
	return why;
}

#endif
