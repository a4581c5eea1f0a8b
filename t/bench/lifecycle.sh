#!/bin/bash
# SPDX-License-Identifier: AGPL-3.0-or-later
#
# lifecycle.sh [REPEATS [SPAWNS]] - what it costs to watch processes come and
# go: lnx-trace beside execsnoop and exitsnoop together (libbpf-tools), and
# bpftrace.  Run as root, in the build directory.  Each repetition runs every
# tool once, in an order of its own, beside a run without any.
#
#	tool	CPU time of the tool for each process (fork, exec, exit)
#	bpf	time in its BPF programs for each process (run for itself, since
#		counting it costs time too)
#	wall	how much longer the spawning loop takes than without a tool
#	cpu	how much more CPU time the loop and its processes take
set -u
reps=${1:-7} spawns=${2:-20000}
builddir=${builddir:-.}
tmp=$(mktemp -d) || exit 1
watchers=()
mounted=
if ! mountpoint -q /sys/kernel/tracing; then	# the peers need it
	mount -t tracefs tracefs /sys/kernel/tracing && mounted=1
fi

stop() {
	local p
	for p in "${watchers[@]}"; do kill -INT "$p" 2>/dev/null; done
	for p in "${watchers[@]}"; do wait "$p" 2>/dev/null; done
	watchers=()
}
trap 'stop; [ "$mounted" ] && umount /sys/kernel/tracing; sysctl -qw kernel.bpf_stats_enabled=0; rm -r "$tmp"' EXIT

script='tracepoint:sched:sched_process_fork { printf("fork %d %d\n", args->parent_pid, args->child_pid); }
tracepoint:syscalls:sys_enter_execve { printf("exec %d ", pid); join(args->argv); }
tracepoint:sched:sched_process_exit { if (pid == tid) { printf("exit %d %s\n", pid, comm); } }'

kinds=snap,fork,exec,exit,reparent

# start TOOL: run it, its output through a pipe as people have it.
start() {
	case $1 in
	none) ;;
	lnx-trace) "$builddir/cmd/lnx-trace" -e "$kinds" > >(cat >/dev/null) & watchers+=($!) ;;
	lnx-raw) "$builddir/cmd/lnx-trace" -e "$kinds" --rung raw_tp > >(cat >/dev/null) & watchers+=($!) ;;
	snoops)
		execsnoop > >(cat >/dev/null) 2>/dev/null & watchers+=($!)
		exitsnoop > >(cat >/dev/null) 2>/dev/null & watchers+=($!) ;;
	bpftrace) bpftrace -e "$script" > >(cat >/dev/null) 2>/dev/null & watchers+=($!) ;;
	esac
	case $1 in none) ;; bpftrace) sleep 4 ;; *) sleep 1.5 ;; esac
	local p
	for p in "${watchers[@]}"; do
		kill -0 "$p" 2>/dev/null || { echo "$1 does not run here" >&2; exit 1; }
	done
}

# CPU time of all its threads, in ns.
used() {
	local p t sum=0 ns
	for p in "${watchers[@]}"; do
		for t in /proc/"$p"/task/*/schedstat; do
			read -r ns _ <"$t" && sum=$((sum + ns))
		done
	done
	echo "$sum"
}

# Time in all BPF programs loaded now.
inside() {
	bpftool prog show -j | jq '[.[] | .run_time_ns // 0] | add // 0'
}

# once TOOL: "tool-ns wall-ns cpu-ns" of one storm.
once() {
	local before after result
	start "$1"
	before=$(used)
	result=$("$builddir/t/bench/storm" "$spawns" 2)
	sleep 0.5
	after=$(used)
	stop
	echo "$((after - before)) $result"
}

tools=(lnx-trace lnx-raw snoops bpftrace)
for t in "${tools[@]}"; do
	case $t in
	snoops) command -v execsnoop exitsnoop >/dev/null || continue ;;
	bpftrace) command -v bpftrace >/dev/null || continue ;;
	esac
	have+=("$t")
done

"$builddir/t/bench/storm" "$spawns" 2 >/dev/null	# warm up
for ((i = 0; i < reps; i++)); do
	read -r _ wall0 cpu0 <<<"$(once none)"
	for t in $(shuf -e "${have[@]}"); do
		read -r tool wall cpu <<<"$(once "$t")"
		echo "$t $tool $wall $cpu $wall0 $cpu0" >>"$tmp/runs"
		printf '\r%d/%d %-10s' "$((i + 1))" "$reps" "$t" >&2
	done
done
printf '\r%20s\r' '' >&2

sysctl -qw kernel.bpf_stats_enabled=1
for t in "${have[@]}"; do
	start "$t"
	a=$(inside)
	"$builddir/t/bench/storm" "$spawns" 2 >/dev/null
	b=$(inside)
	[ "$t" = lnx-trace ] && bpftool prog show -j | jq -r '.[] |
		select(.run_cnt > 1000) | "\(.name) \(.run_time_ns / .run_cnt | round) \(.run_cnt)"' >"$tmp/programs"
	stop
	echo "$t $((b - a))" >>"$tmp/bpf"
done

awk -v n="$spawns" -v reps="$reps" '
function median(s,    a, k, i, j, x) {
	k = split(s, a, " ")
	for (i = 2; i <= k; i++) for (j = i; j > 1 && a[j - 1] + 0 > a[j] + 0; j--) {
		x = a[j]; a[j] = a[j - 1]; a[j - 1] = x
	}
	return k % 2 ? a[(k + 1) / 2] : (a[k / 2] + a[k / 2 + 1]) / 2
}
FILENAME ~ /bpf$/ { bpf[$1] = $2 / n / 1000; next }
{
	if (!($1 in tool)) order[++m] = $1
	tool[$1] = tool[$1] " " $2 / n / 1000
	wall[$1] = wall[$1] " " ($3 / $5 - 1) * 100
	cpu[$1] = cpu[$1] " " ($4 / $6 - 1) * 100
	base = base " " $5 / n / 1000
}
END {
	printf "%d spawns, %d repetitions, medians; without a tool %.1f us of wall time for each\n", n, reps, median(base)
	printf "%-10s %12s %12s %12s %9s %9s\n", "", "tool us", "bpf us", "both us", "wall +%", "cpu +%"
	for (i = 1; i <= m; i++) {
		t = order[i]; both[t] = median(tool[t]) + bpf[t]
		printf "%-10s %12.2f %12.2f %12.2f %9.1f %9.1f\n", t, median(tool[t]), bpf[t], both[t], median(wall[t]), median(cpu[t])
	}
	for (t in both) if (t !~ /^lnx/ && (best == "" || both[t] < both[best])) best = t
	if (best != "")
		printf "lnx-trace costs %.2f of the best peer, %s (target: at most 0.50)\n", both["lnx-trace"] / both[best], best
}' "$tmp/bpf" "$tmp/runs"
echo "BPF programs of lnx-trace: name, ns each run, runs"
column -t "$tmp/programs"
