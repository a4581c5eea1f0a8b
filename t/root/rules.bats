# SPDX-License-Identifier: AGPL-3.0-or-later
# bats file_tags=root
# Real mischief: who is named, with which numbers, and how soon.  What else this
# machine does is left out by --tree, but for what is of the whole machine.
load ../helper
load trace
load rules

# ---- processes ----

@test "fork_storm: 20 forks a second that stay: the tree's root, who forked, the rate" {
	rules_start --tree $BASHPID
	mischief storm 120 20 3000 >truth 3>&-
	rules_stop
	pid=$(of truth pid)
	told -w rule=fork_storm -w "subject.pid=$pid" subject.kind subject.id \
		subject.comm culprit.pid severity >got
	# Until it went on for longer than a start does: 1 s after 2 s of it.
	diff -u <(printf 'tree\t%s\tmischief\t%s\tlow\n' "$(id_of "$pid")" "$pid") got
	first=$(pick -w "ppid=$pid" fork boot_ns <"$OUT" | head -n 1)
	high=$(pick -w rule=fork_storm -w "subject.pid=$pid" -w severity=high \
		incident boot_ns <incidents | head -n 1)
	within $(((high - first) / 1000000)) 2000 3200
	IFS='	' read -r rate limit forks <<<"$(told -w rule=fork_storm \
		-w "subject.pid=$pid" values.rate.value values.rate.threshold \
		values.forks.value)"
	[ "$limit" = 10 ]
	within "$rate" 10.001 25
	within "$forks" 21 50
	# What it made is nobody else's: not the shell's, not the host's.
	told -w rule=fork_storm culprit.pid | grep -cx "$pid" | diff -u <(echo 1) -
}

# When more than 10 forks by $1 were in each of the last two seconds, first.
storm_begins() {
	pick -w "ppid=$1" fork boot_ns <"$OUT" | awk '
		{ t[NR] = $1 }
		END { for (i = 1; i <= NR; i++) {
			a = b = 0
			for (k = 1; k <= i; k++) {
				d = t[i] - t[k]
				if (d < 1e9) a++
				else if (d < 2e9) b++
			}
			if (a > 10 && b > 10) { printf "%.0f\n", t[i]; exit }
		} }'
}

# delay PID RULE: from the moment at which the condition held by the records
# themselves, to the time of the incident, and to the time when it was there.
delay() {
	local from
	from=$(storm_begins "$1")
	[ -n "$from" ]
	grep "\"rule\":\"$2\".*\"state\":\"opened\"" stamped >lines
	paste <(cut -f 1 lines) <(cut -f 2- lines | pick incident subject.pid boot_ns) |
		awk -v pid="$1" -v from="$from" '$2 == pid {
			printf "%.3f %.3f\n", ($3 - from) / 1e9, ($1 - from) / 1e9; exit }'
}

@test "fork_storm: is told within a second of the moment at which the rule first holds" {
	# A loaded machine may make us late; three times is no accident.
	for _ in 1 2 3; do
		rules_start --tree $BASHPID
		mischief storm 80 20 3000 >truth 3>&-
		rules_stop
		read -r record arrival <<<"$(delay "$(of truth pid)" fork_storm)"
		echo "by records $record s, by the clock $arrival s"
		# In steps of a 32nd of the window.
		[ -n "$arrival" ] || continue
		within "$record" -0.07 0.5 && within "$arrival" 0 1 && return
	done
	return 1
}

