# SPDX-License-Identifier: AGPL-3.0-or-later
# bats file_tags=root
load ../helper
load trace

setup() {
	need_kernel
	ME=$(command -v me)
	V2=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
	V1=
	CG=lnx-truth-$$
}

undo() {
	for dir in ${V2:+"$V2/$CG/in ner" "$V2/$CG"} ${V1:+"$V1/$CG"}; do
		[ ! -d "$dir" ] || wait_for 5 rmdir "$dir"
	done
}

# agree TRUTH...: every "PID FIELD VALUE" must be in the last exec record of PID;
# without VALUE there must be no such field.
agree() {
	pick -l exec <"$OUT" >told
	controller=$(head -n 1 "$OUT" | pick source cgroup_v1_controller)
	cat "$@" | sed "s/\tcgroup_v1:$controller\t/\tcgroup_v1\t/; /\tcgroup_v1:/d" >want
	[ "$(wc -l <want)" -ge 5 ]
	awk -F'\t' '
	NR == FNR { last[$2] = $1; has[$1, $3] = 1; val[$1, $3] = $4; next }
	!($1 in last) { print $1 ": has no exec record"; next }
	$3 == "" { if ((last[$1], $2) in has)
		print $1 ": " $2 ": got " val[last[$1], $2] ", want none"; next }
	val[last[$1], $2] != $3 {
		print $1 ": " $2 ": got " val[last[$1], $2] ", want " $3 }
	' told want | diff -u /dev/null -
}

# truth of the one process in FILE: FIELD of it.
of() {
	awk -F'\t' -v f="$2" '$2 == f { v = $3 } END { print v }' "$1"
}

# The id that exec tells is that of the fork, and of the exit.
one_id() {
	pick -w "pid=$1" fork,exec,exit id <"$OUT" | uniq -c |
		awk -v n="$2" 'END { if (NR != 1 || $1 < n) print "ids:", NR, "records:", $1 }' |
		diff -u /dev/null -
}

