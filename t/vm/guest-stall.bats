# SPDX-License-Identifier: AGPL-3.0-or-later
# Runs in a guest of two processors only: what takes a machine of one's own.
load ../helper
load ../root/stall

setup() { need_stalls; }

teardown() {
	online 1
	stalls_end
}

# A test that does not run proves nothing: the guest has what it takes.
skip() {
	echo "skipped: $*"
	exit 1
}

# online 0|1: the second processor.
online() {
	local file=/sys/devices/system/cpu/cpu1/online

	[ "$(cat $file)" = "$1" ] || echo "$1" >$file
}

# spread: by how much all tasks together waited while the window was read, in ns.
spread() { awk '$1 == "machine" { printf "%.0f\n", $3 - $2 }' window; }

# Windows until one is read while nobody waits, then MACHINE is what the machine
# had waited by /proc/schedstat.
calm() {
	for _ in $(seq 20); do
		sleep 1
		window
		[ "$(spread)" -gt 1000000 ] || break
	done
	echo "spread $(spread) ns"
	[ "$(spread)" -le 1000000 ]
	MACHINE=$(awk '$1 == "machine" { print $2 }' window)
}

# edges FIRST [KIND]: of all in the windows from that one on, in ns; without a kind
# also what was slept, as the kernel counts that too.
edges() {
	awk -v first="$1" -v k="${2-}" '/^window/ { n++ }
	    n >= first && $1 == "edge" && (k == "" || $3 == k) { sum += $6 }
	    n >= first && $1 == "party" && k == "" { sum += $NF }
	    END { printf "%.0f\n", sum }' all
}

@test "storm: all that tasks of the machine waited is in /proc/schedstat, too, within 0.02 %" {
	group a b c d e f
	stalls_start
	calm
	before=$MACHINE first=$((WINDOWS + 1))
	made=$(timeout 120 restless 6 6 "${GROUPS_MADE[@]:1}" 3>&- 7>&-)
	calm
	awk -v kernel=$((MACHINE - before)) -v edges="$(edges $first)" \
	    -v unknown="$(edges $first unknown)" -v made="$made" 'BEGIN {
		off = 100 * (edges - kernel) / kernel
		printf "# storm: %d children; the kernel says %.3f ms, " \
		    "the edges %.3f ms, %+.4f %%; unknown %.4f %%\n",
		    made, kernel / 1e6, edges / 1e6, off,
		    100 * unknown / edges
		exit !(kernel > 5e9 && made > 100 && off < 0.02 && off > -0.02) }' >&3
	grep '^counts' window
}

@test "hotplug: a processor that goes and comes back three times: conserved, and it is not lost" {
	group victim culprit
	stalls_start
	victims=() hogs=()
	for _ in 1 2 3; do
		work_in victim -1 light 2000 3000
		victims+=($!)
	done
	work_in victim 1 light 2000 3000
	victims+=($!)
	for at in -1 -1 0 1; do
		work_in culprit $at spin
		hogs+=($!)
	done
	quiet
	window
	for pid in "${WORKERS[@]}"; do
		delay[$pid]=$(delays "$pid")
	done
	kill -CONT "${WORKERS[@]}"
	for _ in 1 2 3; do
		sleep 0.7
		online 0
		[ "$(nproc)" = 1 ]
		sleep 0.7
		online 1
	done
	sleep 1
	kill -STOP "${WORKERS[@]}"
	quiet
	window
	for pid in "${WORKERS[@]}"; do
		delay[$pid]=$(($(delays "$pid") - delay[$pid]))
	done
	grep -E '^(edge|counts)' window
	conserved victim "${victims[@]}"
	conserved culprit "${hogs[@]}"
	# What is not known is told as that, and is not all.
	all=$(($(waited victim) + $(waited culprit)))
	unknown=$(($(waited victim unknown) + $(waited culprit unknown)))
	echo "# hotplug: unknown $unknown of $all ns" >&3
	[ $((unknown * 20)) -lt $all ]
	# The processor is there again, and who waits for it is told why.
	for pid in "${WORKERS[@]}"; do
		kill -KILL "$pid"
	done
	WORKERS=()
	[ "$(nproc)" = 2 ]
	group v2 c2
	work_in v2 1 light 300 3000
	v2=$!
	work_in c2 1 spin
	c2=$!
	measure 3
	conserved v2 $v2
	conserved c2 $c2
	[ "$(waited v2 cgroup c2)" -gt 0 ]
	[ $(($(waited v2 unknown) * 20)) -le "$(waited v2)" ]
}