@test "a fork bomb in a cgroup with pids.max: a burst, then a storm, of its tree" {
	[ -n "$PIDS" ] && [ -n "$V2" ] || skip "needs the pids controller of v1, and v2"
	mkdir "$V2/$CG" "$PIDS/$CG"
	echo 130 >"$PIDS/$CG/pids.max"
	rules_start --tree $BASHPID
	bash -c "echo \$\$ >'$PIDS/$CG/cgroup.procs' && echo \$\$ >'$V2/$CG/cgroup.procs' &&
		exec mischief bomb 2000 5000 1500" >truth 3>&-
	rules_stop
	# It did meet the limit.
	grep -q '^max [1-9]' "$PIDS/$CG/pids.events"
	pid=$(of truth pid) forks=$(of truth forks)
	for rule in fork_burst fork_storm; do
		told -w "rule=$rule" -w "subject.pid=$pid" subject.kind subject.id \
			subject.cgroup >got
		diff -u <(printf 'tree\t%s\t/%s\n' "$(id_of "$pid")" "$CG") got
	done
	within "$(told -w rule=fork_burst -w "subject.pid=$pid" values.forks.value)" \
		100 "$forks"
	# The culprit is one of them.
	for rule in fork_burst fork_storm; do
		told -w "rule=$rule" -w "subject.pid=$pid" culprit.pid
	done | sort -u >culprits
	pick -w "cgroup=/$CG" fork pid <"$OUT" | cat - <(echo "$pid") | sort -u |
		comm -13 - culprits | diff -u /dev/null -
}

@test "a benign burst fires nothing: 15 forks at once, a script of 8 commands" {
	rules_start --tree $BASHPID
	mischief storm 15 100000 300 >truth 3>&-
	bash -c 'for i in 1 2 3 4 5 6 7 8; do nop; done' 3>&-
	sleep 1.2
	rules_stop
	[ "$(pick fork pid <"$OUT" | wc -l)" -ge 24 ]
	diff -u /dev/null incidents
}

@test "crash_loop: what fails, how, under whom, how often" {
	rules_start --tree $BASHPID
	mischief again 7 600 sh -c 'exit 3' >truth 3>&-
	mischief again 7 600 sh -c 'kill -SEGV $$' >by-signal 3>&-
	mischief again 7 600 sh -c 'exit 0' >fine 3>&-
	rules_stop
	for t in truth by-signal; do
		pid=$(of $t pid)
		told -w rule=crash_loop -w "subject.pid=$pid" subject.kind subject.id \
			subject.comm culprit.kind culprit.comm values.deaths.value \
			values.deaths.threshold >got
		diff -u <(printf 'process\t%s\tmischief\tcommand\tsh\t5\t5\n' "$(id_of "$pid")") got
		within "$(told -w rule=crash_loop -w "subject.pid=$pid" values.interval.value)" \
			550000000 900000000
	done
	told -w rule=crash_loop -w "subject.pid=$(of truth pid)" top.exits |
		diff -u <(echo '[{"exit_code":3,"count":5}]') -
	told -w rule=crash_loop -w "subject.pid=$(of by-signal pid)" top.exits |
		diff -u <(echo '[{"signal":11,"count":5}]') -
	told -w "subject.pid=$(of fine pid)" rule | diff -u /dev/null -
}

@test "short_lived: many short jobs that succeed are jobs, and no worse than info" {
	rules_start --tree $BASHPID
	mischief again 80 25 nop >truth 3>&-
	rules_stop
	told rule severity class subject.pid values.processes.value \
		values.failed.value top.commands >got
	diff -u <(printf 'short_lived\tinfo\tjobs\t%s\t50\t0\t[{"comm":"nop","count":50}]\n' \
		"$(of truth pid)") got
	within "$(told values.median_life.value)" 10000 100000000
}

# 30 small C files by make -j4.
build() {
	mkdir -p build
	for i in $(seq 30); do
		printf '#include <stdio.h>\nint f%d(void) { return printf("x") + %d; }\n' "$i" "$i" \
			>"build/f$i.c"
	done
	# shellcheck disable=SC2016
	printf 'all: %s\n%%.o: %%.c\n\tgcc -O1 -c -o $@ $<\n' \
		"$(seq -f 'f%g.o' -s ' ' 30)" >build/Makefile
	make -s -C build -j4 MAKEFLAGS= all 3>&-
	[ "$(find build -name '*.o' | wc -l)" = 30 ]
}

@test "make -j4 of 30 small compiles: nothing worse than info" {
	command -v gcc >/dev/null || skip "no gcc"
	rules_start --tree $BASHPID
	build
	rules_stop
	nothing_worse
	told -w class=crash_loop rule | diff -u /dev/null -
}

