/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <errno.h>
#include <stdlib.h>

#include "core/hold.h"

/*
 * A calendar: the window is cut into PAGES pages, and a record goes to the page
 * of its time.  A page is put into order only when its time has come.  What is
 * on a page stands together in memory, and goes together.
 */
enum {
	PAGES = 64,		/* in a window */
	RING = 2 * PAGES,	/* kept: more than the window is wide */
	CHUNK = 8192,		/* bytes for records, unless one needs more */
	IDLE = 4,		/* lists kept for pages to come */
	LINE = 64,		/* of the processor's cache */
	LINES = 6,		/* of a record that are fetched early: */
	FETCH = 4,		/* so many records early */
};

/* The time stands here too, so that to sort a page no record is looked at. */
struct place {
	uint64_t	t;
	struct held	*r;
};

struct chunk {
	struct chunk	*next;
	uint32_t	 size, used;
	max_align_t	 bytes[];
};

struct page {
	struct place	*all;
	struct chunk	*chunks;	/* the first is being filled */
	uint32_t	 n, room;
};

struct hold {
	struct page	 pages[RING];
	struct page	 idle[IDLE];	/* their lists alone */
	size_t		 nidle;
	struct chunk	*free;
	struct chunk	*last;		/* put to */
	struct page	 now;		/* the page that is taken from, in order */
	struct place	*spare;		/* for sorting */
	size_t		 at, nspare;
	size_t		 count, max;
	hold_order	*order;
	uint64_t	 page_ns;
	uint64_t	 since;		/* first page not yet taken, times page_ns */
	uint64_t	 settled;	/* what is earlier is late; 0 is nothing */
	uint64_t	 latest, page;	/* and the number of its page */
	int		 begun;
};

struct hold *
hold_new(size_t max, uint64_t window_ns, hold_order *order)
{
	struct hold *h;

	if ((h = calloc(1, sizeof(*h))) == NULL)
		return NULL;
	h->max = max;
	h->order = order;
	h->page_ns = window_ns / PAGES;
	if (h->page_ns == 0)
		h->page_ns = 1;
	return h;
}

static void
free_chunks(struct chunk *c)
{
	struct chunk *next;

	for (; c != NULL; c = next) {
		next = c->next;
		free(c);
	}
}

static void
free_page(struct page *p)
{
	free_chunks(p->chunks);
	free(p->all);
}

void
hold_free(struct hold *h)
{
	if (h == NULL)
		return;
	for (int i = 0; i < RING; i++)
		free_page(&h->pages[i]);
	free_page(&h->now);
	for (size_t i = 0; i < h->nidle; i++)
		free(h->idle[i].all);
	free_chunks(h->free);
	free(h->spare);
	free(h);
}

/* One more chunk for the page, with so many bytes at least. */
static struct chunk *
more(struct hold *h, struct page *p, size_t size)
{
	struct chunk *c = h->free;

	if (size > CHUNK || c == NULL) {
		size = size > CHUNK ? size : CHUNK;
		if ((c = malloc(sizeof(*c) + size)) == NULL)
			return NULL;
		c->size = size;
	} else
		h->free = c->next;
	c->used = 0;
	c->next = p->chunks;
	return p->chunks = c;
}

/* The page's records are gone. */
static void
clear(struct hold *h, struct page *p)
{
	struct chunk *c;

	while ((c = p->chunks) != NULL) {
		p->chunks = c->next;
		if (c->size > CHUNK) {
			free(c);
			continue;
		}
		c->next = h->free;
		h->free = c;
	}
	p->n = 0;
}

/* The number of its page.  Most often it is that of the latest: that takes no
 * division. */
static inline uint64_t
page_of(const struct hold *h, uint64_t t)
{
	return t - h->page * h->page_ns < h->page_ns ? h->page : t / h->page_ns;
}

/* Nothing waits: go on to the first page that may still be filled. */
static void
skip(struct hold *h)
{
	uint64_t page = h->page > PAGES ? h->page - PAGES : 0;

	if (page > h->since)
		h->since = page;
}

void
hold_time(struct hold *h, uint64_t t)
{
	if (t > h->latest || !h->begun) {
		h->page = page_of(h, t);
		h->latest = t;
	}
	if (!h->begun)
		skip(h);
	h->begun = 1;
}

/* Room in the list of the page.  0, or -1 without memory. */
static int
lengthen(struct hold *h, struct page *p)
{
	uint32_t room = p->room == 0 ? 16 : p->room * 2;
	struct place *all;

	if (p->n < p->room)
		return 0;
	if (p->room == 0 && h->nidle > 0) {
		*p = (struct page){ .chunks = p->chunks,
		    .all = h->idle[h->nidle - 1].all,
		    .room = h->idle[h->nidle - 1].room };
		h->nidle--;
		return 0;
	}
	if ((all = realloc(p->all, room * sizeof(*all))) == NULL)
		return -1;
	p->all = all;
	p->room = room;
	return 0;
}

