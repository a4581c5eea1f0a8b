#!/bin/bash
# SPDX-License-Identifier: AGPL-3.0-or-later
# How fast lnx-rules judges mixed records by its built-in rules, beside jq with
# one select on the same file; and the memory it needs with many processes
# alive.  Run in the build directory, on an idle machine:
#
#	make cmd/lnx-rules t/bench/mix t/bench/rec-bench && .../t/bench/rules.sh [records [runs]]
set -eu

n=${1:-1000000}
runs=${2:-5}
build=${builddir:-.}
dir=$(mktemp -d "${TMPDIR:-/tmp}/lnx-rules.XXXXXX")
trap 'rm -rf "$dir"' EXIT

# User and system time of a command in ms, the best of all runs.
cpu_ms() {
	local TIMEFORMAT='%U %S'

	for ((i = 0; i < runs; i++)); do
		{ time "$@" >/dev/null; } 2>&1
	done | awk '{ print ($1 + $2) * 1000 }' | sort -n | sed -n 1p
}

"$build/cmd/lnx-rules" --print-rules >"$dir/rules.conf"
for alive in 1000 100000; do
	"$build/t/bench/mix" "$n" $alive >"$dir/in"
	lines=$(wc -l <"$dir/in")
	bytes=$(wc -c <"$dir/in")
	ms=$(cpu_ms "$build/cmd/lnx-rules" -q -r "$dir/rules.conf" "$dir/in")
	scan=$(cpu_ms "$build/t/bench/rec-bench" select "$dir/in")
	jq=$(runs=1 cpu_ms jq -c 'select(.pid==1)' "$dir/in")
	awk -v n="$lines" -v b="$bytes" -v ms="$ms" -v s="$scan" -v j="$jq" \
	    -v a="$alive" 'BEGIN {
		printf "%d processes alive: %.2f M records/s on one core, %.0f MB/s, " \
		    "%.0f bytes a record\n", a, n / ms / 1e3, b / ms / 1e3, b / n
		printf "  %.1f times the throughput of jq; the scanner alone takes " \
		    "%.0f %% of the time\n", j / ms, 100 * s / ms }'
	/usr/bin/env bash -c '"$@" >/dev/null & p=$!
		while kill -0 $p 2>/dev/null; do
			awk "/^VmHWM/ { print \$2 }" /proc/$p/status 2>/dev/null
			sleep 0.05
		done' - "$build/cmd/lnx-rules" -q -r "$dir/rules.conf" "$dir/in" |
	    sort -n | tail -n 1 |
	    awk '{ printf "  memory: %.1f MiB at most\n", $1 / 1024 }'
done
