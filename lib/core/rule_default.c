/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "core/rule.h"

/* rules.conf, each line a string. */
const char rules_default[] =
#include "rules.inc"
;
