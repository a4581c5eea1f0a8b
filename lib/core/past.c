/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "core/past.h"

void
past_keep(struct past *p, uint64_t t, const char *line, size_t len)
{
	const struct past_line head = { .t = t, .len = len };
	size_t need = p->len + sizeof(head) + len;
	char *bytes;

	if (len > PAST_BYTES || need > PAST_BYTES)
		return;
	if (need > p->room) {
		if ((bytes = realloc(p->bytes, 2 * need)) == NULL)
			return;
		p->bytes = bytes;
		p->room = 2 * need;
	}
	memcpy(p->bytes + p->len, &head, sizeof(head));
	memcpy(p->bytes + p->len + sizeof(head), line, len);
	p->len = need;
}

const char *
past_next(const struct past *p, size_t *at, struct past_line *head)
{
	const char *line;

	if (*at == p->len)
		return NULL;
	memcpy(head, p->bytes + *at, sizeof(*head));
	line = p->bytes + *at + sizeof(*head);
	*at += sizeof(*head) + head->len;
	return line;
}

void
past_free(struct past *p)
{
	free(p->bytes);
	*p = (struct past){ 0 };
}
