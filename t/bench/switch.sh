#!/bin/bash
# SPDX-License-Identifier: AGPL-3.0-or-later
#
# switch.sh [REPEATS] - what it costs to know who makes whom wait for a
# processor: lnx-trace beside a program that does nothing, runqslower and
# runqlat (libbpf-tools), and bpftrace.  Run as root, in the build directory.
# Each repetition runs every tool once, in an order of its own, between two runs
# without any.
#
#	pipe		two tasks on one processor that wake each other, a million
#			switches a second: nothing switches more
#	messaging	200 tasks in 5 groups
#	stress		stress-ng --switch
#
#	cpu +%		how much more CPU time the load takes than without a tool
#	ns		in the BPF programs for each switch (a run for itself, since
#			counting it costs time too)
set -u
reps=${1:-9}
builddir=${builddir:-.}
tmp=$(mktemp -d) || exit 1
watcher=
mounted=
if ! mountpoint -q /sys/kernel/tracing; then	# the peers need it
	mount -t tracefs tracefs /sys/kernel/tracing && mounted=1
fi
PATH=$PATH:/usr/sbin:/sbin

stop() {
	[ "$watcher" ] || return 0
	kill -INT "$watcher" 2>/dev/null || true
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		kill -0 "$watcher" 2>/dev/null || break
		sleep 0.2
	done
	kill -KILL "$watcher" 2>/dev/null || true
	wait "$watcher" 2>/dev/null || true
	watcher=
}
trap 'stop; [ "$mounted" ] && umount /sys/kernel/tracing; sysctl -qw kernel.bpf_stats_enabled=0; rm -r "$tmp"' EXIT

stalls=stall,stall_total,stall_culprit
# What bpftrace needs to say how long tasks wait, without a kernel's headers.
latency='
tracepoint:sched:sched_wakeup,
tracepoint:sched:sched_wakeup_new { @since[args->pid] = nsecs; }
tracepoint:sched:sched_switch {
	if (args->prev_state == 0) { @since[args->prev_pid] = nsecs; }
	if (@since[args->next_pid]) {
		@us = hist((nsecs - @since[args->next_pid]) / 1000);
		delete(@since[args->next_pid]);
	}
}'
start() {
	case $1 in
	none) return ;;
	empty) "$builddir/t/bench/empty" sched_switch & ;;
	lnx-trace) "$builddir/cmd/lnx-trace" -e $stalls --resource cpu >/dev/null & ;;
	lnx-process) "$builddir/cmd/lnx-trace" -e $stalls --resource cpu --culprit process >/dev/null & ;;
	lnx-all) "$builddir/cmd/lnx-trace" -e $stalls >/dev/null & ;;
	runqslower) runqslower 10000000 >/dev/null 2>&1 & ;;
	runqlat) runqlat 1 >/dev/null 2>&1 & ;;
	bpftrace) bpftrace -e "$latency" >/dev/null 2>&1 & ;;
	esac
	watcher=$!
	if [ "$1" = bpftrace ]; then sleep 4; else sleep 1.5; fi
	kill -0 "$watcher" 2>/dev/null || { echo "$1 does not run here" >&2; watcher=; return 1; }
}

load() {
	case $1 in
	pipe) taskset -c 0 perf bench sched pipe -l 250000 ;;
	messaging) perf bench sched messaging -g 5 -l 300 ;;
	stress) stress-ng -q --switch 2 --switch-ops 600000 ;;
	esac >/dev/null 2>&1
}

# CPU time of the load, in ms.
once() {
	local TIMEFORMAT='%3U %3S'
	{ time load "$1"; } 2>&1 | awk '{ print int(($1 + $2) * 1000 + 0.5) }'
}

for program in t/bench/empty cmd/lnx-trace; do
	[ -x "$builddir/$program" ] || make -s -C "$builddir" $program || {
		echo "no $program: run this in the build directory, as" \
		    "builddir=. ${0}" >&2
		exit 4
	}
done
for program in perf stress-ng bpftool jq; do
	command -v $program >/dev/null || { echo "needs $program" >&2; exit 4; }
