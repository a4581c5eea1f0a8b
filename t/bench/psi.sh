#!/bin/bash
# SPDX-License-Identifier: AGPL-3.0-or-later
#
# psi.sh [CGROUPS [SECONDS]] - what it costs to look at the pressure of many
# cgroups, three files each, once a second.  Run as root, in the build
# directory, on an idle machine:
#
#	make cmd/lnx-psi t/bench/pressure && .../t/bench/psi.sh
#
#	look	CPU time of one look, user and system, as a part of a core
#	rss	greatest resident memory
#	floor	pread(2) of the same files alone, in a loop: what the kernel takes
set -u
n=${1:-1000} seconds=${2:-20}
builddir=${builddir:-.}
psi=$builddir/cmd/lnx-psi
v2=$(awk '/ - cgroup2 / { print $5; exit }' /proc/self/mountinfo)
[ -e "$v2/cgroup.procs" ] || { echo "psi.sh: no cgroup v2" >&2; exit 1; }
top=$v2/lnx-bench-psi-$$
tmp=$(mktemp -d) || exit 1
pids=()

clean() {
	local p
	for p in "${pids[@]}"; do kill "$p"; wait "$p"; done 2>/dev/null
	find "$top" -depth -type d -exec rmdir {} + 2>/dev/null
	rm -r "$tmp"
}
trap clean EXIT
trap 'exit 1' INT TERM

mkdir "$top" || exit 1
for ((i = 0; i < n; i++)); do
	mkdir "$top/c$i" || exit 1
done
# Somebody is there, and waits.
for ((i = 0; i < 4; i++)); do
	mkdir -p "$top/busy$i"
	# shellcheck disable=SC2016
	taskset -c 0 bash -c 'echo $$ >"$1/cgroup.procs"
		while :; do for ((k = 0; k < 2000; k++)); do :; done; sleep 0.02; done' - \
	    "$top/busy$i" &
	pids+=("$!")
done

# CPU time of a process, all its threads, in ns.
cpu() { awk '{ s += $1 } END { printf "%d", s }' /proc/"$1"/task/*/schedstat; }

# look NAME OPTION...: after the first look, which opens the files.
look() {
	local name=$1 pid a b x y t
	shift

	if [ "$name" = through_a_pipe ]; then
		"$psi" "$@" > >(cat >/dev/null) &
	else
		"$psi" "$@" &
	fi
	pid=$!
	pids+=("$pid")
	sleep 2.5
	a=$(cpu $pid) x=$(awk '{ print $14 + $15, $14 }' /proc/$pid/stat)
	t=$(date +%s%N)
	sleep "$seconds"
	b=$(cpu $pid) y=$(awk '{ print $14 + $15, $14 }' /proc/$pid/stat)
	t=$((($(date +%s%N) - t) / 1000000))
	rss=$(awk '/^VmHWM/ { print $2 }' /proc/$pid/status)
	kill -INT $pid
	wait $pid
	echo "$name $((b - a)) $t $rss $x $y" | awk -v n="$n" '{
		d = $7 - $5; u = d > 0 ? ($8 - $6) / d * 100 : 0
		printf "%-34s %6.2f ms a second, %.2f %% of a core (%d %% user), rss %.1f MiB\n",
		    $1, $2 / 1e6 / ($3 / 1e3), $2 / 1e4 / $3, u, $4 / 1024 }' |
	    sed 's/_/ /g'
}

echo "$n cgroups, 3 pressure files each, 1 Hz, $seconds s; $(nproc) processors, Linux $(uname -r)"
"$builddir/t/bench/pressure" "$top" 10
look told_from_1_% --no-stat --min-pct 1 -o /dev/null
look all_told --no-stat -o /dev/null
look through_a_pipe --no-stat
look to_a_file --no-stat -o "$tmp/out"
look and_what_they_used -o /dev/null
