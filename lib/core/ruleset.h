/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Rules as they are gone by.  For lib/core alone. */
#ifndef CORE_RULESET_H
#define CORE_RULESET_H

#include <stddef.h>
#include <stdint.h>

#include "core/key.h"
#include "core/rule.h"
#include "core/value.h"
#include "core/where.h"

enum by { BY_PROCESS, BY_TREE, BY_CGROUP, BY_POD, BY_NAMESPACE, BY_HOST,
	BY_CULPRIT, BY_FIELD };
#define BY(x)	(1u << BY_##x)

enum severity { SEV_INFO, SEV_LOW, SEV_MEDIUM, SEV_HIGH, SEV_CRITICAL };
extern const char severities[];		/* the words, by number */

enum { PARAMS = 12, RULE_FIELDS = 16 };

/* A key that one detector has.  def NULL: it must be given, or (opt) may be. */
struct param {
	const char	*name;
	enum unit	 unit;
	const char	*def;
	const char	*words;		/* UNIT_CHOICE: its words; else its range,
					   see value_within(); NULL: that of the unit */
	uint8_t		 opt;		/* without it, the value is NAN */
};

struct given;

struct rule {
	char		 name[RULE_NAME];
	struct given	*givens, **last;	/* its keys as they were given */
	const struct detector *det;
	struct where	*where;
	double		 p[PARAMS];	/* by the detector's params */
	uint64_t	 cooldown, update, close;
	uint64_t	 window;	/* of the detector, ns */
	uint64_t	 kinds;		/* that it is fed */
	uint32_t	 limit;
	unsigned	 line;
	uint16_t	 index;
	uint8_t		 by;		/* bits; narrower first */
	uint8_t		 by_key, field_key;	/* K_NONE: none */
	uint8_t		 severity, off;
	uint8_t		 down;		/* low values are the bad ones */
	uint8_t		 given[PARAMS], given_by, given_severity;
	uint8_t		 fields[RULE_FIELDS], nfields;	/* that where names */
	char		 by_field[RULE_NAME], field[RULE_NAME];
};

struct rules {
	struct rule	*all[RULE_MAX];
	size_t		 n;
	const char	*key[K_MAX];	/* names, by number */
	size_t		 nkeys;
	int		 done;
};

#endif
