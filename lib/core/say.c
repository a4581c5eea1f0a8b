/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What the engine has to say of itself: records of the kind source. */
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "rec/json.h"

#include "core/detect.h"

void
lane_say(struct lane *l, const char *state, const char *why)
{
	char line[EVENT_LINE_MIN], reasons[4][120], *p = line;
	char time[NUM_TIME + 1];
	const struct engine_conf *conf = &l->e->conf;
	size_t n = 0;

	if (why == NULL) {
		if (l->late > 0)
			snprintf(reasons[n++], 120, "late: %llu records",
			    (unsigned long long)l->late);
		if (l->groups.evicted > 0)
			snprintf(reasons[n++], 120, "evicted: %llu subjects, %llu "
			    "of them with more than one record",
			    (unsigned long long)l->groups.evicted,
			    (unsigned long long)l->groups.missed);
		if (l->dropped > 0)
			snprintf(reasons[n++], 120, "dropped: %llu incidents",
			    (unsigned long long)l->dropped);
		if (lane_forgotten(l) > 0)
			snprintf(reasons[n++], 120, "forgotten: %llu processes that "
			    "lived", (unsigned long long)lane_forgotten(l));
	} else
		snprintf(reasons[n++], 120, "%s", why);
	p = stpcpy(p, "{\"v\":1,\"event\":\"source\"");
	time[lane_time(l, l->now, time)] = '\0';
	if (time[0] != '\0')
		p += sprintf(p, ",\"time\":\"%s\"", time);
	if (l->now > 0)
		p += sprintf(p, ",\"boot_ns\":%llu", (unsigned long long)l->now);
	if (l->host[0] != '\0') {
		p = stpcpy(p, ",\"host\":\"");
		p += json_escape(p, 400, l->host, strlen(l->host), NULL, NULL);
		p = stpcpy(p, "\"");
	}
	p += sprintf(p, ",\"tool\":\"lnx-rules\",\"state\":\"%s\","
	    "\"version\":\"%s\",\"degraded\":[", state, conf->version);
	for (size_t i = 0; i < n; i++) {
		p = stpcpy(p, i > 0 ? ",\"" : "\"");
		p += json_escape(p, 240, reasons[i], strlen(reasons[i]), NULL, NULL);
		p = stpcpy(p, "\"");
	}
	p = stpcpy(p, "]}\n");
	conf->out(conf->arg, line, p - line);
}
