# SPDX-License-Identifier: AGPL-3.0-or-later
# bats file_tags=root
load ../helper
load trace

setup() {
	need_kernel
}

# scene NAME [OPTION...]: play it; each orphan's own words against the records.
scene() {
	local name=$1
	shift
	trace_start "$@"
	bash -c 'echo $$ >top; exec family "$0"' "$name" >truth
	trace_stop
	grep -v '^[a-z]' truth | sort >want || true
	# Those of the scene, found by the fork records of its processes.
	pick fork pid ppid creator_pid id parent_id creator_id <"$OUT" >forks
	awk -v top="$(cat top)" '
		$1 == top { mine[$4]; print $4 }
		$5 in mine || $6 in mine { mine[$4]; print $4 }' forks >scene
	[ -s scene ]
	pick reparent id pid old_ppid ppid <"$OUT" |
		awk 'NR == FNR { mine[$1]; next } $1 in mine' scene - |
		cut -f 2- | sort | diff -u want -
	# The ids are those by which the processes were introduced; there are
	# kernels that hide init from BPF iterators.
	pick fork pid id <"$OUT" >ids
	pick snap pid id <"$OUT" >>ids
	pick reparent pid id ppid parent_id old_ppid old_parent_id <"$OUT" |
		awk 'FILENAME == "scene" { mine[$1]; next }
		FILENAME == "ids" { told[$2]; next }
		$2 in mine { for (i = 1; i < 6; i += 2)
			if ($i != 1 && !($(i + 1) in told))
				print "not introduced: " $i, $(i + 1) }' scene ids - |
		diff -u /dev/null -
}

@test "a double fork ends with the reaper of the namespace" {
	scene double-fork
	[ "$(wc -l <want)" = 1 ]
}

@test "a subreaper gets the orphan" {
	scene subreaper
	[ "$(wc -l <want)" = 1 ]
}

@test "a subreaper gets the orphan, by way of raw_tp" {
	scene subreaper --rung raw_tp
	[ "$(wc -l <want)" = 1 ]
}

@test "three hundred orphans of one parent are told, each once, and counted" {
	scene many
	[ "$(wc -l <want)" = 300 ]
	parent=$(cut -f 2 want | sort -u)
	pick -w "pid=$parent" exit children <"$OUT" | diff -u <(echo 300) -
}

@test "of a crowd of orphans each is told, by a record or by a new snapshot" {
	trace_start
	bash -c 'echo $$ >top; exec family crowd' >truth
	wait_for 10 grep -q '"state":"synced".*"snap":2' "$OUT" || true
	trace_stop
	[ "$(grep -vc '^[a-z]' truth)" = 400 ]
	# Those of whom no record tells are in a snapshot that comes by itself,
	# if they live that long; a number that is not known is not told.
	parent=$(awk '$1 == "children" { print $2 }' truth)
	n=$(pick -w "pid=$parent" exit children <"$OUT" | tail -n 1)
	[ "$n" = 400 ] || [ "$n" = - ]
	told=$(pick -w "old_ppid=$parent" reparent pid <"$OUT" | wc -l)
	[ "$told" = 400 ] || grep -q '"state":"synced".*"snap":2' "$OUT"
}

@test "when a subreaper dies its orphans go on to the next" {
	scene two-reapers
	[ "$(wc -l <want)" = 2 ]
}

@test "in a pid namespace its init gets the orphans, told by pids of the host" {
	scene pid-namespace
	[ "$(wc -l <want)" = 3 ]
}

@test "a dead child that nobody has reaped gets no reparent record" {
	scene zombie
	[ "$(wc -l <want)" = 1 ]
}

@test "the end of the thread that forked is not the end of the parent" {
	scene thread-ends
	[ "$(wc -l <want)" = 0 ]
}

@test "a parent whose main thread ended first keeps its child until its last thread ends" {
	scene leader-first
	[ "$(wc -l <want)" = 1 ]
}

@test "CLONE_PARENT: the fork tells the parent, and who made it" {
	scene clone-parent
	awk '$1 == "fork" { print $2 "\t" $3 "\t" $4 }' truth >want
	[ -s want ]
	awk 'NR == FNR { mine[$1]; next } $1 in mine' want forks |
		cut -f 1-3 | diff -u want -
}
