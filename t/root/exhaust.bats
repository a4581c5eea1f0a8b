# SPDX-License-Identifier: AGPL-3.0-or-later
# bats file_tags=root
# More than there is room for: what lnx-trace says of stalls then.
# Tests with the tag guest also run on other kernels: t/vm.
load ../helper
load trace

setup() {
	need_kernel
	V2=$(awk '/ - cgroup2 / { print $5; exit }' /proc/self/mountinfo)
	[ -n "$V2" ] || skip "no cgroup v2"
	TOP=$V2/lnx-exhaust-$$-$BATS_TEST_NUMBER
	mkdir "$TOP" || skip "cgroups cannot be made here"
	WORKERS=()
}

undo() {
	local p

	for p in "${WORKERS[@]}"; do
		kill -KILL "$p" 2>/dev/null || true
		wait "$p" 2>/dev/null || true
	done
	[ ! -d "${TOP-}" ] || wait_for 10 eval 'find "$TOP" -depth -type d -exec rmdir {} + 2>/dev/null'
}

# totals: of ours and of those without a name, each with what it waited for a
# processor, the sum of its parts, its coverage, and what it slept: the kernel
# counts that as waiting, too.
totals() {
	jq -r --arg at "${TOP#"$V2"}/" 'select(.event == "stall_total" and
	    .resource == "cpu") | select((.victim | has("cgroup_id") | not) or
	    (.victim.cgroup // "" | startswith($at))) |
	    [if .victim | has("cgroup_id") then .victim.cgroup else "?" end,
	    .stall_ns, ([.by[]?] | add), .coverage, .slept_ns // 0] | @tsv' "$OUT"
}

# bats test_tags=guest
@test "more cgroups than can be told apart: the others are one, which is said, and no wait is lost" {
	mkdir "$TOP"/{0..2199}
	mkfifo go
	# One that goes from each to the next, and waits for a hog in all of them.
	taskset -c 0 bash -c 'while :; do :; done' 3>&- &
	WORKERS+=($!)
	nice -n 3 taskset -c 0 bash -c 'echo $$ >"$0/0/cgroup.procs"
		kill -STOP $$
		exec 4<>"$1"
		for ((i = 0; i < 2200; i++)); do
			echo $$ >"$0/$i/cgroup.procs"
			read -r -t 0.0005 -u 4
		done
		kill -STOP $$' "$TOP" go 3>&- &
	walker=$!
	WORKERS+=($walker)
	wait_for 30 grep -q ') T ' /proc/$walker/stat
	# One window, in which no slot becomes free again.
	trace_start -e stall,stall_total --resource cpu --min-stall 0 --window 5m
	before=$(cut -d ' ' -f 2 /proc/$walker/schedstat)
	kill -CONT $walker
	wait_for 5 eval '! grep -q ") T " /proc/$walker/stat'
	wait_for 200 grep -q ') T ' /proc/$walker/stat
	waited=$(($(cut -d ' ' -f 2 /proc/$walker/schedstat) - before))
	sleep 0.3
	trace_stop
	totals >told
	seen=$(grep -vc '^?' told) ours=$(awk '{ n += $2 } END { printf "%.0f\n", n }' told)
	named=$(awk '$1 != "?" { n += $2 } END { printf "%.0f\n", n }' told)
	echo "# exhaust: the kernel says $waited ns; $seen cgroups have $named, with the others $ours" >&3
	# Who has no name is of the whole machine.
	[ "$waited" -gt 0 ]
	[ "$ours" -ge "$waited" ]
	[ "$named" -lt "$waited" ]
	[ "$seen" -gt 0 ]
	[ "$seen" -le 2048 ]
	grep -q '^?' told
	pick source state degraded <"$OUT" | grep '^degraded' >said
	[ "$(wc -l <said)" = 1 ]
	grep -q 'more cgroups than can be told apart' said
}

@test "900 cgroups are told apart" {
	mkdir -p "$TOP"/{0..899}/{a,b}
	mkfifo go
	taskset -c 0 bash -c 'while :; do :; done' 3>&- &
	WORKERS+=($!)
	taskset -c 0 bash -c 'exec 4<>"$1"
		kill -STOP $$
		for ((i = 0; i < 900; i++)); do
			echo $$ >"$0/$i/cgroup.procs"
			read -r -t 0.006 -u 4
		done
		kill -STOP $$' "$TOP" go 3>&- &
	walker=$!
	WORKERS+=($walker)
	wait_for 30 grep -q ') T ' /proc/$walker/stat
	trace_start -e stall_total --resource cpu --window 5m
	kill -CONT $walker
	wait_for 5 eval '! grep -q ") T " /proc/$walker/stat'
	wait_for 200 grep -q ') T ' /proc/$walker/stat
	trace_stop
	totals >told
	seen=$(grep -vc '^?' told)
	echo "# exhaust: $seen of 900 cgroups are told" >&3
	[ "$seen" -gt 700 ]
	if grep '"state":"degraded"' "$OUT"; then false; fi
	if grep '^?' told; then false; fi
}

stopped() { [ "$(cat /proc/[0-9]*/stat 2>/dev/null | grep -c "^[0-9]* (work) T ")" -ge 400 ]; }

# delays: what the workers waited so far, in ns, by the kernel's account.
delays() {
	local p

	for p in "${WORKERS[@]}"; do
		cat "/proc/$p/schedstat"
	done | awk '{ n += $2 } END { printf "%.0f\n", n }'
}

@test "more pairs than can be remembered: that is said, and no wait is lost" {
	for i in {1..400}; do
		mkdir "$TOP/$i"
		WORK_IN=$TOP/$i work 60 0 light 200 50000 3>&- &
		WORKERS+=($!)
	done
	wait_for 60 stopped
	trace_start -e stall,stall_total --resource cpu --min-stall 0
	before=$(delays)
	kill -CONT "${WORKERS[@]}"
	wait_for 40 grep -qs '"state":"degraded".*more pairs wait' "$OUT"
	kill -STOP "${WORKERS[@]}"
	wait_for 60 stopped
	sleep 0.3
	waited=$(($(delays) - before))
	trace_stop
	totals >told
	echo "# exhaust: $(awk '{ n += $2; s += $2 * (1 - $4) } END {
		printf "%.3f s waited, %.1f %% of it for unknown", n / 1e9, 100 * s / n }' told)" >&3
	# victim, stall_ns, sum of by, coverage
	awk '$2 != $3 || $4 > 1 { bad = 1 } END { exit bad || NR < 400 }' told
	# Who has no name may be one of ours, or of the machine's.
	named=$(awk '$1 != "?" { n += $2 + $5 } END { printf "%.0f\n", n }' told)
	ours=$(awk '{ n += $2 + $5 } END { printf "%.0f\n", n }' told)
	echo "the kernel says $waited, with names $named, with the others $ours"
	[ "$named" -le "$waited" ]
	[ "$ours" -ge "$waited" ]
	[ "$(grep -c 'more pairs wait' "$OUT")" = 1 ]
}
