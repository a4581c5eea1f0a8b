# SPDX-License-Identifier: AGPL-3.0-or-later
# bats file_tags=root
# The demonstrations, as they are told to people.
setup() {
	load ../helper
	. "$SRC/t/root/trace.bash"
	need_kernel
	export builddir=$BUILD
}

# left NAME: the cgroups and processes of it.
left() {
	local v2

	v2=$(awk '/ - cgroup2 / { print $5; exit }' /proc/self/mountinfo)
	[ -z "$v2" ] || ls -d "$v2/$1"* 2>/dev/null || :
	pgrep -f "$1" || :
}

@test "demo-stall: the bystander did nothing, and all adds up to what the kernel says" {
	[ "$(nproc)" -ge 2 ] || skip "one processor"
	for tool in jq taskset; do
		command -v $tool >/dev/null || skip "no $tool"
	done
	left lnx-demo- >before
	run --separate-stderr timeout -k 5 200 "$SRC/scripts/demo-stall" 2
	echo "$output"
	echo "$stderr"
	[ "$status" -eq 0 ]
	[ "${lines[-1]}" = "what lnx says adds up to what the kernel says, to the nanosecond" ]
	[ "${lines[-2]}" = "victim waited 0 ns for bystander" ]
	[[ ${lines[-3]} =~ ^victim\ waited\ [0-9.]+\ ms\ for\ culprit,\ of\ [0-9.]+\ ms$ ]]
	[[ $output == *"culprit kept "*"/victim waiting "*" of "*" on CPU (measured, "* ]]
	[ "$(awk '$1 == "victim" || $1 == "culprit" || $1 == "bystander" {
	    if ($6 == "0") n++ } END { print n + 0 }' <<<"$output")" -eq 3 ]
	left lnx-demo- | diff before -
}

@test "quickstart: what it runs at the end ends, shows stalls, and is not all threads of the kernel" {
	[ -x "$BUILD/cmd/lnx-psi" ] || skip "no lnx-psi"
	command -v taskset >/dev/null || skip "no taskset"
	# From where all is built: the rest is what CI and a fresh machine try.
	sed -n '/^echo .{ lnx-trace/,$p' "$SRC/scripts/quickstart" >rest
	grep -q 'lnx-tree --text' rest
	run --separate-stderr timeout -k 5 200 sh -eu rest </dev/null
	echo "$output" | tail -n 40
	echo "$stderr"
	[ "$status" -eq 0 ]
	[ "$(grep -c '\[.*\]$' <<<"$output")" -lt 5 ]
	grep -q '^ *PID .*WAITED/s  HARMED/s    SOME  COMMAND$' <<<"$output"
	grep -q '^WHO MAKES WHOM WAIT$' <<<"$output"
	grep -q ' waiting .* on CPU.* (measured, ' <<<"$output"
	# Two that want one processor wait, however busy the machine is.
	[ "$(grep -cE ' [0-9.]+(us|ms|s)\*? .* sh -c .*/lnx-quickstart-[0-9]+/(web|batch) .*% for ' \
	    <<<"$output")" -eq 2 ]
}

@test "demo-stall: interrupted, it leaves nothing behind" {
	[ "$(nproc)" -ge 2 ] || skip "one processor"
	for tool in jq taskset; do
		command -v $tool >/dev/null || skip "no $tool"
	done
	left lnx-demo- >before
	"$SRC/scripts/demo-stall" 30 >out 2>&1 3>&- &
	pid=$!
	wait_for 90 grep -q 'wait 30 s' out
	kill -TERM $pid
	status=0
	wait $pid || status=$?
	[ "$status" -eq 143 ]
	left lnx-demo- | diff before -
}

@test "demo-stall: where it cannot run it says in one line what is missing" {
	# bash, without anything that it needs
	mkdir bin
	for tool in bash id dirname awk head sed tr; do
		ln -s "$(command -v $tool)" bin
	done
	run --separate-stderr env PATH="$PWD/bin" builddir="$PWD/none" \
	    bash "$SRC/scripts/demo-stall" 1
	[ "$status" -eq 4 ]
	[ "$output" = "" ]
	[ "$stderr" = "demo-stall: needs lnx-trace, which is not in PATH" ]
	run --separate-stderr "$SRC/scripts/demo-stall" soon
	[ "$status" -eq 2 ]
	[ "$stderr" = "demo-stall: soon: want a number of seconds" ]
	run --separate-stderr setpriv --reuid 65534 --clear-groups "$SRC/scripts/demo-stall"
	[ "$status" -eq 4 ]
	[ "$stderr" = "demo-stall: needs root, to watch the kernel and to make cgroups" ]
}
