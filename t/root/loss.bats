# SPDX-License-Identifier: AGPL-3.0-or-later
# bats file_tags=root
load ../helper
load trace

setup() {
	need_kernel
}

# gaps: from "EVENT CPU SEQ" the records that are missing before each one seen,
# summed by kind.  seq counts from 1.
gaps() {
	awk '$3 != "-" {
		gap = $3 - last[$1, $2] - 1
		if (gap < 0) print "seq goes back:", $0
		n[$1] += gap
		last[$1, $2] = $3
	}
	END { for (k in last) { split(k, p, SUBSEP); kinds[p[1]] }
		for (k in kinds) print k "\t" n[k] + 0 }' | sort
}

# lost_by_kind: what lost records say.
lost_by_kind() {
	pick lost forks execs exits reparents <"$OUT" | awk '
		{ f += $1; e += $2; x += $3; r += $4 }
		END { printf "exec\t%d\nexit\t%d\nfork\t%d\n", e, x, f
			if (r > 0) printf "reparent\t%d\n", r }'
}

# Something on every processor, so that a gap at its end shows.
touch_cpus() {
	local cpu
	for cpu in $(seq 0 $(($(nproc) - 1))); do
		taskset -c "$cpu" bash -c '(nop)'
	done
}

# Of what this test does, and nobody else on this machine.
flood() {
	trace_start --ring 64KiB --tree $BASHPID "$@"
	kill -STOP "$TRACE"
	spawn -j 2 -n 20000 "$(command -v nop)" >truth
	kill -CONT "$TRACE"
	wait_for 10 grep -q '"state":"synced".*"snap":2' "$OUT"
	touch_cpus
	sleep 0.3
	alive >proc
	trace_stop "${RC:-0}"
}

exact() {
	lost_by_kind >said
	pick fork,exec,exit,reparent event cpu seq <"$OUT" | gaps |
		awk '$1 != "reparent" || $2 > 0' | diff -u said -
	# Each lost record is the sum of its parts, and most of the storm is in them.
	pick lost count forks execs exits reparents source <"$OUT" | awk '
		$1 != $2 + $3 + $4 + $5 || $6 != "ring" { print "odd: " $0 }
		{ n += $1 }
		END { if (n < 30000) print "not much of a loss: " n + 0 }' |
		diff -u /dev/null -
}

@test "stopped amid 20,000 execs with the smallest ring, it tells exactly what was lost" {
	flood
	exact
}

@test "stopped amid 20,000 execs by way of raw_tp, it tells exactly what was lost" {
	flood --rung raw_tp
	exact
}

@test "lost records are few, and say between which times" {
	flood
	[ "$(pick lost count <"$OUT" | wc -l)" -le 20 ]
	pick lost from to <"$OUT" | awk '$1 == "-" || $2 == "-" || $1 > $2' |
		diff -u /dev/null -
	pick -w source=ring lost from to <"$OUT" | grep -q .
}

@test "after a loss a new snapshot heals: those alive are those of /proc" {
	churn 2 3>&- &
	churn=$!
	sleep 0.3
	# Some of them live on, born and dead unseen.
	trace_start --ring 64KiB
	kill -STOP "$TRACE"
	sleep 0.5
	kill -USR1 $churn
	kill -CONT "$TRACE"
	wait_for 10 grep -q '"state":"synced".*"snap":2' "$OUT"
	sleep 0.3
	alive >proc
	trace_stop
	alive >later
	kill -TERM $churn
	wait $churn
	[ "$(pick lost count <"$OUT" | wc -l)" -ge 1 ]
	read -r since self <proc
	# What was lost after the snapshot would need another one.
	pick lost,source event state <"$OUT" | awk '
		$1 == "lost" { late++ }
		$2 == "synced" { late = 0 }
		END { if (late) print late " lost after the last snapshot" }' |
		diff -u /dev/null -
	# From the last complete snapshot on, nothing but the stream.
	pick snap,fork,exit,source event id snap state <"$OUT" | awk -v since="$since" '
		$1 == "source" && $4 == "synced" { whole = $3 }
		$1 == "snap" && $4 == "Z" { next }
		$1 == "snap" || $1 == "fork" { n++; ev[n] = $1; id[n] = $2; no[n] = $3 }
		$1 == "exit" { n++; ev[n] = "exit"; id[n] = $2 }
		END {
			for (i = 1; i <= n; i++) {
				if (ev[i] == "snap" && no[i] == whole) alive[id[i]]
				if (ev[i] == "snap" && no[i] == whole && !first) first = i
			}
			for (i = first; i <= n; i++) {
				if (ev[i] == "fork") alive[id[i]]
				if (ev[i] == "exit") delete alive[id[i]]
			}
			for (i in alive) { split(i, p, "-")
				if (p[2] + 0 < since + 0)
					printf "%d\t%d\n", p[3], int(p[2] / 10000000) }
		}' | sort >told
	# There are kernels that hide init from BPF iterators.
	awk -v s="$self" '$1 != s && $1 != 1' told | sort >alive
	tail -n +2 proc | awk '$1 != 1' | sort >now
	tail -n +2 later | sort | comm -12 now - | comm -23 - alive |
		diff -u /dev/null -
	comm -13 now alive | diff -u /dev/null -
}

@test "--strict: a loss is exit status 3" {
	RC=3 flood --strict
}

@test "--strict: no loss is exit status 0" {
	trace_start --strict
	nop
	trace_stop 0
	nothing_lost
}
