/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <math.h>

#include "core/waited.h"

#define US	1000		/* windows count these */

int
waited_us(const struct rec *rec, uint64_t len, uint64_t *us)
{
	uint64_t interval = rec_num(rec, K_interval_ns, 0);
	double pct;

	if (lane_resource(rec) != RES_MEMORY)
		return -1;
	if (rec->kind == EV_psi) {
		pct = rec_double(rec, K_some_pct);
		if (isnan(pct) || interval == 0)
			return -1;
		*us = fmin(fmax(pct, 0), 100) / 100 *
		    (interval < len ? interval : len) / US;
		return 0;
	}
	*us = rec_num(rec, K_stall_ns, 0) / US;
	return scan_is(rec_val(rec, K_culprit_kind), "limit") &&
	    !scan_is(rec_val(rec, K_method), "open") ? 0 : -1;
}

void
waited_put(struct waited *w, uint64_t len, const struct rec *rec, uint64_t us,
    uint64_t now)
{
	window_add(rec->kind == EV_psi ? &w->psi : &w->stall, len, now, us);
	if (rec->kind == EV_psi)
		w->psi_t = now;
}

int
waited_by_psi(const struct waited *w, uint64_t len, uint64_t now)
{
	return w->psi_t != 0 && now - w->psi_t <= len;
}

double
waited_pct(struct waited *w, uint64_t len, uint64_t now, unsigned slots)
{
	struct window *sum = waited_by_psi(w, len, now) ? &w->psi : &w->stall;
	uint64_t us = window_late(sum, len, now, slots);

	return 100.0 * us * US * WINDOW_SLOTS / slots / len;
}

struct group *
waited_group(struct lane *l, const struct rule *r, const struct rec *rec)
{
	struct subject s = { .by = BY_CGROUP };

	s.s[0] = rec->kind == EV_stall ?
	    lane_cgroup(l, rec, K_victim_cgroup, K_victim_cgroup_v1) :
	    lane_cgroup(l, rec, K_cgroup, K_cgroup_v1);
	return s.s[0] != NULL ? group_find(l, r, &s) : NULL;
}
