# SPDX-License-Identifier: AGPL-3.0-or-later
# bats file_tags=root
load ../helper
load trace

# Two lnx-trace watch the same: one all, into $ALL, one with the filter under
# test, into $OUT.  What comes must be what the first one's records call for,
# and nothing else.

setup() {
	need_kernel
	ALL=$BATS_TEST_TMPDIR/all.ndjson
	NOP=$(command -v nop)
	mkfifo go
	exec 9<>go
	V2=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
	CG=lnx-filter-$$
}

undo() {
	exec 9>&-
	for dir in ${V2:+"$V2/$CG/inner" "$V2/$CG"} ${V1:+"$V1/$CG"}; do
		[ ! -d "$dir" ] || wait_for 5 rmdir "$dir"
	done
}

both_start() {
	OUT=$ALL trace_start
	WHOLE=$TRACE
	trace_start "$@"
}

both_stop() {
	local rc=0
	trace_stop
	kill -INT "$WHOLE"
	wait "$WHOLE" || rc=$?
	[ $rc = 0 ]
	OUT=$ALL nothing_lost
	nothing_lost
}

# told FILE: what a stream says of lifecycles.
told() {
	pick fork,exec,exit,reparent event id ppid comm uid cgroup pid <"$1"
}

# only AWK-CONDITION: exactly those records of the whole stream that it is true
# of are in the filtered one.
only() {
	told "$ALL" | awk -F'\t' "$1" | sort >want
	agree
}

# The filtered stream is what the file `want` calls for.
agree() {
	told "$OUT" | sort | diff -u want - >differ || { head -n 30 differ; return 1; }
}

count() {
	awk -v e="$1" '$1 == e { n++ } END { print n + 0 }' want
}

# What waits for a line, then lives a little: two children and a grandchild that
# it leaves.
scene='read -r go <go; (nop); nop; (sleep 0.1 & exec nop); sleep 0.2; exec nop'

@test "--pid: the records of that process, and of no other" {
	bash -c "$scene" 3>&- &
	pid=$!
	both_start --pid $pid
	echo >&9
	wait $pid
	both_stop
	only "\$7 == $pid"
	[ "$(count exec) $(count exit) $(wc -l <want)" = "1 1 2" ]
	# It was alive already: the snapshot has it, and nobody else.
	pick snap pid <"$OUT" | sort -u | diff -u <(echo $pid) -
}

@test "--pid: its new parent is told, though its old one is not asked for" {
	bash -c 'bash -c "echo \$\$ >kid; read -r go <go; sleep 0.2; exit 5" & read -r go <go; exit 0' 3>&- &
	pid=$!
	wait_for 5 test -s kid
	kid=$(cat kid)
	both_start --pid "$kid"
	echo >&9
	echo >&9
	wait $pid
	sleep 0.5
	both_stop
	only "\$7 == $kid"
	[ "$(count reparent) $(count exit)" = "1 1" ]
}

@test "--ppid: the records of the children of that process" {
	bash -c "$scene" 3>&- &
	pid=$!
	both_start --ppid $pid
	echo >&9
	wait $pid
	both_stop
	only "\$3 == $pid"
	[ "$(count fork)" -ge 3 ]
	[ "$(count exec)" -ge 3 ]
}

@test "--uid: the records of that user's processes" {
	chmod 755 "$BATS_TEST_TMPDIR"
	both_start --uid 12345
	setpriv --reuid 12345 --clear-groups "$NOP"
	setpriv --reuid 12346 --clear-groups "$NOP"
	spawn -n 10 "$NOP" >/dev/null
	both_stop
	only '$5 == 12345'
	[ "$(count exec) $(count exit) $(wc -l <want)" = "1 1 2" ]
}

@test "--comm: the records of processes of that name" {
	# Names that nobody else has.
	cp "$NOP" "a-$BASHPID"
	cp "$NOP" "a-$BASHPID-b"
	both_start --comm "a-$BASHPID"
	spawn -n 10 "./a-$BASHPID" >/dev/null
	spawn -n 10 "./a-$BASHPID-b" >/dev/null
	both_stop
	only "\$4 == \"a-$BASHPID\""
	[ "$(count exec) $(count exit) $(count fork)" = "10 10 0" ]
}

@test "--cgroup: the records of processes in that cgroup and those below it" {
	[ -n "$V2" ] || skip "no cgroup v2 mounted"
	mkdir "$V2/$CG" "$V2/$CG/inner"
	both_start --cgroup "/$CG"
	bash -c "echo \$\$ >'$V2/$CG/cgroup.procs' && (nop); exec nop"
	bash -c "echo \$\$ >'$V2/$CG/inner/cgroup.procs' && (nop); exec nop"
	spawn -n 10 "$NOP" >/dev/null
	both_stop
	only "\$6 == \"/$CG\" || \$6 == \"/$CG/inner\""
	[ "$(count fork) $(count exec) $(count exit)" = "2 4 4" ]
}

