#!/bin/bash
# SPDX-License-Identifier: AGPL-3.0-or-later
#
# innocent.sh [RUNS] [SECONDS] - is who runs elsewhere ever blamed?  As root, in
# the build directory; on processors 0 and 1, which others may use as well.
#
# In each of so many runs (100) two cgroups want processor 0 for so long (2 s),
# the one all the time, the other now and then, and an innocent is always busy on
# processor 1.  All are stopped at both ends, so that no wait is half over.  A run
# is bad if an edge of one of the two names the innocent, if it names one of them,
# or if the edges of any of the three do not add up to what the kernel says that
# it waited.  Prints each bad run, and the sums; status 1 if there is one.
set -u
runs=${1:-100}
seconds=${2:-2}
srcdir=${srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=$(cd "${builddir:-.}" && pwd)
export BUILD
BATS_TEST_TMPDIR=$(mktemp -d "${TMPDIR:-/tmp}/lnx-innocent.XXXXXX") || exit 4
# shellcheck disable=SC2034
BATS_TEST_NUMBER=0

need_root() {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
}
skip() {
	echo "innocent.sh: $*" >&2
	exit 4
}
# shellcheck disable=SC1091
. "$srcdir/t/root/stall.bash"
trap 'stalls_end 2>/dev/null; cd /; rm -rf "$BATS_TEST_TMPDIR"' EXIT
trap 'echo "run $run: interrupted"; exit 130' INT TERM
run=0
make -s -C "$BUILD" t/root/stalls t/root/work || exit 4

# said GROUP: of this run, what the kernel and the edges say, in ns.
said() {
	# shellcheck disable=SC2154
	local kernel=${delay[${pid[$1]}]} edges

	edges=$(waited "$1")
	sum[$1]=$((${sum[$1]:-0} + kernel))
	unknown[$1]=$((${unknown[$1]:-0} + $(waited "$1" unknown)))
	[ "$kernel" -eq "$edges" ] && return
	echo "run $run: $1: the kernel says $kernel ns, the edges $edges"
	grep "^edge /$TOP/$1 " window
	return 1
}

# accused VICTIM CULPRIT: is there an edge?
accused() {
	awk -v v="/$TOP/$1" -v c="/$TOP/$2" '$1 == "edge" && $2 == v &&
	    $3 == "cgroup" && $4 == c { print; found = 1 } END { exit !found }' window
}

one() {
	local bad=0

	need_stalls
	group victim culprit innocent
	stalls_start || { echo "run $run: stalls does not start"; exit 4; }
	work_in victim 0 light 700 1300
	pid[victim]=$!
	work_in culprit 0 spin
	pid[culprit]=$!
	work_in innocent 1 spin
	pid[innocent]=$!
	measure "$seconds"
	# What is on its way between two tables while they are read comes with
	# the next window.
	mv window first
	window
	cat first window >both
	mv both window
	for g in victim culprit innocent; do
		said $g || bad=1
	done
	for g in victim culprit; do
		accused $g innocent && accused=$((accused + 1)) bad=1
		accused innocent $g && bad=1
	done
	# Something was to be seen.
	accused victim culprit >/dev/null || { echo "run $run: nothing"; bad=1; }
	blamed=$((blamed + $(waited victim cgroup culprit)))
	stalls_end 2>/dev/null
	# shellcheck disable=SC2034
	STALLS=
	rm -f go
	return $bad
}

declare -A pid=() sum=() unknown=()
bad=0 blamed=0 accused=0
for ((run = 1; run <= runs; run++)); do
	one || bad=$((bad + 1))
done
for g in victim culprit innocent; do
	awk -v g=$g -v n="${sum[$g]}" -v u="${unknown[$g]}" 'BEGIN {
	    printf "%-9s waited %10.3f ms, unknown %.2f %%\n", g, n / 1e6,
		(n > 0 ? 100 * u / n : 0) }'
done
echo "victim waited $((blamed / 1000000)) ms for culprit; edges that name innocent: $accused"
echo "$runs runs, $bad bad"
[ $bad -eq 0 ]
