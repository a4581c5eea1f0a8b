# SPDX-License-Identifier: AGPL-3.0-or-later
# Runs in the guest only, for each $RUNG; what has the tag `both' by way of both.  What the files of t/root do by
# the ten thousand it does in numbers that suit an emulated processor, where
# also a new lnx-trace for each test would cost too much: one is shared.
load ../helper
load ../root/trace

setup_file() {
	export STREAM=$BATS_FILE_TMPDIR/stream HEAD=$BATS_FILE_TMPDIR/head
	# What is looked at from time to time has tests of its own: the verifier
	# takes half a minute for it here.
	lnx-trace -e snap,fork,exec,exit,reparent,oom --rung "$RUNG" \
	    -o "$STREAM" 3>&- 2>"$BATS_FILE_TMPDIR/err" &
	export SHARED=$!
	wait_for 10 grep -qs '"state":"synced"' "$STREAM"
	sed '/"state":"synced"/q' "$STREAM" >"$HEAD"
}

teardown_file() {
	kill -KILL "$SHARED" 2>/dev/null || true
}

setup() {
	need_kernel
	NOP=$(command -v nop)
}

# The processor is emulated.
wait_for() {
	local end=$((SECONDS + 6 * $1))
	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || { echo "never: $*"; return 1; }
		sleep 0.05
	done
}

# A test that does not run proves nothing: the guest has what it takes.
skip() {
	echo "skipped: $*"
	exit 1
}

# Whatever this process waits for comes through the ring in order: so all that
# was done before is told once the end of a last process is.
caught_up() {
	local last
	"$NOP" &
	last=$!
	wait $last
	wait_for 10 eval 'tail -c "+$FROM" "$STREAM" | grep -q "\"event\":\"exit\".*\"pid\":'$last',"'
}

# From here on a test that starts lnx-trace gets what the shared one told
# meanwhile, after what it told at its start.
share() {
	trace_start() {
		FROM=$(($(stat -c %s "$STREAM") + 1))
	}
	trace_stop() {
		caught_up
		{ cat "$HEAD"; tail -c "+$FROM" "$STREAM"; } >"$OUT"
	}
}

# borrow NAME: the functions of t/root/NAME.bats.  Its tests become functions,
# too, for claim.
borrow() {
	awk '/^load / { next }
		/^@test / {
			print substr($0, 7, length($0) - 8) >names
			print "claim_" ++n "() {"
			next
		}
		{ print }' names="$BATS_TEST_TMPDIR/names" \
		"$SRC/t/root/$1.bats" >"$BATS_TEST_TMPDIR/$1.bash"
	# shellcheck disable=SC1090
	source "$BATS_TEST_TMPDIR/$1.bash"
	setup
}

# claim WORDS...: the borrowed tests that have these words in their names; each
# in a directory of its own.
claim() {
	local words n
	for words; do
		grep -q "$words" "$BATS_TEST_TMPDIR/names" ||
			{ echo "no test in t/root has the words: $words"; return 1; }
		for n in $(grep -n "$words" "$BATS_TEST_TMPDIR/names" | cut -d: -f1); do
			sed -n "${n}p" "$BATS_TEST_TMPDIR/names"
			mkdir "claim-$n"
			cd "claim-$n"
			"claim_$n"
			undo
			cd ..
		done
	done
}

# What only version $1 of Linux or a later one has.
since() {
	[ "$(printf '%s\n' "$1" "$(uname -r)" | sort -V | head -n 1)" = "$1" ]
}

# bats test_tags=both
@test "the rung is that of this kernel, and so is what is degraded and what is kept" {
	live=live
	! since 6.16 || live=group_dead
	head -n 1 "$STREAM" | pick source rung | diff -u <(echo "$RUNG $live") -
	if since 5.18; then
		head -n 1 "$STREAM" | pick source degraded | diff -u <(echo -) -
	else
		head -n 1 "$STREAM" | pick source degraded | grep -q '^\["snap.argv: [^"]*"\]$'
	fi
	# Before 5.19 bpf(2) asks for a capability at each new snapshot.
	caps=-
	bits=0000000000000000
	since 5.19 || caps='["cap_bpf"]' bits=0000008000000000
	head -n 1 "$STREAM" | pick source caps_kept | diff -u <(echo "$caps") -
	awk '$1 == "Uid:" { print $2, $3, $4, $5 } $1 == "NoNewPrivs:" { print $2 }
		/^Cap(Eff|Prm)/ { print $2 }' "/proc/$SHARED/status" |
		diff -u <(printf '%s\n' "65534 65534 65534 65534" $bits $bits 1) -
}

@test "the first snapshot has everybody, with arguments where this kernel tells them" {
	pick -w pid=1 snap comm argv <"$HEAD" >init
	if since 5.18; then
		grep -q '^init	\["/bin/busybox"' init
	else
		diff -u <(printf 'init\t-\n') init
	fi
	pick -w kthread=true snap comm <"$HEAD" | grep -q '^kthreadd$'
	[ "$(pick snap pid <"$HEAD" | wc -l)" -ge 30 ]
}

# bats test_tags=both
@test "200 mixed deaths: code, signal, core, times, memory, faults and io are those of wait4(2)" {
	borrow death
	share
	# An emulated tick is a long one.
	tick_hz() { echo 5; }
	cores_here
	deaths 200
	claim 'how many living children'
}

# bats test_tags=both
@test "orphans get the parents that they find: double fork, subreapers, pid namespace, threads" {
	borrow family
	share
	scenes="double-fork many"
	[ "$RUNG" = raw_tp ] ||
		scenes="$scenes subreaper two-reapers pid-namespace leader-first"
	for scene in $scenes; do
		echo "$scene"
		scene "$scene"
		[ -s want ]
	done
}

