/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Any text at all is a file of rules, and up to a line "%%" it is read as one;
 * what follows are records, which are judged by it.  Without that line, by some
 * that are here.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/ini.h"
#include "core/engine.h"
#include "rec/event.h"
#include "rec/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static const char records[] =
#define PROC	"\"id\":\"0123abcd-50-7\",\"pid\":7,\"parent_id\":\"0123abcd-5-1\","	\
		"\"ppid\":1,\"comm\":\"x\",\"uid\":0,\"cgroup\":\"/a\","
	"{\"v\":1,\"event\":\"fork\",\"boot_ns\":100," PROC "\"cpu\":1}\n"
	"{\"v\":1,\"event\":\"exec\",\"boot_ns\":200," PROC "\"cpu\":1}\n"
	"{\"v\":1,\"event\":\"sample\",\"boot_ns\":1000000300," PROC
	"\"state\":\"D\",\"interval_ns\":1000000000,\"cpu_ns\":990000000,"
	"\"voluntary\":0,\"rss_bytes\":99999999,\"fds\":900,\"fds_max\":1000}\n"
	"{\"v\":1,\"event\":\"exit\",\"boot_ns\":1000000400," PROC
	"\"signal\":11,\"duration_ns\":300}\n"
	"{\"v\":1,\"event\":\"psi\",\"boot_ns\":2000000000,\"resource\":\"cpu\","
	"\"interval_ns\":1000000000,\"some_pct\":99.5}\n"
	"{\"v\":1,\"event\":\"stall\",\"boot_ns\":2000000000,\"resource\":\"io\","
	"\"victim\":{\"cgroup\":\"/a\"},\"culprit\":{\"kind\":\"cgroup\","
	"\"cgroup\":\"/b\"},\"stall_ns\":900000000,\"method\":\"measured\"}\n"
	"{\"v\":1,\"event\":\"lost\",\"boot_ns\":3000000000,\"count\":5}\n"
	"{\"v\":1,\"event\":\"psi\",\"boot_ns\":90000000000,\"resource\":\"cpu\"}\n";

static int
take(void *arg, const char *section, const char *key, const char *value,
    unsigned line, char *why)
{
	return rules_set(arg, section, key, value, line, why);
}

/* What comes out must be a record in its bounds. */
static void
out(void *arg, const char *line, size_t len)
{
	(void)arg;
	if (len > EVENT_LINE_MIN || len < 2 || line[len - 1] != '\n' ||
	    scan_line(NULL, line, len - 1, NULL) == -1) {
		fprintf(stderr, "%.*s", (int)len, line);
		abort();
	}
}

static void
judge(const struct rules *rules, const char *text)
{
	struct engine_conf conf = { .reorder_ns = 1000, .version = "0",
	    .out = out };
	struct engine *e = engine_new(rules, &conf);

	for (size_t n; e != NULL && *text != '\0'; text += n + (text[n] != '\0')) {
		n = strcspn(text, "\n");
		engine_feed(e, text, n);
	}
	if (e != NULL)
		engine_end(e);
	engine_free(e);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), *end, why[RULE_WHY];
	struct rules *rules = rules_new();
	const char *lines = records;
	struct ini_error e;
	unsigned line;

	if (text == NULL || rules == NULL)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	if ((end = strstr(text, "\n%%\n")) != NULL) {
		end[1] = '\0';
		lines = end + 4;
	}
	if (ini_text(text, take, rules, &e) == 0 &&
	    rules_done(rules, &line, why) == 0)
		judge(rules, lines);
	rules_free(rules);
	free(text);
	return 0;
}
