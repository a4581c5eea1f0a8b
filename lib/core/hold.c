/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <errno.h>
#include <stdlib.h>

#include "core/hold.h"

/*
 * A calendar: the window is cut into PAGES pages, and a record goes to the page
 * of its time.  A page is put into order only when its time has come.
 */
enum {
	PAGES = 64,		/* in a window */
	RING = 2 * PAGES,	/* kept: more than the window is wide */
	CELL = 512,		/* bytes that most records fit */
	CELLS = 64,		/* taken from the system at one time */
};

/* The time stands here too, so that to sort a page no record is looked at. */
struct place {
	uint64_t	t;
	struct held	*r;
};

struct page {
	struct place	*all;
	uint32_t	 n, room;
};

struct block {
	struct block	*next;
	max_align_t	 cells[];
};

struct hold {
	struct page	 pages[RING];
	struct held	*free;		/* cells */
	struct block	*blocks;
	struct page	 now;		/* the page that is taken from, in order */
	struct place	*spare;		/* for sorting */
	size_t		 at, nspare;
	size_t		 count, max;
	hold_order	*order;
	uint64_t	 page_ns;
	uint64_t	 since;		/* first page not yet taken, times page_ns */
	uint64_t	 settled;	/* what is earlier is late; 0 is nothing */
	uint64_t	 latest;
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
free_page(struct page *p, size_t from)
{
	for (; from < p->n; from++)
		if (p->all[from].r->size > CELL)
			free(p->all[from].r);
	free(p->all);
}

void
hold_free(struct hold *h)
{
	struct block *b;

	if (h == NULL)
		return;
	for (int i = 0; i < RING; i++)
		free_page(&h->pages[i], 0);
	free_page(&h->now, h->at);
	while ((b = h->blocks) != NULL) {
		h->blocks = b->next;
		free(b);
	}
	free(h->spare);
	free(h);
}

static int
more_cells(struct hold *h)
{
	struct block *b;
	char *cell;

	if ((b = malloc(sizeof(*b) + CELLS * CELL)) == NULL)
		return -1;
	b->next = h->blocks;
	h->blocks = b;
	cell = (char *)b->cells;
	for (int i = 0; i < CELLS; i++, cell += CELL) {
		struct held *r = (struct held *)(void *)cell;

		r->next = h->free;
		h->free = r;
	}
	return 0;
}

struct held *
hold_room(struct hold *h, size_t size)
{
	struct held *r;

	if (size > CELL)
		r = malloc(size);
	else {
		if (h->free == NULL && more_cells(h) == -1)
			return NULL;
		if ((r = h->free) != NULL)
			h->free = r->next;
	}
	if (r != NULL)
		r->size = size;
	return r;
}

void
hold_back(struct hold *h, struct held *r)
{
	if (r->size > CELL)
		free(r);
	else {
		r->next = h->free;
		h->free = r;
	}
}

/* Nothing waits: go on to the first page that may still be filled. */
static void
skip(struct hold *h)
{
	uint64_t page = h->latest / h->page_ns;

	page = page > PAGES ? page - PAGES : 0;
	if (page > h->since)
		h->since = page;
}

void
hold_time(struct hold *h, uint64_t t)
{
	if (t > h->latest || !h->begun)
		h->latest = t;
	if (!h->begun)
		skip(h);
	h->begun = 1;
}

int
hold_put(struct hold *h, struct held *r)
{
	uint64_t page = r->t / h->page_ns;
	struct place *all;
	struct page *p;

	if (page < h->since)	/* late */
		page = h->since;
	if (page - h->since >= RING)
		page = h->since + RING - 1;
	p = &h->pages[page % RING];
	if (p->n == p->room) {
		uint32_t room = p->room == 0 ? 16 : p->room * 2;

		if ((all = realloc(p->all, room * sizeof(*all))) == NULL)
			return -1;
		p->all = all;
		p->room = room;
	}
	p->all[p->n++] = (struct place){ r->t, r };
	h->count++;
	return 0;
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

/* Begin to take from a page.  0, or -1 without memory. */
static int
turn(struct hold *h, struct page *p)
{
	struct place *spare;
	struct page empty = h->now;

	if (h->nspare < p->n) {
		if ((spare = realloc(h->spare, p->n * sizeof(*spare))) == NULL)
			return -1;
		h->spare = spare;
		h->nspare = p->n;
	}
	sort(h, p->all, h->spare, p->n);
	h->now = *p;
	empty.n = 0;
	*p = empty;
	h->at = 0;
	return 0;
}

struct held *
hold_take(struct hold *h, int all)
{
	struct page *p;

	while (h->at == h->now.n) {
		if (!h->begun)
			return NULL;
		if (h->count == 0) {
			skip(h);
			return NULL;
		}
		if (!all && h->count < h->max &&
		    h->since + PAGES >= h->latest / h->page_ns)
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
	if (h->at + 2 < h->now.n)
		for (int i = 0; i < CELL; i += 64)
			__builtin_prefetch((char *)h->now.all[h->at + 2].r + i);
	return h->now.all[h->at++].r;
}

/* The page of the latest is taken from once more, with what comes to it. */
void
hold_settled(struct hold *h)
{
	if (!h->begun)
		return;
	h->since = h->latest / h->page_ns;
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
	h->latest = h->settled = 0;
	h->since = 0;
}
