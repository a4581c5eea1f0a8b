#!/bin/sh
# SPDX-License-Identifier: AGPL-3.0-or-later
# How fast records are encoded, scanned and decoded; and the scanner beside jq,
# both reading the same file.  Run in the build directory, on an idle machine:
#
#	make t/bench/rec-bench && .../t/bench/rec.sh [records [runs]]
set -eu

n=${1:-200000}
runs=${2:-5}
bench=${builddir:-.}/t/bench/rec-bench
file=$(mktemp "${TMPDIR:-/tmp}/lnx-rec.XXXXXX")
trap 'rm -f "$file" "$file.times"' EXIT INT TERM

# Wall time of a command in ns, one line per run.
clocked() {
	i=0
	while [ "$i" -lt "$runs" ]; do
		start=$(date +%s%N)
		"$@" >/dev/null
		end=$(date +%s%N)
		echo $((end - start))
		i=$((i + 1))
	done | sort -n >"$file.times"
}

best() { sed -n 1p "$file.times"; }
median() { sed -n "$((runs / 2 + 1))p" "$file.times"; }

"$bench" run "$n"
"$bench" write "$n" "$file"
bytes=$(wc -c <"$file")

clocked "$bench" select "$file"
lnx_best=$(best) lnx_median=$(median)
clocked jq -c 'select(.pid==1)' "$file"
jq_best=$(best) jq_median=$(median)

awk -v b="$bytes" -v lb="$lnx_best" -v lm="$lnx_median" -v jb="$jq_best" \
	-v jm="$jq_median" 'BEGIN {
	printf "select(.pid==1) of %.0f MB, start to end of the process:\n", b / 1e6
	printf "  scanner best %.3f s %.0f MB/s   median %.3f s\n", lb / 1e9, b / lb * 1e3, lm / 1e9
	printf "  jq      best %.3f s %.0f MB/s   median %.3f s\n", jb / 1e9, b / jb * 1e3, jm / 1e9
	printf "  the scanner has %.1f times the throughput of jq (best), %.1f (median)\n", jb / lb, jm / lm
}'