static inline size_t
whole(size_t size)
{
	return (size + sizeof(max_align_t) - 1) & ~(sizeof(max_align_t) - 1);
}

struct held *
hold_put(struct hold *h, uint64_t t, size_t size)
{
	uint64_t page = page_of(h, t);
	struct chunk *c;
	struct held *r;
	struct page *p;

	if (page < h->since)	/* late */
		page = h->since;
	if (page - h->since >= RING)
		page = h->since + RING - 1;
	p = &h->pages[page % RING];
	size = whole(size);
	c = p->chunks;
	if (lengthen(h, p) == -1 || ((c == NULL || c->size - c->used < size) &&
	    (c = more(h, p, size)) == NULL))
		return NULL;
	r = (struct held *)(void *)((char *)c->bytes + c->used);
	c->used += size;
	h->last = c;
	r->t = t;
	p->all[p->n++] = (struct place){ t, r };
	h->count++;
	return r;
}

void
hold_trim(struct hold *h, struct held *r, size_t size)
{
	h->last->used = whole((char *)r - (char *)h->last->bytes + size);
}

static int
earlier(const struct hold *h, const struct place *a, const struct place *b)
{
	if (a->t != b->t)
		return a->t < b->t;
	return h->order(a->r, b->r) < 0;
}

/* Merge the runs v[0..mid) and v[mid..n) by way of tmp. */
static void
merge(const struct hold *h, struct place *v, struct place *tmp, size_t mid,
    size_t n)
{
	size_t i = 0, j = mid, k = 0;

	if (!earlier(h, &v[mid], &v[mid - 1]))
		return;
	while (i < mid && j < n)
		tmp[k++] = earlier(h, &v[j], &v[i]) ? v[j++] : v[i++];
	while (i < mid)
		tmp[k++] = v[i++];
	for (i = 0; i < k; i++)
		v[i] = tmp[i];
}

static void
sort(const struct hold *h, struct place *v, struct place *tmp, size_t n)
{
	if (n < 2)
		return;
	sort(h, v, tmp, n / 2);
	sort(h, v + n / 2, tmp, n - n / 2);
	merge(h, v, tmp, n / 2, n);
}

/* Most pages are in order already. */
static int
sorted(const struct hold *h, const struct page *p)
{
	for (uint32_t i = 1; i < p->n; i++)
		if (earlier(h, &p->all[i], &p->all[i - 1]))
			return 0;
	return 1;
}

/* Begin to take from a page.  0, or -1 without memory. */
static int
turn(struct hold *h, struct page *p)
{
	struct place *spare;

	if (h->nspare < p->n) {
		if ((spare = realloc(h->spare, p->n * sizeof(*spare))) == NULL)
			return -1;
		h->spare = spare;
		h->nspare = p->n;
	}
	if (!sorted(h, p))
		sort(h, p->all, h->spare, p->n);
	/* A list for each page of the ring would be one for each too many. */
	if (h->now.all != NULL && h->nidle < IDLE)
		h->idle[h->nidle++] = h->now;
	else
		free(h->now.all);
	h->now = *p;
	*p = (struct page){ 0 };
	return 0;
}

const struct held *
hold_take(struct hold *h, int all)
{
	struct page *p;

	while (h->at == h->now.n) {
		clear(h, &h->now);
		h->at = 0;
		if (!h->begun)
			return NULL;
		if (h->count == 0) {
			skip(h);
			return NULL;
		}
		if (!all && h->count < h->max &&
		    h->since + PAGES >= h->page)
			return NULL;
		p = &h->pages[h->since % RING];
		if (p->n > 0 && turn(h, p) == -1) {
			errno = ENOMEM;
			return NULL;
		}
		h->since++;
	}
	h->count--;
	/* It was written a while ago, and is far away by now. */
	if (h->at + FETCH < h->now.n)
		for (int i = 0; i < LINES; i++)
			__builtin_prefetch((char *)h->now.all[h->at + FETCH].r +
			    i * LINE);
	return h->now.all[h->at++].r;
}

const struct held *
hold_next(const struct hold *h, size_t n)
{
	return n < h->now.n - h->at ? h->now.all[h->at + n].r : NULL;
}

/* The page of the latest is taken from once more, with what comes to it. */
void
hold_settled(struct hold *h)
{
	if (!h->begun)
		return;
	h->since = h->page;
	h->settled = h->latest;
}

uint64_t
hold_since(const struct hold *h)
{
	uint64_t t = h->since * h->page_ns;

	return !h->begun ? 0 : t > h->settled ? t : h->settled;
}

uint64_t
hold_latest(const struct hold *h)
{
	return h->latest;
}

int
hold_begun(const struct hold *h)
{
	return h->begun;
}

void
hold_restart(struct hold *h)
{
	h->begun = 0;
	h->latest = h->settled = h->page = 0;
	h->since = 0;
}
