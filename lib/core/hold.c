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

struct page {
	struct held	*first, **last;
	uint32_t	 n;
};

struct block {
	struct block	*next;
	max_align_t	 cells[];
};

struct hold {
	struct page	 pages[RING];
	struct held	*free;		/* cells */
	struct block	*blocks;
	struct held	**sorted;	/* the page that is taken from now */
	size_t		 at, n, room;
	size_t		 count, max;
	hold_order	*order;
	uint64_t	 page_ns;
	uint64_t	 since;		/* first page not yet taken, times page_ns */
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
	for (int i = 0; i < RING; i++)
		h->pages[i].last = &h->pages[i].first;
	return h;
}

static void
free_list(struct held *r)
{
	struct held *next;

	for (; r != NULL; r = next) {
		next = r->next;
		if (r->size > CELL)
			free(r);
	}
}

void
hold_free(struct hold *h)
{
	struct block *b;

	if (h == NULL)
		return;
	for (int i = 0; i < RING; i++)
		free_list(h->pages[i].first);
	for (; h->at < h->n; h->at++)
		if (h->sorted[h->at]->size > CELL)
			free(h->sorted[h->at]);
	while ((b = h->blocks) != NULL) {
		h->blocks = b->next;
		free(b);
	}
	free(h->sorted);
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

void
hold_put(struct hold *h, struct held *r)
{
	uint64_t page = r->t / h->page_ns;
	struct page *p;

	if (page < h->since)	/* late */
		page = h->since;
	if (page - h->since >= RING)
		page = h->since + RING - 1;
	p = &h->pages[page % RING];
	r->next = NULL;
	*p->last = r;
	p->last = &r->next;
	p->n++;
	h->count++;
}

static int
earlier(const struct hold *h, const struct held *a, const struct held *b)
{
	if (a->t != b->t)
		return a->t < b->t;
	return h->order(a, b) < 0;
}

/* Merge the runs v[0..mid) and v[mid..n) by way of tmp. */
static void
merge(const struct hold *h, struct held **v, struct held **tmp, size_t mid,
    size_t n)
{
	size_t i = 0, j = mid, k = 0;

	if (!earlier(h, v[mid], v[mid - 1]))
		return;
	while (i < mid && j < n)
		tmp[k++] = earlier(h, v[j], v[i]) ? v[j++] : v[i++];
	while (i < mid)
		tmp[k++] = v[i++];
	for (i = 0; i < k; i++)
		v[i] = tmp[i];
}

static void
sort(const struct hold *h, struct held **v, struct held **tmp, size_t n)
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
	struct held *r = p->first, **v;

	if (h->room < 2 * (size_t)p->n) {
		if ((v = realloc(h->sorted, 2 * p->n * sizeof(*v))) == NULL)
			return -1;
		h->sorted = v;
		h->room = 2 * p->n;
	}
	h->at = h->n = 0;
	for (; r != NULL; r = r->next)
		h->sorted[h->n++] = r;
	for (size_t i = 1; i < h->n; i++)
		if (earlier(h, h->sorted[i], h->sorted[i - 1])) {
			sort(h, h->sorted, h->sorted + h->n, h->n);
			break;
		}
	p->first = NULL;
	p->last = &p->first;
	p->n = 0;
	return 0;
}

struct held *
hold_take(struct hold *h, int all)
{
	struct page *p;

	while (h->at == h->n) {
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
	return h->sorted[h->at++];
}

uint64_t
hold_since(const struct hold *h)
{
	return h->begun ? h->since * h->page_ns : 0;
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
	h->latest = 0;
	h->since = 0;
}
