# SPDX-License-Identifier: AGPL-3.0-or-later
# bats file_tags=root
load ../helper
load trace

setup() {
	need_kernel
}

undo() {
	if [ -n "${pid_max-}" ]; then
		echo "$pid_max" >/proc/sys/kernel/pid_max
	fi
	if [ -n "${CHURN-}" ]; then
		kill -TERM "$CHURN" 2>/dev/null && wait "$CHURN"
	fi
	return 0
}

# in_order: each id of stdin ("EVENT ID...") has fork, exec, exit once each, in
# this order, but for what is missing in LIST.
in_order() {
	awk -v want="$1" '
		{ said[$2] = said[$2] " " $1 }
		END { for (id in said) if (said[id] != want) print id ":" said[id] }'
}

# storm COUNT JOBS [OPTION...]: COUNT spawns, JOBS at a time.
storm() {
	local n=$1 jobs=$2
	shift 2
	trace_start "$@"
	spawn -j "$jobs" -n "$n" "$(command -v nop)" >truth
	trace_stop
	nothing_lost
	[ "$(wc -l <truth)" = "$n" ]
	cut -f 1 truth | sort -u >parents
	pick fork,exec,exit event id ppid pid <"$OUT" |
		awk 'NR == FNR { mine[$1]; next } $3 in mine' parents - >told
	# Every child, in the order in which its parent made it.
	for p in $(cat parents); do
		awk -v p="$p" '$1 == p { print $2 }' truth >want
		awk -v p="$p" '$1 == "fork" && $3 == p { print $4 }' told |
			diff -u want - | head -n 20 | diff -u /dev/null -
	done
	in_order " fork exec exit" <told | head -n 20 | diff -u /dev/null -
	[ "$(wc -l <told)" = $((3 * n)) ]
}

@test "20,000 spawns, two at a time: nothing is lost, each has fork, exec and exit in this order" {
	storm 20000 2
}

@test "20,000 spawns, eight at a time: nothing is lost" {
	storm 20000 8
}

@test "20,000 spawns by way of raw_tp: nothing is lost" {
	storm 20000 2 --rung raw_tp
}

@test "threads are no forks: stress-ng --pthread" {
	command -v stress-ng >/dev/null || skip "needs stress-ng"
	trace_start -e fork,exit
	stress-ng --pthread 4 -t 3s --metrics-brief >stress 2>&1 3>&- &
	top=$!
	sleep 1.5
	# Its processes, and not threads, are what /proc lists.
	cat /proc/[0-9]*/stat 2>/dev/null | sed 's/ (.*) / x /' |
		awk -v top="$top" '{ ppid[$1] = $4 }
		END { for (p in ppid) { for (q = p; q > 1 && q != top; q = ppid[q]);
			if (q == top && p != top) print p } }' |
		sort >alive
	wait "$top"
	trace_stop
	nothing_lost
	made=$(awk '$4 == "pthread" && $5 ~ /^[0-9]+$/ { print $5 }' stress)
	pick fork pid ppid id <"$OUT" >forks
	awk -v top="$top" 'BEGIN { mine[top] } $2 in mine { mine[$1]; print $1 "\t" $3 }' forks >mine
	cut -f 1 mine | sort >told
	cat stress
	[ "$made" -ge 1000 ]
	[ "$(wc -l <alive)" -ge 4 ]
	# All that lived in the middle of the run are told; hardly any more.
	comm -13 told alive | diff -u /dev/null -
	[ "$(wc -l <told)" -le $(($(wc -l <alive) + 8)) ]
	# And each ends once.
	pick exit id <"$OUT" | sort >exits
	cut -f 2 mine | sort | comm -12 - exits | diff -u <(cut -f 2 mine | sort) -
}

@test "20,000 forks with pid_max 1024: pids come again, ids never" {
	pid_max=$(cat /proc/sys/kernel/pid_max)
	[ "$(cut -d / -f 2 /proc/loadavg | cut -d " " -f 1)" -lt 500 ] || skip "too many threads here for a small pid_max"
	echo 1024 >/proc/sys/kernel/pid_max
	trace_start
	spawn -n 10000 "$(command -v nop)" >truth-exec
	spawn -f -n 10000 >truth-fork
	trace_stop
	nothing_lost
	cat truth-exec truth-fork | cut -f 2 >pids
	[ "$(sort -u pids | wc -l)" -lt 1024 ]
	cat truth-exec truth-fork | cut -f 1 | sort -u >parents
	pick fork,exec,exit event id ppid <"$OUT" |
		awk 'NR == FNR { mine[$1]; next } $3 in mine' parents - >told
	for kind in fork exec exit; do
		awk -v k=$kind '$1 == k { print $2 }' told | sort >ids.$kind
		uniq -d ids.$kind | diff -u /dev/null -
	done
	[ "$(wc -l <ids.fork)" = 20000 ]
	[ "$(wc -l <ids.exec)" = 10000 ]
	cmp ids.fork ids.exit
	[ "$(comm -12 ids.fork ids.exec | wc -l)" = 10000 ]
}

