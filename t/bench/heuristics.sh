#!/bin/bash
# SPDX-License-Identifier: AGPL-3.0-or-later
#
# heuristics.sh [SECONDS] [REPEATS] - who is blamed for a wait, by lnx and by
# three rules of thumb, beside what the kernel's own trace of the same seconds
# says.  Run as root, in the build directory; on two processors, 0 and 1.
#
#	asym	a victim and a modest culprit on one processor; two that never
#		rest and one that forks on the other
#	hog	a victim and one that never rests on one processor; two that
#		never rest on the other
#	three	three that never rest, one of them the victim, and a light one
#		that runs often, all on one processor
#
#	trace	who ran while the victim could have run, added up from sched_switch
#		and sched_wakeup of the trace buffer (to the microsecond)
#	lnx	the stall records of lnx-trace
#	linnix	the formula of that tool: CPU used anywhere as a part of all,
#		plus min(forks/100, 1), plus min(short processes/50, 1), of one
#		second; among the cgroups made here, without the victim
#	last	all of a wait on whoever ran before the victim got its turn
#	first	all of a wait on whoever ran when it began
#
# wrong: half of the sum of what two splits differ by (total variation), from
# that of the trace.  innocent: the part put on those on the other processor.
set -u
seconds=${1:-5}
reps=${2:-2}
builddir=${builddir:-.}
v2=$(awk '{ for (i = 7; i <= NF; i++) if ($i == "-" && $(i + 1) == "cgroup2") print $5 }' \
    /proc/self/mountinfo | head -n 1)
[ -n "$v2" ] || { echo "no cgroup v2 hierarchy is mounted" >&2; exit 1; }
tmp=$(mktemp -d) || exit 1
base=$v2/lnx-heuristics-$$
tracing=/sys/kernel/tracing
mounted=
mountpoint -q $tracing || { mount -t tracefs tracefs $tracing && mounted=1; }
ring=$tracing/instances/lnx-heuristics-$$
pids=()
trace=