@test "hotplug: no process is lost while a processor goes and comes back" {
	# shellcheck disable=SC1091
	source "$SRC/t/root/trace.bash"
	undo() {
		online 1
		stalls_end
	}
	wait_for() {
		local end=$((SECONDS + 6 * $1))
		shift
		until "$@"; do
			[ $SECONDS -lt $end ] || { echo "never: $*"; return 1; }
			sleep 0.05
		done
	}
	need_kernel
	trace_start -e snap,fork,exec,exit,reparent
	(
		for _ in 1 2 3; do
			online 0
			sleep 0.7
			online 1
			sleep 0.7
		done
		touch done
	) 3>&- 7>&- &
	: >truth
	until [ -e done ]; do
		spawn -j 2 -n 40 "$(command -v nop)" >>truth
	done
	spawn -j 2 -n 40 "$(command -v nop)" >>truth
	trace_stop
	# From 7.0 on a program may be preempted, and then misses others: told.
	missing=0
	case $(uname -r) in
	[7-9].*) missing=$(pick lost exits <"$OUT" | awk '{ n += $1 } END { print n + 0 }') ;;
	*) nothing_lost ;;
	esac
	pick exit pid cpu <"$OUT" | sort >told
	n=$(awk 'NF > 0' truth | wc -l)
	echo "# hotplug: $n processes while a processor went and came" >&3
	[ "$n" -ge 80 ]
	awk '{ print $2 }' truth | sort | join -v 1 - told >untold
	[ "$(wc -l <untold)" -le "$missing" ]
	awk '{ print $2 }' told | sort -u | tr '\n' ' ' | diff -u <(printf '0 1 ') -
}

@test "affinity: all of them are sent from one processor to the other and back: conserved" {
	group victim culprit
	stalls_start
	victims=() hogs=()
	for _ in 1 2 3; do
		work_in victim -1 light 2000 3000
		victims+=($!)
		work_in culprit -1 spin
		hogs+=($!)
	done
	(
		wait_for 60 test -e begun
		for ((i = 0; i < 200; i++)); do
			for pid in "${WORKERS[@]}"; do
				taskset -cp $((i / 5 % 2)) "$pid" >/dev/null
			done
		done
	) 3>&- 7>&- &
	mover=$!
	touch begun
	measure 5
	kill -KILL $mover 2>/dev/null || true
	conserved victim "${victims[@]}"
	conserved culprit "${hogs[@]}"
	told victim
}

@test "quota: of a cgroup, and of the one above it, throttled as long as the kernel says within 0.1 %" {
	group victim culprit above above/in
	echo +cpu >"$V2/$TOP/cgroup.subtree_control"
	echo +cpu >"$V2/$TOP/above/cgroup.subtree_control"
	echo "20000 100000" >"$V2/$TOP/victim/cpu.max"
	echo "20000 100000" >"$V2/$TOP/above/cpu.max"
	stalls_start
	work_in victim 0 spin
	victim=$!
	work_in above/in 1 spin
	in=$!
	work_in culprit 0 spin
	culprit=$!
	# What it was throttled, by the one above, too: since 6.6.  Before, by its
	# own quota.
	throttled() {
		local dir=$V2/$TOP/$1 file=cpu.stat

		[ ! -e "$dir/cpu.stat.local" ] || file=cpu.stat.local
		awk '$1 == "throttled_usec" { print $2 "000" }' "$dir/$file"
	}
	# In 5.10 the edges have it without interrupts: so much, in steps of 10 ms.
	interrupted() {
		case $(uname -r) in
		5.*) awk '$1 == "cpu0" { printf "%.0f", ($7 + $8) * 1e7 }' /proc/stat ;;
		*) echo 0 ;;
		esac
	}
	quiet
	irq=$(interrupted)
	was=$(throttled victim) was_in=$(throttled above/in)
	measure 4
	grep "^edge /$TOP" window
	conserved victim $victim
	conserved above/in $in
	conserved culprit $culprit
	[ "$(waited culprit throttle)" -eq 0 ]
	[ "$(waited victim throttle)" -gt 1000000000 ]
	[ "$(waited above/in throttle)" -gt 1000000000 ]
	[ "$(waited above/in cgroup)" -lt "$(waited above/in throttle)" ]
	irq=$(($(interrupted) - irq + (irq > 0 ? 10000000 : 0)))
	near victim $(($(throttled victim) - was)) $irq
	[ ! -e "$V2/$TOP/victim/cpu.stat.local" ] ||
		near above/in $(($(throttled above/in) - was_in))
}

# near GROUP NS [LESS]: what the edges call throttled, and what the kernel does; the
# edges may lack so many ns.
near() {
	awk -v g="$1" -v got="$(waited "$1" throttle)" -v want="$2" -v less="${3-0}" 'BEGIN {
		off = 100 * (got - want) / want
		most = 100 * less / want + 0.1
		printf "# quota: %s: the kernel says %.3f ms, the edges %.3f ms, %+.4f %% (-%.1f)\n",
		    g, want / 1e6, got / 1e6, off, most
		exit !(want > 0 && off <= 0.1 && off >= -most) }' >&3
}