# introduced: what is wrong with the introductions in stdin, lines of "EVENT ID
# BOOT_NS SNAP".
#  - No process is introduced twice: by fork, or by the first snapshot.
#  - Who exits was introduced before, unless it started before the fork program
#    was attached (no later than the first fork record) and was gone when the
#    snapshot came to it.
introduced() {
	awk '
	$1 == "fork" && !first { first = $3 }
	$1 == "fork" || ($1 == "snap" && $4 == 1) {
		if ($2 in how) print "introduced twice:", $2, how[$2], $1
		how[$2] = $1
	}
	$1 == "exit" && !($2 in how) {
		split($2, part, "-")
		started[$2] = part[2]
	}
	END { for (id in started) if (!first || started[id] + 0 > first + 0)
		print "exit of a stranger:", id, "first fork at", first }'
}

# alive_in_stream [SINCE]: "PID STARTTICK" of processes without an exit, introduced
# before SINCE: then /proc has them, which who has just started may have to wait
# for.  A zombie has had its end.
alive_in_stream() {
	pick snap,fork,exit event id state boot_ns <"$OUT" | awk -v since="${1-}" '
		$3 == "Z" { next }
		$1 == "exit" { delete id[$2]; next }
		{ id[$2] = $NF }
		END { for (i in id) { split(i, part, "-")
			if (since == "" || id[i] + 0 < since + 0)
				printf "%d\t%d\n", part[3], int(part[2] / 10000000) } }' | sort
}

# same_alive FILE LATER: whom alive found while lnx-trace ran, and after it: those
# in both lived all the while and must be told; nobody must be told who is not in
# the first.  Others come and go on this machine.
same_alive() {
	local since self
	read -r since self <"$1"
	# There are kernels that hide init from BPF iterators.
	tail -n +2 "$1" | awk '$1 != 1' | sort >now
	tail -n +2 "$2" | sort | comm -12 now - | comm -23 - <(alive_in_stream) |
		sed 's/^/not told: /' >wrong
	alive_in_stream "$since" | awk -v self="$self" '$1 != self && $1 != 1' |
		comm -13 now - | sed 's/^/told, but dead: /' >>wrong
	diff -u /dev/null wrong
}

start_up() {
	churn 2 3>&- &
	CHURN=$!
	sleep 0.2
	trace_start "$@"
	sleep 0.2
	kill -USR1 $CHURN
	sleep 0.3
	alive >proc
	trace_stop
	alive >later
	kill -TERM $CHURN
	wait $CHURN
	CHURN=
	nothing_lost
	pick snap,fork,exit event id boot_ns snap <"$OUT" | introduced |
		head -n 20 | diff -u /dev/null -
	same_alive proc later
	# It did start amid a storm.
	[ "$(pick fork pid <"$OUT" | wc -l)" -ge 300 ]
	[ "$(wc -l <proc)" -ge 100 ]
}

@test "started amid a storm of forks, it introduces each process once, and those alive are those of /proc" {
	for round in 1 2 3 4 5; do
		start_up
	done
}

@test "started amid a storm by way of raw_tp, it introduces each process once" {
	start_up --rung raw_tp
}

@test "stopped amid a storm, it tells no end of whom it did not introduce" {
	churn 2 3>&- &
	CHURN=$!
	for round in 1 2 3 4 5; do
		trace_start
		sleep 0.1
		trace_stop
		nothing_lost
		pick snap,fork,exit event id boot_ns snap <"$OUT" | introduced |
			head -n 20 | diff -u /dev/null -
	done
}

@test "the snapshot tells what /proc tells of a process" {
	mkfifo hold
	exec 9<>hold
	me -w <hold >truth 3>&- 9>&- &
	me=$!
	wait_for 5 grep -q cgroup truth
	trace_start
	kill $me
	trace_stop
	controller=$(head -n 1 "$OUT" | pick source cgroup_v1_controller)
	sed "s/\tcgroup_v1:$controller\t/\tcgroup_v1\t/; /\tcgroup_v1:/d" truth |
		awk -F'\t' '$2 !~ /_ns$|^cap_|^euid|^egid|^cwd|^argc|^sessionid/' >want
	printf '%s\tstate\tS\n%s\tthreads\t1\n%s\tppid\t%s\n' $me $me $me $BASHPID >>want
	pick -l -w "pid=$me" snap <"$OUT" | cut -f 2- >told
	awk -F'\t' 'NR == FNR { has[$2] = 1; val[$2] = $3; next }
		$3 == "" && has[$2] { print $2 ": got " val[$2] ", want none" }
		$3 != "" && val[$2] != $3 { print $2 ": got " val[$2] ", want " $3 }
		' told want | diff -u /dev/null -
	[ "$(wc -l <want)" -ge 12 ]
}

@test "states are those of /proc: stopped, and asleep where only a fatal signal wakes" {
	sleep 60 3>&- &
	stopped=$!
	kill -STOP $stopped
	mischief dstate 3000 >truth 3>&- &
	wait_for 5 grep -q pid truth
	asleep=$(awk '{ print $2 }' truth)
	wait_for 5 grep -q '^State:	D' "/proc/$asleep/status"
	lnx-trace -e snap -d 200ms -o "$OUT" 2>"$ERR"
	for pid in $stopped $asleep; do
		awk -v p="$pid" '/^State:/ { print p "\t" $2 }' "/proc/$pid/status"
	done >want
	kill -KILL $stopped
	wait $stopped || true
	wait
	pick snap pid state <"$OUT" | grep -e "^$stopped	" -e "^$asleep	" | sort >told
	sort want | diff -u - told
	grep -q 'T$' told && grep -q 'D$' told
}
