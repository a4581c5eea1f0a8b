/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <string.h>

#include "core/window.h"

/* Most often t is in the slot that is the latest: that takes no division. */
static inline uint64_t
slot(uint64_t head, uint64_t len, uint64_t t)
{
	uint64_t step = len / WINDOW_SLOTS;

	if (t - head * step < step)
		return head;
	return step > 0 ? t / step : t;
}

static void
move(struct window *w, uint64_t head)
{
	if (head <= w->head)
		return;
	if (head - w->head >= WINDOW_SLOTS) {
		memset(w->n, 0, sizeof(w->n));
		w->sum = 0;
	} else
		for (uint64_t i = w->head + 1; i <= head; i++) {
			w->sum -= w->n[i % WINDOW_SLOTS];
			w->n[i % WINDOW_SLOTS] = 0;
		}
	w->head = head;
}

void
window_put(struct window *w, uint64_t len, uint64_t t, uint64_t n)
{
	uint64_t s = slot(w->head, len, t);
	uint32_t *at;

	move(w, s);
	if (w->head - s >= WINDOW_SLOTS)
		return;
	at = &w->n[s % WINDOW_SLOTS];
	if (n > UINT32_MAX - *at)
		n = UINT32_MAX - *at;
	*at += n;
	w->sum += n;
}

void
window_move(struct window *w, uint64_t len, uint64_t t)
{
	move(w, slot(w->head, len, t));
}

uint64_t
window_least(struct window *w, uint64_t len, uint64_t t, unsigned parts)
{
	uint64_t least = UINT64_MAX, s;
	unsigned each = WINDOW_SLOTS / parts;

	move(w, slot(w->head, len, t));
	for (unsigned p = 0; p < parts; p++) {
		s = 0;
		for (unsigned i = 0; i < each && p * each + i <= w->head; i++)
			s += w->n[(w->head - p * each - i) % WINDOW_SLOTS];
		if (s < least)
			least = s;
	}
	return least;
}

uint64_t
window_late(struct window *w, uint64_t len, uint64_t t, unsigned slots)
{
	uint64_t s = 0;

	move(w, slot(w->head, len, t));
	for (unsigned i = 0; i < slots && i <= w->head; i++)
		s += w->n[(w->head - i) % WINDOW_SLOTS];
	return s;
}

uint64_t
window_begun(struct window *w, uint64_t len, uint64_t t, double limit)
{
	double above = 0, most = 0;
	uint64_t first;

	move(w, slot(w->head, len, t));
	first = w->head;
	for (unsigned i = 0; i < WINDOW_SLOTS && i <= w->head; i++) {
		above += w->n[(w->head - i) % WINDOW_SLOTS] -
		    limit / WINDOW_SLOTS;
		if (above > most) {
			most = above;
			first = w->head - i;
		}
	}
	return first * (len / WINDOW_SLOTS);
}

void
window_less(struct window *w, struct window *less, uint64_t len, uint64_t t)
{
	uint64_t s = slot(w->head, len, t);

	move(w, s);
	move(less, s);
	for (int i = 0; i < WINDOW_SLOTS; i++) {
		uint32_t n = less->n[i] < w->n[i] ? less->n[i] : w->n[i];

		w->n[i] -= n;
		w->sum -= n;
	}
}

/* ---- large sums ---- */

/* Of slots of that size. */
static void
go_on(uint64_t *head, void *slots, size_t size, uint64_t to)
{
	if (to <= *head)
		return;
	for (uint64_t i = 0; i < WINDOW_SLOTS && i < to - *head; i++)
		memset((char *)slots + (to - i) % WINDOW_SLOTS * size, 0, size);
	*head = to;
}

void
wide_add(struct wide *w, uint64_t len, uint64_t t, uint64_t n)
{
	uint64_t s = slot(w->head, len, t), *at = &w->n[s % WINDOW_SLOTS];

	go_on(&w->head, w->n, sizeof(w->n[0]), s);
	if (w->head - s >= WINDOW_SLOTS)
		return;
	if (n > UINT64_MAX / WINDOW_SLOTS - *at)
		n = UINT64_MAX / WINDOW_SLOTS - *at;
	*at += n;
}

uint64_t
wide_sum(struct wide *w, uint64_t len, uint64_t t)
{
	uint64_t sum = 0;

	go_on(&w->head, w->n, sizeof(w->n[0]), slot(w->head, len, t));
	for (int i = 0; i < WINDOW_SLOTS; i++)
		sum += w->n[i];
	return sum;
}

void
total_add(struct total *w, uint64_t len, uint64_t t, double n)
{
	uint64_t s = slot(w->head, len, t), whole = n;

	go_on(&w->head, w->n, sizeof(w->n[0]), s);
	if (w->head - s < WINDOW_SLOTS)
		w->n[s % WINDOW_SLOTS] += (total_num)whole * TOTAL_PARTS +
		    (uint64_t)((n - whole) * TOTAL_PARTS + 0.5);
}

double
total_sum(struct total *w, uint64_t len, uint64_t t)
{
	total_num sum = 0;

	go_on(&w->head, w->n, sizeof(w->n[0]), slot(w->head, len, t));
	for (int i = 0; i < WINDOW_SLOTS; i++)
		sum += w->n[i];
	return (double)(sum / TOTAL_PARTS) +
	    (double)(uint64_t)(sum % TOTAL_PARTS) / TOTAL_PARTS;
}