@test "tree: who makes whom wait is said in sentences, from lnx-trace and lnx-psi in one pipe" {
	group victim culprit
	work_in victim 0 light 2000 3000
	work_in culprit 0 spin
	quiet
	mkfifo pipe
	lnx-tree --text <pipe >text 3>&- &
	tree=$!
	exec 8>pipe
	lnx-trace -q >&8 2>err 3>&- &
	trace=$!
	lnx-psi -q >&8 2>>err 3>&- &
	psi=$!
	exec 8>&-
	# The verifier takes a while here.
	wait_for 200 eval 'bpf_up $trace'
	kill -CONT "${WORKERS[@]}"
	sleep 6
	kill -INT $trace $psi
	wait $trace
	wait $psi
	wait $tree
	cat err
	grep -A 20 '^WHO MAKES WHOM WAIT$' text | tee said
	grep -qE "/culprit kept .*/victim waiting [0-9.]+ m?s of .* on CPU \(measured, [0-9.]+ %" said
	if grep -qE "/victim kept .*/victim waiting" said; then false; fi
}

# It gives up root once it watches.
bpf_up() { grep -q '^Uid:	65534' "/proc/$1/status"; }

@test "psi: what all controllers count is told as their files say" {
	group all
	dir=$V2/$TOP/all
	echo "+cpu +io +memory +pids" >"$V2/$TOP/cgroup.subtree_control"
	echo 32M >"$dir/memory.max"
	echo 16M >"$dir/memory.high"
	echo 20 >"$dir/pids.max"
	echo "20000 100000" >"$dir/cpu.max"
	of() { awk -v k="$1" '$1 == k { print $2 }' "$2"; }
	# Periods are counted for a moment when the quota is set.
	sleep 1
	periods=$(of nr_periods "$dir/cpu.stat")
	lnx-psi -q --interval 300ms --cgroup "/$TOP/all" -o out 3>&- 2>err &
	psi=$!
	wait_for 60 grep -qs '"event":"psi"' out
	work_in all 0 spin
	quiet
	(echo $BASHPID >"$dir/cgroup.procs"; exec io /dev/nvme0n1 65536 64 2) 3>&- 7>&-
	kill -CONT "${WORKERS[@]}"
	sleep 2
	# Past memory.high it is slowed down; past memory.max it is killed.
	echo max >"$dir/memory.high"
	timeout 60 hog 64 "$dir" 3>&- 7>&- || true
	echo 16M >"$dir/memory.high"
	timeout 2 hog 24 "$dir" 3>&- 7>&- || true
	kill -STOP "${WORKERS[@]}"
	quiet
	sleep 1
	for _ in 1 2 3 4 5; do
		cp "$dir"/{pids.current,memory.current,cpu.stat,memory.events,io.stat} .
		sleep 1
	done
	kill -INT $psi
	wait $psi
	cat err
	io_of() {
		tr ' ' '\n' <io.stat | awk -F= -v k="$1" '$1 == k { n += $2 }
		    END { printf "%.0f\n", n }'
	}
	jq -r -s --arg at "/$TOP/all" 'def sum(f): map(f // 0) | add;
	    map(select(.event == "cgroup" and .cgroup == $at)) |
	    [sum(.cpu_ns), sum(.user_ns), sum(.system_ns), sum(.periods),
	    sum(.throttled_periods), sum(.throttled_ns), sum(.memory_high_events),
	    sum(.memory_max_events), sum(.oom_events), sum(.oom_kills),
	    sum(.read_bytes), sum(.reads), .[-1].pids, .[-1].pids_max,
	    .[-1].memory_max_bytes, .[-1].memory_high_bytes,
	    .[-1].cpu_quota_ns, .[-1].cpu_period_ns] | .[]' out >got
	{
		for k in usage_usec user_usec system_usec; do
			echo "$(of $k cpu.stat)000"
		done
		echo $(($(of nr_periods cpu.stat) - periods))
		of nr_throttled cpu.stat
		echo "$(of throttled_usec cpu.stat)000"
		for k in high max oom oom_kill; do
			of $k memory.events
		done
		io_of rbytes
		io_of rios
		cat pids.current
		printf '%s\n' 20 33554432 16777216 20000000 100000000
	} >want
	diff -u want got
	# Something happened of each.
	awk '$1 == 0 && NR != 13 { print "line " NR; bad = 1 } END { exit bad }' want
	jq -e -s --arg at "/$TOP/all" 'map(select(.event == "cgroup" and
	    .cgroup == $at) | .memory_bytes) | max > 1000000' out
	if [ -e "$dir/cpu.stat.local" ]; then
		jq -s --arg at "/$TOP/all" 'map(select(.event == "cgroup" and
		    .cgroup == $at) | .throttled_local_ns // 0) | add' out |
			diff -u <(echo "$(of throttled_usec "$dir/cpu.stat.local")000") -
	fi
}
