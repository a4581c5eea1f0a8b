#!/bin/bash
# SPDX-License-Identifier: AGPL-3.0-or-later
#
# replay.sh RECORDING [EVENTS] - how fast lnx-trace turns a recording (of
# lnx-trace -w) into JSON, and whether its memory stays flat: RSS after a tenth
# of EVENTS (10^7 unless said) and at the end.  In the build directory.
set -eu
rec=${1:?which recording?} events=${2:-10000000}
trace=${builddir:-.}/cmd/lnx-trace
head=104	# bytes of struct wirefile_head
n=$("$trace" -r "$rec" | wc -l)
times=$(((events + n - 1) / n))
body=$(mktemp) fifo=$(mktemp -u)
mkfifo "$fifo"
trap 'rm -f "$body" "$fifo"' EXIT
tail -c +$((head + 1)) "$rec" >"$body"

"$trace" -r "$fifo" >/dev/null &
pid=$!
rss() { awk '/^(VmRSS|VmHWM)/ { printf "%s %d kB  ", $1, $2 }' "/proc/$pid/status"; }
exec 9>"$fifo"
head -c "$head" "$rec" >&9
start=$(date +%s.%N)
for ((i = 0; i < times; i++)); do
	cat "$body" >&9
	if ((i == times / 10)); then early=$(rss); fi
done
late=$(rss)
exec 9>&-
wait "$pid"
end=$(date +%s.%N)
awk -v n=$((n * times)) -v a="$start" -v b="$end" 'BEGIN {
	printf "%d records in %.1f s: %.2f million a second\n", n, b - a, n / (b - a) / 1e6 }'
echo "after a tenth: $early"
echo "at the end:    $late"
