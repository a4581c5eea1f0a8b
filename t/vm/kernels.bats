# SPDX-License-Identifier: AGPL-3.0-or-later
# lnx-trace and lnx-psi on the kernels that Debian ships, each in emulated machines
# of several sorts; what is run in one is in the file of that name beside this:
#	guest		by way of tp_btf and of raw_tp, on cgroup v2 and hybrid
#	guest-stall	stalls, on two processors that come and go
#	guest-small	too little memory
#	guest-nopsi	no pressure stall information
# LNX_SUITES and LNX_MACHINES choose among them; without LNX_VM there are none.
# bats file_tags=root
load ../helper

VM=$SRC/t/vm
SUITES=${LNX_SUITES:-bullseye bookworm bookworm-backports sid}
MACHINES=${LNX_MACHINES:-guest guest-stall guest-small guest-nopsi}
KERNELS=${LNX_KERNELS:-${XDG_CACHE_HOME:-$HOME/.cache}/lnx-kernels}
export VM KERNELS

# What keeps a machine from being started at all.
obstacle() {
	local f

	[ -n "${LNX_VM-}" ] || { echo "half an hour of emulation: set LNX_VM=1"; return; }
	[ "$(uname -m)" = x86_64 ] || { echo "the guest is x86_64"; return; }
	[ -x "$BUILD/cmd/lnx-trace" ] || { echo "built without BPF"; return; }
	[ -x "$BUILD/t/vm/qexit" ] || { echo "no t/vm/qexit: run by make check"; return; }
	for f in qemu-system-x86_64 busybox cpio apt-get dpkg jq setpriv; do
		command -v $f >/dev/null || { echo "needs $f"; return; }
	done
	! ldd "$(command -v busybox)" >/dev/null 2>&1 || echo "needs a static busybox"
}

# run_one SUITE MACHINE: its verdict in SUITE-MACHINE.rc.  An emulator's boot fails
# now and then (qemu 7.2's cmpxchg16b, for one): a machine that never came to its
# first process has not heard of lnx, and is started again.  One that came is not.
run_one() {
	local k=$KERNELS/vmlinuz-$1 out=$BATS_FILE_TMPDIR/$1-$2 try rc

	[ -s "$k" ] || return 0
	case $2 in
	guest-stall) export VM_SMP=2 ;;
	guest-small) export VM_SMP=2 VM_MEM=256 ;;
	guest-nopsi) export VM_APPEND=psi=0 ;;
	esac
	for try in 1 2 3; do
		rc=0
		VM_TIMEOUT=1500 BOOT_TIMEOUT=40 "$VM/vmrun" "$k" \
		    "$BATS_FILE_TMPDIR/initrd" "$out.log" "/src/t/vm/$2" || rc=$?
		! grep -qa '^-- ' "$out.log" || break
		echo "boot $try failed with $rc" >>"$out.boots"
	done
	echo $rc >"$out.rc"
}
export -f run_one

setup_file() {
	obstacle >"$BATS_FILE_TMPDIR/obstacle"
	[ ! -s "$BATS_FILE_TMPDIR/obstacle" ] || return 0
	# shellcheck disable=SC2086
	timeout 120 "$VM/kernels" "$KERNELS" $SUITES \
	    >"$BATS_FILE_TMPDIR/missing" 2>&1 3>&- || true
	srcdir=$SRC builddir=$BUILD "$VM/mkinitrd" "$BATS_FILE_TMPDIR/initrd"
	# Those that take longest first.
	for machine in $MACHINES; do
		for suite in $SUITES; do
			echo "$suite $machine"
		done
	done | xargs -P "$(nproc)" -n 2 bash -c 'run_one "$1" "$2"' run_one 3>&-
}

# chosen LIST WORD
chosen() { [[ " $1 " == *" $2 "* ]] || skip "$2 is not among those chosen"; }

# verdict SUITE MACHINE MAJOR.MINOR: what the guest said.
verdict() {
	local dir=$BATS_FILE_TMPDIR out=$BATS_FILE_TMPDIR/$1-$2

	[ ! -s "$dir/obstacle" ] || skip "$(cat "$dir/obstacle")"
	chosen "$SUITES" "$1"
	chosen "$MACHINES" "$2"
	[ -e "$out.rc" ] ||
	    skip "no kernel of $1: $(sed -n "s/^$1: //p" "$dir/missing")"
	cat "$out.boots" 2>/dev/null || true
	# What was measured there, for who reads only the summary.
	tr -d '\r' <"$out.log" | grep -aE '^# [a-z]+: ' |
	    sed "s/^# /# $3 /" >&3 || true
	tr -d '\r' <"$out.log" | grep -avE '^(ok|1\.\.)' || true
	[ "$(cat "$out.rc")" = 0 ] || { echo "status $(cat "$out.rc")"; return 1; }
	# It ran what it was to run, and is the kernel that it is said to be.
	grep -qa "^-- $3" "$out.log"
	[ "$(grep -acE '^1\.\.[1-9]' "$out.log")" = "$(grep -c 'bats -T' "$VM/$2")" ]
	[ "$(grep -acE '^ok [0-9]' "$out.log")" = \
	    "$(grep -aoE '^1\.\.[0-9]+' "$out.log" | awk -F'[.][.]' '{ n += $2 } END { print n }')" ]
	! grep -qaE '^not ok|# skip' "$out.log"
}

@test "Linux 5.10: lnx-trace tells the truth by way of tp_btf and of raw_tp" {
	verdict bullseye guest 5.10
}

@test "Linux 6.1: lnx-trace tells the truth by way of tp_btf and of raw_tp" {
	verdict bookworm guest 6.1
}

@test "Linux 6.12: lnx-trace tells the truth by way of tp_btf and of raw_tp" {
	verdict bookworm-backports guest 6.12
}

@test "Linux 7: lnx-trace tells the truth by way of tp_btf and of raw_tp" {
	verdict sid guest 7
}

@test "Linux 5.10: stalls add up, also where processors come and go" {
	verdict bullseye guest-stall 5.10
}

@test "Linux 6.1: stalls add up, also where processors come and go" {
	verdict bookworm guest-stall 6.1
}

@test "Linux 6.12: stalls add up, also where processors come and go" {
	verdict bookworm-backports guest-stall 6.12
}

@test "Linux 7: stalls add up, also where processors come and go" {
	verdict sid guest-stall 7
}

@test "Linux 5.10: too little memory: who is killed, who asked, who had to wait" {
	verdict bullseye guest-small 5.10
}

@test "Linux 6.1: too little memory: who is killed, who asked, who had to wait" {
	verdict bookworm guest-small 6.1
}

@test "Linux 6.12: too little memory: who is killed, who asked, who had to wait" {
	verdict bookworm-backports guest-small 6.12
}

@test "Linux 7: too little memory: who is killed, who asked, who had to wait" {
	verdict sid guest-small 7
}

@test "Linux 5.10: without pressure stall information it is said what is missing" {
	verdict bullseye guest-nopsi 5.10
}

@test "Linux 6.1: without pressure stall information it is said what is missing" {
	verdict bookworm guest-nopsi 6.1
}

@test "Linux 6.12: without pressure stall information it is said what is missing" {
	verdict bookworm-backports guest-nopsi 6.12
}

@test "Linux 7: without pressure stall information it is said what is missing" {
	verdict sid guest-nopsi 7
}
