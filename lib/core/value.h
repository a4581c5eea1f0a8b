/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Values of rules, with their units. */
#ifndef CORE_VALUE_H
#define CORE_VALUE_H

#include <stddef.h>

enum unit {
	UNIT_COUNT,	/* 30 */
	UNIT_TIME,	/* 2s, in ns */
	UNIT_SIZE,	/* 64MiB, in bytes */
	UNIT_PCT,	/* 40% */
	UNIT_RATE,	/* 10/s or 600/min, for each second */
	UNIT_ANY,	/* any of these, or a plain number with a sign */
	UNIT_CHOICE,	/* one of some words; its number */
	UNIT_TEXT,	/* kept as it is */
};

/* What such a value looks like: "a time as 2s". */
const char *value_want(enum unit);

/* 0, or -1 if s is no such value. */
int value_parse(enum unit, const char *s, double *v);

/* A value that was parsed is in the range "LEAST MOST" or "LEAST", both of that
 * unit.  1; or 0 and what is wanted in why. */
int value_within(enum unit, const char *range, double v, char *why, size_t size);

/* UNIT_ANY, and a number below 0. */
int value_any(const char *s, double *v);

/* Of which unit such a value is, a second or not: UNIT_COUNT if it has none. */
enum unit value_unit(const char *s);

/* The unit of a field: its name tells. */
enum unit value_unit_of(const char *field);

/* The number of the word s in words, which have blanks between them; -1. */
int value_choice(const char *words, const char *s);

/* For people: "1.5 s", "64 MiB", "40 %", "12.5/s", at most VALUE_TEXT bytes
 * with a NUL.  p. */
enum { VALUE_TEXT = 40 };
char *value_text(char *p, enum unit, double v);

/* As JSON: digits, and at most three decimals; VALUE_TEXT likewise. */
char *value_json(char *p, double v);

#endif
