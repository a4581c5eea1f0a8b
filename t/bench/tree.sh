#!/bin/bash
# SPDX-License-Identifier: AGPL-3.0-or-later
# How fast lnx-tree adds ancestors, and that its memory stays flat while many
# more processes come and go than its table holds.  Run in the build directory,
# on an idle machine:
#
#	make cmd/lnx-tree t/bench/spawns && .../t/bench/tree.sh [lifecycles [runs]]
set -eu

n=${1:-3400000}
runs=${2:-5}
tree=${builddir:-.}/cmd/lnx-tree
spawns=${builddir:-.}/t/bench/spawns
dir=$(mktemp -d "${TMPDIR:-/tmp}/lnx-tree.XXXXXX")
trap 'rm -rf "$dir"' EXIT

# User and system time of a command in ms, the median of all runs.
cpu_ms() {
	local TIMEFORMAT='%U %S'

	for ((i = 0; i < runs; i++)); do
		{ time "$@" >/dev/null; } 2>&1
	done | awk '{ print ($1 + $2) * 1000 }' | sort -n |
	    sed -n "$((runs / 2 + 1))p"
}

rss_kib() {
	awk '/^VmRSS/ { print $2 }' "/proc/$1/status" 2>/dev/null || true
}

"$spawns" 300000 1000 >"$dir/in"
lines=$(wc -l <"$dir/in")
bytes=$(wc -c <"$dir/in")
out=$("$tree" "$dir/in" | wc -c)
ms=$(cpu_ms "$tree" "$dir/in")
awk -v n="$lines" -v b="$bytes" -v o="$out" -v ms="$ms" 'BEGIN {
	printf "ancestors added: %.0f records/s on one core, %.0f MB/s in, %.0f MB/s out\n",
	    n / ms * 1000, b / ms / 1000, o / ms / 1000
	printf "                 %.0f ns a record of %.0f bytes, %.0f bytes added\n",
	    ms * 1e6 / n, b / n, (o - b) / n }'
for what in '--format json' '--text'; do
	# shellcheck disable=SC2086
	ms=$(cpu_ms "$tree" $what "$dir/in")
	awk -v n="$lines" -v ms="$ms" -v w="$what" 'BEGIN {
		printf "%-16s %.0f records/s\n", w ":", n / ms * 1000 }'
done

# A fifo, so that the process measured is known; alive: all, then few.
mkfifo "$dir/fifo"
for alive in 60000 1000; do
	"$tree" "$dir/fifo" >/dev/null &
	pid=$!
	"$spawns" "$n" "$alive" >"$dir/fifo" &
	sleep 1
	while kill -0 $! 2>/dev/null; do
		rss_kib $pid
		sleep 0.2
	done >"$dir/rss"
	wait $pid
	awk -v n="$n" -v a="$alive" '
		NR == 1 { low = $1 }
		{ v[NR] = $1; if ($1 > high) high = $1 }
		END { printf "memory: %d records, %d alive: %.1f MiB at the half, " \
		    "%.1f MiB at the end, at most %.1f MiB\n", n * 3 - a, a,
		    v[int(NR / 2)] / 1024, v[NR - 1] / 1024, high / 1024 }' "$dir/rss"
done
"$tree" "$dir/fifo" >/dev/null &
pid=$!
exec 7>"$dir/fifo"
sleep 0.5
rss_kib $pid | awk '{ printf "memory: empty: %.1f MiB\n", $1 / 1024 }'
exec 7>&-
wait