@test "--cgroup takes the directory too, of cgroup v2 or of v1" {
	both_dirs=()
	[ -z "$V2" ] || both_dirs+=("$V2")
	V1=$(awk '$3 == "cgroup" && $4 ~ /(^|,)memory(,|$)/ { print $2; exit }' /proc/mounts)
	[ -z "$V1" ] || both_dirs+=("$V1")
	[ ${#both_dirs[@]} -gt 0 ] || skip "no cgroups mounted"
	for dir in "${both_dirs[@]}"; do
		mkdir "$dir/$CG"
		trace_start --cgroup "$dir/$CG"
		bash -c "echo \$\$ >'$dir/$CG/cgroup.procs' && (nop); exec nop"
		spawn -n 10 "$NOP" >/dev/null
		trace_stop
		pick fork,exec,exit event <"$OUT" | sort | uniq -c | tr -s ' ' |
			diff -u <(printf ' 2 exec\n 2 exit\n 1 fork\n') -
	done
}

@test "--cgroup: of a v1 hierarchy that records do not tell, whose ids are others" {
	told=$(lnx-trace -e exec -d 10ms | pick source cgroup_v1_controller | head -n 1)
	other=$(awk -v told="$told" '$3 == "cgroup" && $4 !~ "(^|,)" told "(,|$)" { print $2; exit }' /proc/mounts)
	[ -n "$other" ] || skip "no other v1 hierarchy"
	mkdir "$other/$CG"
	run --separate-stderr timeout 10 lnx-trace -d 10ms --cgroup "$other/$CG"
	rmdir "$other/$CG"
	echo "$stderr"
	[ "$status" -eq 2 ]
	[[ ${stderr_lines[0]} == *"hierarchy that source names"* ]]
}

# The tree below a process, by the fork records: who made it counts, or else its
# parent then.
tree_of() {
	pick fork id parent_id creator_id pid ppid creator_pid <"$ALL" | awk -v top="$1" '
		BEGIN { mine[top] }
		{ p = $6 == "-" ? $5 : $6 }
		p in mine { mine[$4]; print $1 }'
}

@test "--tree: the process and all it begets, also by a double fork, and no other" {
	bash -c "$scene" 3>&- &
	pid=$!
	both_start --tree $pid
	spawn -n 10 "$NOP" >/dev/null
	echo >&9
	wait $pid
	spawn -n 10 "$NOP" >/dev/null
	sleep 0.1
	both_stop
	tree_of $pid >ids
	pick -w "pid=$pid" exec id <"$ALL" | head -n 1 >>ids
	told "$ALL" | awk -F'\t' 'NR == FNR { mine[$1]; next } $2 in mine' ids - | sort >want
	agree
	[ "$(count fork)" -ge 4 ]
	[ "$(count reparent)" -ge 1 ]
	[ "$(count exec)" -ge 4 ]
}

@test "--tree with another filter: whom that leaves out has descendants all the same" {
	# Those between the root and nop are all called bash, and are gone by then.
	bash -c 'read -r go <go; (bash -c "(sleep 0.2; exec nop) & exit 0"); sleep 0.5' 3>&- &
	pid=$!
	both_start --tree $pid --comm nop
	echo >&9
	wait $pid
	both_stop
	tree_of "$pid" >ids
	told "$ALL" | awk -F'\t' 'NR == FNR { mine[$1]; next }
		$2 in mine && $4 == "nop"' ids - | sort >want
	agree
	[ "$(count exec) $(count exit)" = "1 1" ]
}

@test "--tree: what was alive in it before belongs to it" {
	bash -c '(bash -c "echo \$\$ >inner; read -r go <go; nop; exit 5" &); read -r go <go' 3>&- &
	pid=$!
	wait_for 5 test -s inner
	inner=$(cat inner)
	sleep 0.1
	# The orphan is no child of its tree any more, and no filter can know.
	[ "$(awk '{ print $4 }' "/proc/$inner/stat")" != $pid ]
	bash -c 'bash -c "echo \$\$ >kid; read -r go <go; nop; exit 5"; exit 6' 3>&- &
	two=$!
	wait_for 5 test -s kid
	kid=$(cat kid)
	both_start --tree $two
	for p in 1 2 3; do echo >&9; done
	wait $two || true
	wait $pid
	sleep 0.1
	both_stop
	{
		tree_of "$kid"
		pick -w "pid=$two" exit id <"$ALL"
		pick -w "pid=$kid" exit id <"$ALL"
	} | sort -u >ids
	told "$ALL" | awk -F'\t' 'NR == FNR { mine[$1]; next } $2 in mine' ids - | sort >want
	agree
	grep -q "^exit.*	$kid\$" want
	grep "	$inner\$" want | diff -u /dev/null -
}

@test "two filters: what both let pass" {
	both_start --comm nop --uid 12347
	setpriv --reuid 12347 --clear-groups "$NOP"
	setpriv --reuid 12347 --clear-groups /bin/true
	spawn -n 10 "$NOP" >/dev/null
	both_stop
	only '$4 == "nop" && $5 == 12347'
	[ "$(count exec) $(count exit) $(wc -l <want)" = "1 1 2" ]
}

@test "-e: the kinds that were asked for" {
	for kinds in fork exec exit exec,exit; do
		trace_start -e $kinds
		nop
		family subreaper >/dev/null
		trace_stop
		pick fork,exec,exit,reparent event <"$OUT" | sort -u | tr '\n' , |
			diff -u <(echo -n "$kinds,") -
	done
}

@test "--rate: so many a second in a cgroup, every exit, and the rest counted exactly" {
	[ -n "$V2" ] || skip "no cgroup v2 mounted"
	mkdir "$V2/$CG"
	trace_start --rate 500
	bash -c "echo \$\$ >'$V2/$CG/cgroup.procs' && exec spawn -s 4 '$NOP'" >truth
	trace_stop
	made=$(wc -l <truth)
	pick fork,exec,exit event cgroup boot_ns <"$OUT" | awk -v cg="/$CG" '$2 == cg' >got
	id=$(pick -w "cgroup=/$CG" exit cgroup_id <"$OUT" | head -n 1)
	pick -w source=rate -w "cgroup_id=$id" lost count forks execs exits reparents <"$OUT" |
		awk '{ n += $1; f += $2; e += $3; x += $4; r += $5 }
		END { print n + 0, f + 0, e + 0, x + 0, r + 0 }' >held
	read -r n f e x r <held
	forks=$(grep -c ^fork got)
	execs=$(grep -c ^exec got)
	echo "made $made, forks $forks + $f, execs $execs + $e, lost $n"
	# Exits are exempt: each child's, and the spawner's two.
	[ "$(grep -c ^exit got)" = $((made + 2)) ]
	[ "$x" = 0 ]
	[ "$n" = $((f + e + r)) ]
	# One fork of the worker, one exec of spawn itself.
	[ $((forks + f)) = $((made + 1)) ]
	[ $((execs + e)) = $((made + 1)) ]
	# 4 s of at most 500; a first second's worth may come at once.
	awk -v n=$((forks + execs)) 'BEGIN { exit !(n >= 0.95 * 2000 && n <= 1.05 * 2500) }'
	# In the middle it is 500 in each second, within 5 %.
	awk '$1 != "exit" { s = int($3 / 1e9); if (!t) t = s; n[s - t]++ }
		END { for (s = 1; s <= 2; s++) if (n[s] < 475 || n[s] > 525)
			print "second " s ": " n[s] }' got | diff -u /dev/null -
}

@test "--rate: on hybrid hosts the v1 hierarchy tells cgroups apart, too" {
	local v1=/sys/fs/cgroup/memory
	[ -d $v1 ] && [ -w $v1/cgroup.procs ] || skip "no v1 hierarchy for memory"
	mkdir $v1/lnx-loud.$$ $v1/lnx-quiet.$$
	trace_start --rate 100
	bash -c 'echo $$ >"$1"; exec spawn -n 2000 "$2"' - $v1/lnx-loud.$$/cgroup.procs "$NOP" >/dev/null
	bash -c 'echo $$ >"$1"; exec spawn -n 5 "$2"' - $v1/lnx-quiet.$$/cgroup.procs "$NOP" >/dev/null
	trace_stop
	rmdir $v1/lnx-loud.$$ $v1/lnx-quiet.$$
	pick -w "cgroup_v1=/lnx-quiet.$$" -w comm=nop exec pid <"$OUT" | wc -l | diff -u <(echo 5) -
	pick -w source=rate lost cgroup_v1_id <"$OUT" | grep -q '[0-9]'
}

@test "--rate: one cgroup's storm does not cost another its records" {
	[ -n "$V2" ] || skip "no cgroup v2 mounted"
	mkdir "$V2/$CG" "$V2/$CG/inner"
	trace_start --rate 500
	bash -c "echo \$\$ >'$V2/$CG/cgroup.procs' && exec spawn -s 2 '$NOP'" >/dev/null 3>&- &
	sleep 0.5
	bash -c "echo \$\$ >'$V2/$CG/inner/cgroup.procs' && exec spawn -n 100 '$NOP'" >/dev/null
	wait $!
	trace_stop
	pick -w "cgroup=/$CG/inner" fork,exec,exit event <"$OUT" | sort | uniq -c | tr -s ' ' |
		diff -u <(printf ' 101 exec\n 102 exit\n 101 fork\n') -
}