done

loads=(pipe messaging stress)
for t in empty lnx-trace lnx-process lnx-all runqslower runqlat bpftrace; do
	case $t in
	runqslower | runqlat) command -v $t >/dev/null || continue ;;
	bpftrace) command -v bpftrace >/dev/null || continue ;;
	esac
	start $t && have+=("$t")
	stop
done

for ((i = 0; i < reps; i++)); do
	for t in $(shuf -e "${have[@]}"); do
		for l in "${loads[@]}"; do
			a=$(once "$l")
			start "$t" || continue
			b=$(once "$l")
			stop
			c=$(once "$l")
			echo "$l $t $b $(((a + c) / 2))" >>"$tmp/runs"
		done
		printf '\r%d/%d %-12s' "$((i + 1))" "$reps" "$t" >&2
	done
done
printf '\r%20s\r' '' >&2

# "ID NS RUNS" of each program.
programs() {
	bpftool prog show -j | jq -r '.[] |
	    "\(.id) \(.run_time_ns // 0) \(.run_cnt // 0)"'
}

# inside TOOL LOAD: time in all its programs, and runs of the one that sees each
# switch.  Others may have programs here, too.
inside() {
	local least
	least=$(bpftool prog show -j | jq 'map(.id) | max // 0')
	start "$1" || return
	programs >"$tmp/before"
	load "$2"
	programs >"$tmp/after"
	stop
	awk -v least="$least" -v what="$2 $1" '
	    NR == FNR { ns[$1] = $2; runs[$1] = $3; next }
	    $1 > least {
		total += $2 - ns[$1]
		if ($3 - runs[$1] > n)
			n = $3 - runs[$1]
	    }
	    END { print what, total + 0, n + 0 }' "$tmp/before" "$tmp/after"
}
sysctl -qw kernel.bpf_stats_enabled=1
for t in "${have[@]}"; do
	for l in "${loads[@]}"; do
		inside "$t" "$l" >>"$tmp/inside"
	done
done

awk -v reps="$reps" '
function quantile(s, q,    a, k, i, j, x) {
	k = split(s, a, " ")
	for (i = 2; i <= k; i++) for (j = i; j > 1 && a[j - 1] + 0 > a[j] + 0; j--) {
		x = a[j]; a[j] = a[j - 1]; a[j - 1] = x
	}
	return a[1 + int((k - 1) * q + 0.5)]
}
FILENAME ~ /inside$/ { ns[$1, $2] = $4 > 0 ? $3 / $4 : 0; next }
{
	if (!($2 in tool)) { tool[$2]; order[++m] = $2 }
	if (!($1 in load)) { load[$1]; loads[++n] = $1 }
	more[$1, $2] = more[$1, $2] " " ($3 / $4 - 1) * 100
}
END {
	printf "%d repetitions: median [quartiles] of CPU time +%%, and ns a switch\n%-12s", reps, ""
	for (j = 1; j <= n; j++) printf " %28s", loads[j]
	print ""
	for (i = 1; i <= m; i++) {
		t = order[i]
		printf "%-12s", t
		for (j = 1; j <= n; j++) {
			s = more[loads[j], t]
			printf " %+7.1f [%+6.1f %+6.1f] %4.0f", quantile(s, 0.5),
			    quantile(s, 0.25), quantile(s, 0.75), ns[loads[j], t]
		}
		print ""
	}
	p = "pipe"
	printf "lnx-trace on pipe: %+.1f points over the empty program (target: at most 3)",
	    quantile(more[p, "lnx-trace"], 0.5) - quantile(more[p, "empty"], 0.5)
	if ((p, "runqslower") in more)
		printf ", %.2f of runqslower (target: at most 0.33)",
		    quantile(more[p, "lnx-trace"], 0.5) / quantile(more[p, "runqslower"], 0.5)
	printf "; %.0f ns a switch net (target: at most 30)\n", ns[p, "lnx-trace"] - ns[p, "empty"]
}' "$tmp/inside" "$tmp/runs"