# bats test_tags=both
@test "twelve shapes of exec are told as the process itself finds it in /proc" {
	borrow exec
	share
	claim 'twelve shapes of exec are told as the process'
}

# bats test_tags=both
@test "namespaces, users, capabilities and cgroups are told as in /proc, of v1 too if there is one" {
	borrow exec
	share
	claim 'cgroups: v2'
	mode=hybrid
	if [ "$RUNG" = tp_btf ]; then
		claim 'every namespace' 'uid, gid' 'capabilities:'
		mode=v2
	fi
	head -n 1 "$HEAD" | pick source cgroup_mode | diff -u <(echo $mode) -
}

# bats test_tags=both
@test "400 execs are told with the arguments that were passed, long ones cut" {
	borrow argv
	share
	random 400 200
	claim 'too long for a pipe'
}

# bats test_tags=both
@test "600 spawns, two at a time: nothing is lost, each has fork, exec and exit in this order" {
	borrow process
	share
	storm 600 2
}

# bats test_tags=both
@test "a process killed at the limit of its cgroup: victim, trigger, limit, memory, and its end" {
	echo +memory >/sys/fs/cgroup/cgroup.subtree_control
	borrow oom
	share
	claim 'killed at the limit'
}

# bats test_tags=both
@test "a process killed because the machine has no memory left: the scope is the host" {
	local rc=0
	share
	trace_start
	hog 1024 >pid || rc=$?
	[ $rc = 137 ]
	trace_stop
	pick -w "pid=$(head -n 1 pid)" oom comm scope <"$OUT" |
		diff -u <(printf 'hog\thost\n') -
}

# bats test_tags=both
@test "of all this nothing was lost, and its account is right" {
	kill -INT "$SHARED"
	wait_for 10 grep -q '"state":"end"' "$STREAM"
	account "$STREAM"
	OUT=$STREAM nothing_lost
}

@test "started amid a storm of forks, it introduces each process once" {
	borrow process
	churn 2 3>&- &
	CHURN=$!
	sleep 0.2
	trace_start --rung "$RUNG"
	sleep 0.2
	kill -USR1 $CHURN
	sleep 0.5
	alive >proc
	trace_stop
	kill -TERM $CHURN
	wait $CHURN
	CHURN=
	nothing_lost
	pick snap,fork,exit event id boot_ns snap <"$OUT" | introduced |
		head -n 20 | diff -u /dev/null -
	same_alive proc
	[ "$(pick fork pid <"$OUT" | wc -l)" -ge 10 ]
}

# bats test_tags=both
@test "stopped amid 500 spawns with the smallest ring, it tells exactly what was lost, and heals" {
	borrow loss
	trace_start --ring 4KiB --rung "$RUNG"
	kill -STOP "$TRACE"
	spawn -j 2 -n 500 "$NOP" >truth
	kill -CONT "$TRACE"
	wait_for 10 grep -q '"state":"synced".*"snap":2' "$OUT"
	touch_cpus
	sleep 0.3
	trace_stop
	lost_by_kind >said
	pick fork,exec,exit,reparent event cpu seq <"$OUT" | gaps |
		awk '$1 != "reparent" || $2 > 0' | diff -u said -
	[ "$(awk '{ n += $2 } END { print n }' said)" -ge 1000 ]
}

@test "samples of many threads, also of those that end, are what /proc says" {
	borrow sample
	claim 'many threads are those' 'threads that end between'
}

@test "all filters together pass the verifier" {
	args=()
	for n in 1 2 3 4 5 6 7 8; do
		args+=(--pid $n --ppid $n --uid $n --comm c$n --cgroup /)
	done
	trace_start --rung "$RUNG" "${args[@]}" --tree 1 --rate 100
	trace_stop
}

@test "nobody is refused in one sentence" {
	borrow power
	refused 4 setpriv --reuid 65534 --regid 65534 --clear-groups \
		--bounding-set -all --inh-caps -all lnx-trace
	[[ "$stderr" == *CAP_BPF*CAP_PERFMON* ]]
}

@test "waits for the disk are those of io.pressure, and who made each request is known" {
	borrow iomem
	need_disk() { :; }
	io() {
		[ -e data ] || ln -s /dev/nvme0n1 data
		command io "$@"
	}
	# The kernel counts a wait from the end of the switch, lnx-trace from its
	# beginning: 10 microseconds where the processor is emulated.
	BLOCK=2048 MOST=3
	claim 'a pinned victim'
	tail -n 1 claim-*/told | tee lost
	grep -q ' requests=0 owners=0 stamps=0 ' lost
	# Its own requests are its own.
	awk -F'\t' '$2 == "io" && $3 ~ /-vic$/ && $4 == "self" { n += $5 }
		$2 == "io" && $3 ~ /-vic$/ && $4 == "total" { all += $5 }
		END { exit !(n > all / 2) }' claim-*/told
}

@test "waits for memory: those of memory.pressure; the programs for the disk load, too" {
	borrow iomem
	windows_start 500
	grep '^degraded' told | diff -u /dev/null -
	echo +memory >/sys/fs/cgroup/cgroup.subtree_control
	mkdir "$V2/$CG-vic"
	echo 8M >"$V2/$CG-vic/memory.high"
	in_cgroup vic 0 timeout 4 bash -c 'head -c 48M /dev/zero | tail -c 48M | wc -c' &
	wait $! || true
	windows_stop
	cat told
	conserved
	near memory "$(sum vic memory total)" "$(pressure vic memory)" 3
	grep "	memory	/$CG-vic	limit	.*	measured" told
	run awk -F'\t' -v cg="/$CG-vic" '$3 == cg && $4 == "cgroup"' told
	[ "$output" = "" ]
}
