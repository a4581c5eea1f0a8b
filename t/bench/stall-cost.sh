#!/bin/bash
# SPDX-License-Identifier: AGPL-3.0-or-later
#
# stall-cost.sh [REPEATS] - ns in the BPF programs for each switch, by the
# kernel's own account (kernel.bpf_stats_enabled), and what is left of it when
# that of an empty program is taken away: the account itself costs as much.  Run
# as root, in the build directory.  The median of the repeats counts.
set -u
reps=${1:-5}
builddir=${builddir:-.}
tmp=$(mktemp -d) || exit 1
watcher=
PATH=$PATH:/usr/sbin:/sbin

stop() {
	exec 7>&-
	[ -z "$watcher" ] || { kill "$watcher"; wait "$watcher"; } 2>/dev/null
	watcher=
}
trap 'stop; sysctl -qw kernel.bpf_stats_enabled=0; rm -r "$tmp"' EXIT

# programs: "ID NAME NS RUNS" of each that may be the one measured.
programs() {
	bpftool -j prog show | jq -r '.[] | select(.name == "empty" or
	    (.name | startswith("stall_"))) |
	    "\(.id) \(.name) \(.run_time_ns // 0) \(.run_cnt // 0)"'
}

# cost COMMAND...: run a load; ns of the newest tool's programs by its switches.
cost() {
	local before=$tmp/before after=$tmp/after

	programs >"$before"
	"$@" >/dev/null 2>&1
	programs >"$after"
	awk 'NR == FNR { ns[$1] = $3; runs[$1] = $4; next }
	    $1 > least { total += $3 - ns[$1]
		if ($2 == "stall_switch" || $2 == "empty") n += $4 - runs[$1] }
	    END { if (n) printf "%.1f\n", total / n }' least="$least" \
	    "$before" "$after"
}

start() {
	least=$(bpftool -j prog show | jq 'map(.id) | max // 0')
	rm -f "$tmp/go" "$tmp/out"
	mkfifo "$tmp/go"
	case $1 in
	empty) "$builddir/t/bench/empty" sched_switch & ;;
	stalls) "$builddir/t/root/stalls" <"$tmp/go" >"$tmp/out" & exec 7>"$tmp/go" ;;
	process) "$builddir/t/root/stalls" -p <"$tmp/go" >"$tmp/out" & exec 7>"$tmp/go" ;;
	esac
	watcher=$!
	for _ in $(seq 100); do
		sleep 0.2
		[ "$1" = empty ] || grep -qs ready "$tmp/out" || continue
		break
	done
	sleep 1
	kill -0 $watcher
}

for program in t/bench/empty t/root/stalls; do
	[ -x "$builddir/$program" ] || make -s -C "$builddir" $program || {
		echo "no $program: run this in the build directory, as" \
		    "builddir=. ${0}" >&2
		exit 4
	}
done
sysctl -qw kernel.bpf_stats_enabled=1
printf '%-24s %8s %8s %8s\n' "ns a switch" empty stalls process
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
while read -r name command; do
	for ((i = 0; i < reps; i++)); do
		for tool in empty stalls process; do
			start $tool || exit 4
			# shellcheck disable=SC2086
			cost $command >>"$tmp/$name.$tool"
			stop
		done
	done
	printf '%-24s' "$name"
	for tool in empty stalls process; do
		median <"$tmp/$name.$tool" | xargs printf ' %8s'
	done
	echo
done <<'END'
pipe taskset -c 0 perf bench sched pipe -l 150000
messaging perf bench sched messaging -g 5 -l 200
stress stress-ng -q --switch 2 --switch-ops 300000
END