@test "make -j4 of 30 small compiles, by a rule that sees it: a build" {
	command -v gcc >/dev/null || skip "no gcc"
	printf '[short_lived]\nprocesses = 20\nwindow = 10s\nlife = 5s\nby = process host\n[crash_loop]\n' >my.conf
	RULES=my.conf rules_start --tree $BASHPID
	build
	rules_stop
	told -w rule=short_lived class severity | sort -u |
		diff -u <(printf 'build\tinfo\n') -
	told -w rule=short_lived subject.kind | grep -qx host
	nothing_worse
}

# ---- what they hold ----

@test "memory_leak: 80 MiB in 4 s: who, the slope, how straight; and not one that takes it at once" {
	printf '[memory_leak]\ngrowth = 32MiB\nwindow = 4s\nby = process\n' >my.conf
	RULES=my.conf rules_start --interval 100ms
	mischief leak 80 50 4500 >step 3>&- &
	mischief leak 80 4000 500 >truth 3>&-
	wait $!
	rules_stop
	pid=$(of truth pid)
	told subject.pid | sort -u | grep -x -e "$pid" -e "$(of step pid)" | diff -u <(echo "$pid") -
	told -w "subject.pid=$pid" subject.kind subject.id subject.comm resource severity |
		diff -u <(printf 'process\t%s\tmischief\tmemory\thigh\n' "$(id_of "$pid")") -
	IFS='	' read -r growth slope r2 n <<<"$(told -w "subject.pid=$pid" values.growth.value \
		values.slope.value values.r2.value values.points.value)"
	within "$growth" 33554432 92274688
	# What it did, by its own clock.
	want=$(awk -v b="$(of truth bytes)" -v ms="$(of truth ms)" 'BEGIN { print b / ms * 1000 }')
	within "$slope" "$(awk -v w="$want" 'BEGIN { print w * 0.8 }')" \
		"$(awk -v w="$want" 'BEGIN { print w * 1.2 }')"
	within "$r2" 0.9 1
	within "$n" 10 45
}

@test "fd_exhaustion: who opens, how many of how many, and when the end comes" {
	rules_start --interval 100ms
	mischief fds 60 3000 64 300 >truth 3>&-
	mischief fds 20 1000 256 300 >fine 3>&-
	rules_stop
	pid=$(of truth pid)
	told -w rule=fd_exhaustion -w "subject.pid=$pid" subject.kind subject.id subject.comm severity |
		diff -u <(printf 'process\t%s\tmischief\thigh\n' "$(id_of "$pid")") -
	told -w "subject.pid=$(of fine pid)" rule | diff -u /dev/null -
	told -w "subject.pid=$pid" values >values
	cat values
	pick -w "pid=$pid" sample fds fds_max <"$OUT" | grep -x '6[0-4]	64' | tail -n 1 | grep .
}

@test "cpu_spin: who runs and gets nothing done; not one that makes others" {
	chrt -f 1 true || skip "may not have a processor to itself"
	printf '[cpu_spin]\ncpu = 60%%\nfor = 2s\n' >my.conf
	RULES=my.conf rules_start --interval 200ms
	chrt -f 1 mischief spin 3500 >truth 3>&- &
	mischief again 1000 0 nop >fine 3>&-
	wait $!
	rules_stop
	pid=$(of truth pid)
	told -w "subject.pid=$pid" rule subject.kind subject.comm |
		diff -u <(printf 'cpu_spin\tprocess\tmischief\n') -
	told -w "subject.pid=$(of fine pid)" rule | diff -u /dev/null -
	within "$(told -w "subject.pid=$pid" values.cpu.value)" 60 105
	within "$(told -w "subject.pid=$pid" values.for.value)" 2000000000 3000000000
	[ "$(told -w "subject.pid=$pid" values.voluntary.value)" = 0 ]
}

