/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A rule's keys as they were given.  For lib/core/rule*.c alone. */
#ifndef CORE_RULE_IMPL_H
#define CORE_RULE_IMPL_H

struct given {
	struct given	*next;
	const char	*value;
	unsigned	 line;
	char		 key[];		/* and behind its NUL the value */
};

#endif
