/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/intern.h"

struct str {
	struct str	*next;
	uint32_t	 hash, refs, len;
	char		 s[];
};

struct intern {
	struct str	**slots;
	size_t		 nslots, count;		/* nslots is a power of two */
	size_t		 bytes;
};

enum { INTERN_SLOTS = 1024 };

/* With what malloc(3) needs. */
static size_t
size_of(const struct str *s)
{
	return sizeof(*s) + s->len + 1 + 2 * sizeof(void *);
}

static struct str *
of(const char *s)
{
	return (struct str *)(uintptr_t)(s - offsetof(struct str, s));
}

#define HASH	UINT64_C(0x9e3779b97f4a7c15)
#define MORE	UINT64_C(0xc2b2ae3d27d4eb4f)

__extension__ typedef unsigned __int128 product;

/* Sixteen bytes: both halves of a product. */
static inline uint64_t
mix(uint64_t h, const char *s)
{
	uint64_t w[2];
	product p;

	memcpy(w, s, sizeof(w));
	p = (product)(w[0] ^ h) * (w[1] ^ MORE);
	return (uint64_t)p ^ (uint64_t)(p >> 64);
}

/* The last bytes may come twice. */
static uint32_t
hash(const char *s, size_t len)
{
	const char *end = s + len;
	uint64_t h = len * HASH, w[2] = { 0 };

	if (len < sizeof(w)) {
		memcpy(w, s, len);
		return mix(h, (char *)w) * HASH >> 32;
	}
	for (; end - s > (ptrdiff_t)sizeof(w); s += sizeof(w))
		h = mix(h, s);
	return mix(h, end - sizeof(w)) * HASH >> 32;
}

struct intern *
intern_new(void)
{
	struct intern *in;

	if ((in = calloc(1, sizeof(*in))) == NULL)
		return NULL;
	in->nslots = INTERN_SLOTS;
	if ((in->slots = calloc(in->nslots, sizeof(struct str *))) == NULL) {
		free(in);
		return NULL;
	}
	return in;
}

void
intern_free(struct intern *in)
{
	struct str *s, *next;

	if (in == NULL)
		return;
	for (size_t i = 0; i < in->nslots; i++)
		for (s = in->slots[i]; s != NULL; s = next) {
			next = s->next;
			free(s);
		}
	free(in->slots);
	free(in);
}

/* Without memory the chains only get longer. */
static void
grow(struct intern *in)
{
	size_t n = in->nslots * 2;
	struct str **slots, *s, *next;

	if ((slots = calloc(n, sizeof(struct str *))) == NULL)
		return;
	for (size_t i = 0; i < in->nslots; i++)
		for (s = in->slots[i]; s != NULL; s = next) {
			next = s->next;
			s->next = slots[s->hash & (n - 1)];
			slots[s->hash & (n - 1)] = s;
		}
	free(in->slots);
	in->slots = slots;
	in->nslots = n;
}

const char *
intern_get(struct intern *in, const char *p, size_t len)
{
	uint32_t h = hash(p, len);
	struct str **slot = &in->slots[h & (in->nslots - 1)], *s;

	for (s = *slot; s != NULL; s = s->next)
		if (s->hash == h && s->len == len && memcmp(s->s, p, len) == 0) {
			s->refs++;
			return s->s;
		}
	if ((s = malloc(sizeof(*s) + len + 1)) == NULL)
		return NULL;
	memcpy(s->s, p, len);
	s->s[len] = '\0';
	s->hash = h;
	s->refs = 1;
	s->len = len;
	s->next = *slot;
	*slot = s;
	in->bytes += size_of(s);
	if (++in->count > in->nslots)
		grow(in);
	return s->s;
}

const char *
intern_hold(const char *s)
{
	of(s)->refs++;
	return s;
}

void
intern_put(struct intern *in, const char *p)
{
	struct str *s, **at;

	if (p == NULL || --(s = of(p))->refs > 0)
		return;
	at = &in->slots[s->hash & (in->nslots - 1)];
	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	in->count--;
	in->bytes -= size_of(s);
	free(s);
}

uint32_t
intern_hash(const char *s)
{
	return of(s)->hash;
}

size_t
intern_bytes(const struct intern *in)
{
	return in->bytes;
}