@test "zombie: the parent that does not wait, and how many it left" {
	printf '[zombie]\nfor = 2s\n' >my.conf
	RULES=my.conf rules_start --interval 200ms
	mischief zombies 30 4000 >truth 3>&- &
	mischief zombies 10 4000 >few 3>&-
	wait $!
	rules_stop
	told subject.pid rule subject.kind subject.comm values.zombies.value |
		grep -e "^$(of truth pid)" -e "^$(of few pid)" |
		diff -u <(printf '%s\tzombie\tprocess\tmischief\t30\n' "$(of truth pid)") -
}

@test "d_state: who cannot be woken" {
	printf '[d_state]\nfor = 2s\n' >my.conf
	RULES=my.conf rules_start --interval 200ms
	mischief dstate 4000 >truth 3>&-
	rules_stop
	pid=$(of truth pid)
	told -w "subject.pid=$pid" rule subject.kind subject.comm |
		diff -u <(printf 'd_state\tprocess\tmischief\n') -
	within "$(told -w "subject.pid=$pid" values.stuck.value)" 2000000000 3500000000
	told -w "subject.pid=$pid" class | grep -x 'kernel_clone\|_do_fork'
}

# ---- again ----

@test "a mixed load, recorded: the incidents of the live run, byte for byte, however it is read" {
	mkfifo wire.pipe
	{ tee wire.bin <wire.pipe | lnx-trace -q -r - | tee "$OUT" | lnx-rules >live; } 3>&- &
	RULER=$!
	me=$BASHPID
	lnx-trace -w - --tree "$me" 3>&- >wire.pipe 2>"$ERR" &
	TRACE=$!
	TRACES+=("$TRACE" "$RULER")
	wait_for 30 grep -qs '"state":"synced"' "$OUT"
	mischief storm 120 40 3000 >storm 3>&- &
	mischief again 7 500 sh -c 'exit 3' >crash 3>&-
	mischief again 80 20 nop >jobs 3>&-
	wait $!
	kill -INT "$TRACE"
	wait "$TRACE"
	wait "$RULER"
	for rule in fork_storm crash_loop short_lived; do
		grep -q "\"rule\":\"$rule\"" live
	done
	lnx-trace -q -r wire.bin | cmp - "$OUT"
	lnx-rules "$OUT" | cmp live -
	lnx-trace -q -r wire.bin | lnx-rules | cmp live -
	for bs in 1 7 4096 7; do
		dd if="$OUT" bs=$bs 2>/dev/null | lnx-rules | cmp live -
	done
	# A line at a time, with a pause now and then.
	awk '{ print; fflush() } NR % 100 == 0 { system("sleep 0.02") }' "$OUT" |
		lnx-rules | cmp live -
}

# ---- who makes whom wait ----

@test "noisy_neighbor: two on one processor are each other's; one on another is nobody's" {
	[ -n "$V2" ] || skip "no cgroup v2 mounted"
	[ "$(nproc)" -ge 2 ] || skip "needs two processors"
	mkdir "$V2/$CG"
	printf '[noisy_neighbor]\nstall = 100ms\nfor = 0s\nmedium = 10%%\nhigh = 25%%\n' >my.conf
	RULES=my.conf rules_start -e stall
	pids=()
	for g in a a a b b b; do
		in_group $g 0 mischief spin 4000 >truth &
		pids+=($!)
	done
	in_group c 1 mischief spin 4000 >truth-c
	wait "${pids[@]}"
	sleep 1.5
	rules_stop
	told -w rule=noisy_neighbor victim.cgroup culprit.cgroup resource \
		evidence.method | grep -e "/$CG/[abc]	/$CG/[abc]" | sort >got
	diff -u - got <<-END
	/$CG/a	/$CG/b	cpu	measured
	/$CG/b	/$CG/a	cpu	measured
	END
	# Three that wait half of their time are far above a quarter of the window.
	for v in a b; do
		pick -w rule=noisy_neighbor -w "victim.cgroup=/$CG/$v" incident \
			culprit.cgroup severity <incidents | grep "^/$CG/[ab]	high$"
	done
	for v in a b; do
		within "$(told -w "victim.cgroup=/$CG/$v" -w rule=noisy_neighbor culprit.cgroup \
			values.stall.value | awk -v c="/$CG/" 'index($1, c) == 1 { print $2 }')" \
			100000000 15000000000
	done
}
