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

static void
total_move(struct total *w, uint64_t head)
{
	if (head <= w->head)
		return;
	for (uint64_t i = 0; i < WINDOW_SLOTS && i < head - w->head; i++)
		w->n[(head - i) % WINDOW_SLOTS] = 0;
	w->head = head;
}

void
total_add(struct total *w, uint64_t len, uint64_t t, double n)
{
	uint64_t s = slot(w->head, len, t), whole = n;

	total_move(w, s);
	if (w->head - s < WINDOW_SLOTS)
		w->n[s % WINDOW_SLOTS] += (total_num)whole * TOTAL_PARTS +
		    (uint64_t)((n - whole) * TOTAL_PARTS + 0.5);
}

double
total_sum(struct total *w, uint64_t len, uint64_t t)
{
	total_num sum = 0;

	total_move(w, slot(w->head, len, t));
	for (int i = 0; i < WINDOW_SLOTS; i++)
		sum += w->n[i];
	return (double)(sum / TOTAL_PARTS) +
	    (double)(uint64_t)(sum % TOTAL_PARTS) / TOTAL_PARTS;
}