shapes() {
	trace_start -e fork,exec,exit "$@"
	for s in plain relative symlink execveat empty-path memfd deleted script \
		thread vfork posix_spawn clone3; do
		mkdir "$s" && ( cd "$s" && shape "$s" "$ME" >"../$s.truth" )
	done
	trace_stop
	agree ./*.truth
	for s in *.truth; do
		one_id "$(of "$s" pid)" 3
	done
	[ "$(of thread.truth from_tid)" != "$(of thread.truth pid)" ]
	[ "$(of deleted.truth exe_deleted)" = true ]
	[ "$(of memfd.truth exe_memfd)" = true ]
	[ "$(cat ./*.truth | grep -c "	exe	/")" -ge 12 ]
}

@test "twelve shapes of exec are told as the process itself finds it in /proc" {
	shapes
}

@test "twelve shapes of exec are told as it finds it, by way of raw_tp" {
	shapes --rung raw_tp
}

@test "every namespace is told by its inode, and the pid inside" {
	trace_start -e exec
	unshare -m me >mnt
	unshare -u me >uts
	unshare -i me >ipc
	unshare -n me >net
	unshare -p -f me >pid
	unshare -C me | sed '/\tcgroup/d' >cgroup
	unshare -T -f me >time-ns
	unshare -m -u -i -n -p -f me >most
	trace_stop
	agree mnt uts ipc net pid cgroup time-ns most
	[ "$(of pid ns_pid)" = 1 ]
	[ "$(of pid pid)" != 1 ]
	mv time-ns time
	for ns in mnt uts ipc net pid cgroup time; do
		[ "$(of "$ns" "${ns}_ns")" != "$(readlink /proc/self/ns/$ns | tr -dc 0-9)" ]
	done
}

@test "in a user namespace uid and gid are those of the host" {
	trace_start -e exec
	chmod 755 "$BATS_TEST_TMPDIR"
	setpriv --reuid 12345 --regid 23456 --clear-groups \
		unshare -U -r me >user || skip "no user namespaces here"
	trace_stop
	[ "$(of user uid)" = 0 ]
	{
		sed '/\tuid\t/d; /\tgid\t/d' user
		printf '%s\tuid\t12345\n%s\tgid\t23456\n' "$(of user pid)" "$(of user pid)"
	} >host
	agree host
	[ "$(of user user_ns)" != "$(readlink /proc/self/ns/user | tr -dc 0-9)" ]
}

@test "uid, gid, and where they differ euid and egid" {
	trace_start -e exec
	setpriv --reuid 12345 --regid 23456 --clear-groups me >both
	setpriv --euid 12345 --egid 23456 --clear-groups me >effective
	setpriv --ruid 12345 --rgid 23456 --clear-groups me >real
	trace_stop
	agree both effective real
	[ "$(of both uid) $(of both gid) $(of both euid)" = "12345 23456 " ]
	[ "$(of effective uid) $(of effective euid)" = "0 12345" ]
	[ "$(of real uid) $(of real egid)" = "12345 0" ]
}

@test "capabilities: all, some, inheritable, none" {
	trace_start -e exec
	me >all
	setpriv --bounding-set -sys_admin,-net_raw me >some
	setpriv --inh-caps +kill,+chown me >inheritable
	setpriv --reuid 12345 --inh-caps +kill --ambient-caps +kill me >ambient
	setpriv --reuid 12345 --inh-caps -all me >none
	trace_stop
	agree all some inheritable ambient none
	[ "$(of all cap_eff)" != "$(of some cap_eff)" ]
	[ "$(of inheritable cap_inh)" = 0000000000000021 ]
	[ "$(of ambient cap_eff)" = 0000000000000020 ]
	[ "$(of none cap_eff)" = 0000000000000000 ]
}

@test "the controlling terminal is told, and its absence" {
	trace_start -e exec
	script -qec "me >on-tty" /dev/null >/dev/null </dev/null
	setsid me >off-tty
	trace_stop
	agree on-tty off-tty
	[[ "$(of on-tty tty)" == pts/* ]]
	[ -z "$(of off-tty tty)" ]
}

@test "who logged in is told, and the session" {
	[ -w /proc/self/loginuid ] || skip "kernel without audit"
	trace_start -e exec
	bash -c 'echo 12345 >/proc/self/loginuid && exec me' >login ||
		skip "may not set loginuid"
	me >before
	trace_stop
	agree login
	[ "$(of login loginuid)" = 12345 ]
	[ -n "$(of login sessionid)" ]
}

@test "the working directory is told, also deep, strange and deleted" {
	mkdir -p "$(printf 'a b/c"d/%0200d/%0200d' 1 2)" gone
	trace_start -e exec
	( cd "$(printf 'a b/c"d/%0200d/%0200d' 1 2)" && me ) >deep
	( cd / && me ) >root
	( cd gone && rmdir ../gone && bash -c 'echo $$; exec nop' ) >gone.pid 2>/dev/null
	trace_stop
	agree deep root
	[ "$(of root cwd)" = / ]
	[ "$(of deep cwd | wc -c)" -gt 400 ]
	pick -w "pid=$(cat gone.pid)" exec cwd <"$OUT" | tail -n 1 |
		diff -u <(echo "$PWD/gone") -
}

@test "cgroups: v2 path and id; on a hybrid host the v1 path too" {
	[ -n "$V2" ] || skip "no cgroup v2 mounted"
	mkdir "$V2/$CG" "$V2/$CG/in ner" || skip "may not make a cgroup"
	trace_start -e fork,exec,exit
	controller=$(head -n 1 "$OUT" | pick source cgroup_v1_controller)
	[ "$controller" = - ] ||
		V1=$(awk -v c="$controller" '$3 == "cgroup" && $4 ~ "(^|,)" c "(,|$)" { print $2; exit }' /proc/mounts)
	bash -c "echo \$\$ >'$V2/$CG/in ner/cgroup.procs' && exec me" >v2
	: >v1
	: >both
	if [ -n "$V1" ]; then
		mkdir "$V1/$CG"
		bash -c "echo \$\$ >'$V1/$CG/cgroup.procs' && exec me" >v1
		bash -c "echo \$\$ >'$V1/$CG/cgroup.procs' && echo \$\$ >'$V2/$CG/cgroup.procs' && exec me" >both
		printf '%s\tcgroup_v1_id\t%s\n' "$(of v1 pid)" "$(stat -c %i "$V1/$CG")" >>v1
	fi
	CGROUP=$V2/$CG shape clone3 "$ME" >born
	ino=$(stat -c %i "$V2/$CG/in ner")
	printf '%s\tcgroup_id\t%s\n' "$(of v2 pid)" "$ino" >>v2
	trace_stop
	rmdir "$V2/$CG/in ner"
	agree v2 v1 both born
	[ "$(of v2 cgroup)" = "/$CG/in ner" ]
	[ -z "$V1" ] || grep -q "cgroup_v1:$controller	/$CG\$" v1
	# The path is one of the fork too when the child is born there,
	# and of the exit.
	pick -w "pid=$(of born pid)" fork,exec,exit event cgroup <"$OUT" |
		diff -u <(printf '%s\t/'"$CG"'\n' fork exec exit) -
	pick -w "pid=$(of v2 pid)" exit cgroup cgroup_id <"$OUT" |
		diff -u <(printf '/%s/in ner\t%s\n' "$CG" "$ino") -
}

@test "a process in a cgroup namespace is told by the path of the host" {
	[ -n "$V2" ] || skip "no cgroup v2 mounted"
	mkdir "$V2/$CG"
	trace_start -e exec
	bash -c "echo \$\$ >'$V2/$CG/cgroup.procs' && exec unshare -C me" >inside
	trace_stop
	[ "$(of inside cgroup)" = / ]
	pick -w "pid=$(of inside pid)" exec cgroup <"$OUT" | tail -n 1 |
		diff -u <(echo "/$CG") -
}

@test "in a chroot the program is told by its path in the mount namespace" {
	mkdir -p jail/bin
	cp "$(command -v nop)" jail/bin/
	trace_start -e exec
	bash -c 'echo $$; exec chroot jail /bin/nop' >pid
	trace_stop
	pick -w "pid=$(cat pid)" exec exe cwd filename <"$OUT" | tail -n 1 |
		diff -u <(printf '%s/jail/bin/nop\t%s/jail\t/bin/nop\n' "$PWD" "$PWD") -
}