# lnx-trace says its last words, or is killed.
trace_stop() {
	[ -n "$trace" ] || return 0
	kill -INT "$trace"
	for _ in {1..150}; do
		kill -0 "$trace" 2>/dev/null || break
		sleep 0.1
	done
	kill -KILL "$trace" 2>/dev/null
	wait "$trace" 2>/dev/null
	trace=
}
stop() {
	trace_stop
	# A forker's child ends by itself.
	[ ${#pids[@]} -eq 0 ] || { kill -KILL "${pids[@]}"; wait "${pids[@]}"; } 2>/dev/null
	pids=()
	sleep 0.2
	rmdir "$base"/* "$base" 2>/dev/null
}
cleanup() {
	stop
	[ ! -d "$ring" ] || { echo 0 >"$ring/tracing_on"; rmdir "$ring"; }
	[ -z "$mounted" ] || umount $tracing
	rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

make -s -C "$builddir" t/bench/burn || exit 1
mkdir "$ring" || exit 1
echo 32768 >"$ring/buffer_size_kb"
for e in sched_switch sched_wakeup sched_wakeup_new; do
	echo 1 >"$ring/events/sched/$e/enable" || exit 1
done
echo 0 >"$ring/tracing_on"

# start NAME CPU HOW...: a party of its own.
start() {
	mkdir -p "$base/$1"
	sh -c 'echo $$ >"$0/cgroup.procs"; exec "$@"' "$base/$1" \
	    "$builddir/t/bench/burn" "$@" &
	pids+=($!)
}

asym() {
	start victim 0 light 1000 1000
	start culprit 0 light 2000 1000
	start innocent1 1 spin
	start innocent2 1 spin
	start innocent3 1 fork 200
}
hog() {
	start victim 0 light 1000 1000
	start culprit 0 spin
	start innocent1 1 spin
	start innocent2 1 spin
}
three() {
	start victim 0 spin
	start culprit1 0 spin
	start culprit2 0 spin
	start light 0 light 200 1000
}

usage() {
	for d in "$base"/*/; do
		echo "$1 $(basename "$d") $(awk '$1 == "usage_usec" { print $2 }' "$d/cpu.stat")"
	done
}

# All stop, so that no wait is half over: both see the same ones.
halt() {
	local p

	kill -STOP "${pids[@]}"
	for p in "${pids[@]}"; do
		for _ in {1..200}; do
			grep -q ') T ' "/proc/$p/stat" && break
			sleep 0.02
		done
	done
}

# measure SCENARIO: METHOD PARTY AMOUNT lines in $tmp/split
measure() {
	$1
	sleep 0.5
	halt
	echo >"$ring/trace"
	rm -f "$tmp/records"	# of the scene before
	"$builddir/cmd/lnx-trace" -q -e stall,stall_total,fork,exit --resource cpu \
	    --min-stall 0 -o "$tmp/records" &
	trace=$!
	for _ in {1..1200}; do
		grep -qs '"state":"start"' "$tmp/records" && break
		sleep 0.05
	done
	grep -qs '"state":"start"' "$tmp/records" ||
	    echo "lnx-trace has not started after a minute" >&2
	usage before >"$tmp/cpu"
	echo 1 >"$ring/tracing_on"
	kill -CONT "${pids[@]}"
	sleep "$seconds"
	halt
	echo 0 >"$ring/tracing_on"
	usage after >>"$tmp/cpu"
	trace_stop
	cp "$ring/trace" "$tmp/trace"
	parties=$(cd "$base" && echo *)
	stop
	{
		switches
		by_lnx
		by_formula
	} >"$tmp/split"
}

# From the trace: what is true, and what the two rules about runners say.
switches() {
	awk -v victim=victim -v parties="$parties" '
	BEGIN { n = split(parties, p, " "); while (n > 0) own[p[n--]] = 1 }
	function who(comm) {
		if (comm in own) return comm
		return comm ~ /^swapper/ ? "idle" : "root"
	}
	function field(name) {	# of this line: up to the next blank and name=
		if (!match($0, " " name "=")) return ""
		s = substr($0, RSTART + length(name) + 2)
		sub(" (==>|[a-z_]+=).*", "", s)
		return s
	}
	/^#/ { next }
	{ match($0, /[0-9]+\.[0-9]+: /); t = substr($0, RSTART, RLENGTH - 2) * 1e6 }
	/ sched_wakeup(_new)?: / {
		if (!waits && field("comm") == victim && field("target_cpu") + 0 == 0 &&
		    now != victim && now != "") {
			waits = 1; from = t; first = who(now)
		}
		next
	}
	/\[000\].* sched_switch: / {
		prev = field("prev_comm"); next_ = field("next_comm")
		if (waits)
			ran[who(prev)] += t - (since > from ? since : from)
		since = t; now = next_
		if (next_ == victim && waits) {
			for (c in ran) true_[c] += ran[c]
			last[who(prev)] += t - from; firsts[first] += t - from
			waits = 0
		}
		if (next_ == victim || !waits)
			split("", ran)
		if (prev == victim && field("prev_state") ~ /^R/) {
			waits = 1; from = t; first = who(next_); split("", ran)
		}
	}
	END {
		for (c in true_) printf "trace %s %d\n", c, true_[c]
		for (c in last) printf "last %s %d\n", c, last[c]
		for (c in firsts) printf "first %s %d\n", c, firsts[c]
	}' "$tmp/trace"
}

by_lnx() {
	jq -r --arg v "${base#"$v2"}/" '
	select(.event == "stall" and .victim.cgroup == $v + "victim") |
	[(if .culprit.kind == "cgroup" then
	    if .culprit.cgroup // "" | startswith($v) then
		.culprit.cgroup | ltrimstr($v) else "root" end
	  elif .culprit.kind == "kthread" then "root"
	  elif .culprit.kind == "self" then "victim"
	  else .culprit.kind end), .stall_ns] | @tsv' "$tmp/records" |
	awk '{ s[$1] += $2 } END { for (c in s) printf "lnx %s %.0f\n", c, s[c] }'
}

by_formula() {
	{
		cat "$tmp/cpu"
		jq -r --arg v "${base#"$v2"}/" '
		select((.event == "fork" or .event == "exit") and
		    (.cgroup // "" | startswith($v))) |
		[.event, (.cgroup | ltrimstr($v)), (.duration_ns // 0)] | @tsv' \
		    "$tmp/records"
	} | awk -v seconds="$seconds" '
	$1 == "before" { cpu[$2] -= $3 }
	$1 == "after" { cpu[$2] += $3 }
	$1 == "fork" { forks[$2]++ }
	$1 == "exit" && $3 < 1e9 { short[$2]++ }
	function most(x) { return x < 1 ? x : 1 }
	END {
		delete cpu["victim"]
		for (c in cpu) all += cpu[c]
		for (c in cpu) {
			score = cpu[c] / all + most(forks[c] / seconds / 100)
			score += most(short[c] / seconds / 50)
			printf "linnix %s %d\n", c, 1e6 * score
		}
	}'
}

# SCENARIO RUN: the splits beside each other.
tell() {
	awk -v scenario="$1" -v run="$2" '
	{ part[$1, $2] += $3; sum[$1] += $3; seen[$2] = 1 }
	END {
		n = split("trace lnx linnix last first", m, " ")
		printf "\n%s, run %d: the victim waited %.0f ms by the trace\n", scenario, run, sum["trace"] / 1e3
		printf "%-12s", "percent"
		for (i = 1; i <= n; i++) printf "%8s", m[i]
		print ""
		for (c in seen) {
			line = sprintf("%-12s", c)
			for (i = 1; i <= n; i++) {
				q = sum[m[i]] > 0 ? part[m[i], c] / sum[m[i]] : 0
				p = sum["trace"] > 0 ? part["trace", c] / sum["trace"] : 0
				wrong[i] += 50 * (p > q ? p - q : q - p)
				if (c ~ /^innocent/) innocent[i] += 100 * q
				line = line sprintf("%8.1f", 100 * q)
			}
			print line | "sort"
		}
		close("sort")
		printf "%-12s", "innocent"
		for (i = 1; i <= n; i++) printf "%8.1f", innocent[i]
		printf "\n%-12s", "wrong"
		for (i = 1; i <= n; i++)
			printf "%8s", (sum[m[i]] > 0 ? sprintf("%.1f", wrong[i]) : "-")
		print ""
	}' "$tmp/split"
}

for ((run = 1; run <= reps; run++)); do
	for scenario in asym hog three; do
		measure $scenario
		tell $scenario "$run"
	done
done
