/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * pick [-w FIELD=VALUE]... KIND[,KIND...] FIELD...
 * pick -l KIND[,KIND...]
 *
 * From records on stdin the named fields, tabs between: strings as they are,
 * all else as compact JSON, "-" if absent.  With -l every field on a line of
 * its own: record number, pid, field, value.  jansson, not lnx's own scanner:
 * the judge must not share a fault with the accused.  A line that jansson
 * refuses ends it with status 1.  A.B is field B of the object A.
 */
#include <jansson.h>

#include "stim.h"

enum { MAX_WHERE = 8 };

static struct { const char *field, *value; } where[MAX_WHERE];
static size_t wheres;

static int
named(const char *list, const char *kind)
{
	size_t n = strlen(kind);
	const char *p = list;

	for (; p != NULL && *p != '\0'; p = strchr(p, ','), p += p != NULL)
		if (strncmp(p, kind, n) == 0 && (p[n] == ',' || p[n] == '\0'))
			return 1;
	return strcmp(list, "all") == 0;
}

static void
put(const json_t *v)
{
	if (v == NULL)
		putchar('-');
	else if (json_is_string(v))
		fwrite(json_string_value(v), 1, json_string_length(v), stdout);
	else if (json_is_integer(v))
		printf("%lld", json_integer_value(v));
	else
		json_dumpf(v, stdout, JSON_COMPACT | JSON_ENCODE_ANY);
}

/* The field of that name, or path. */
static json_t *
field(const json_t *rec, const char *path)
{
	const char *dot = strchr(path, '.');
	char name[64];

	if (dot == NULL)
		return json_object_get(rec, path);
	must((size_t)(dot - path) < sizeof(name));
	memcpy(name, path, (size_t)(dot - path));
	name[dot - path] = '\0';
	return field(json_object_get(rec, name), dot + 1);
}

static int
wanted(const json_t *rec, const char *kinds)
{
	const char *kind = json_string_value(json_object_get(rec, "event"));
	json_t *v;
	char *text;
	size_t i;
	int same = 1;

	if (kind == NULL || !named(kinds, kind))
		return 0;
	for (i = 0; i < wheres && same; i++) {
		v = field(rec, where[i].field);
		if (json_is_string(v)) {
			same = strcmp(json_string_value(v), where[i].value) == 0;
			continue;
		}
		text = v == NULL ? strdup("-") : json_dumps(v, JSON_ENCODE_ANY);
		must(text != NULL);
		same = strcmp(text, where[i].value) == 0;
		free(text);
	}
	return same;
}

static void
tell(json_t *rec, char **fields, long no)
{
	const char *key;
	json_t *v;
	int i;

	if (fields == NULL) {
		json_object_foreach(rec, key, v) {
			printf("%ld\t", no);
			put(json_object_get(rec, "pid"));
			printf("\t%s\t", key);
			put(v);
			putchar('\n');
		}
		return;
	}
	for (i = 0; fields[i] != NULL; i++) {
		if (i > 0)
			putchar('\t');
		put(field(rec, fields[i]));
	}
	putchar('\n');
}

int
main(int argc, char **argv)
{
	char *line = NULL, *eq;
	size_t cap = 0;
	ssize_t n;
	json_error_t je;
	json_t *rec;
	long no = 0;
	int c, list = 0;

	while ((c = getopt(argc, argv, "+lw:")) != -1)
		switch (c) {
		case 'l': list = 1; break;
		case 'w':
			if ((eq = strchr(optarg, '=')) == NULL || wheres == MAX_WHERE)
				return 2;
			*eq = '\0';
			where[wheres].field = optarg;
			where[wheres++].value = eq + 1;
			break;
		default: return 2;
		}
	if (optind >= argc)
		return 2;
	while ((n = getline(&line, &cap, stdin)) > 0) {
		no++;
		rec = json_loadb(line, (size_t)n, JSON_REJECT_DUPLICATES, &je);
		if (rec == NULL) {
			fprintf(stderr, "pick: line %ld: %s\n", no, je.text);
			return 1;
		}
		if (wanted(rec, argv[optind]))
			tell(rec, list ? NULL : argv + optind + 1, no);
		json_decref(rec);
	}
	free(line);
	return ferror(stdin) || fflush(stdout) != 0;
}
