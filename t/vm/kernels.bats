# SPDX-License-Identifier: AGPL-3.0-or-later
# lnx-trace on the kernels that Debian ships: each in an emulated machine, where
# guest.bats is run by way of tp_btf and of raw_tp, and of lnx-psi the tests with
# the tag guest.
# bats file_tags=root
load ../helper

VM=$SRC/t/vm
SUITES="bullseye bookworm bookworm-backports sid"
KERNELS=${LNX_KERNELS:-${XDG_CACHE_HOME:-$HOME/.cache}/lnx-kernels}
export VM KERNELS

# What keeps a machine from being started at all.
obstacle() {
	local f

	[ -n "${LNX_VM-}" ] || { echo "some ten minutes of emulation: set LNX_VM=1"; return; }
	[ "$(uname -m)" = x86_64 ] || { echo "the guest is x86_64"; return; }
	[ -x "$BUILD/cmd/lnx-trace" ] || { echo "built without BPF"; return; }
	[ -x "$BUILD/t/vm/qexit" ] || { echo "no t/vm/qexit: run by make check"; return; }
	for f in qemu-system-x86_64 busybox cpio apt-get dpkg jq setpriv; do
		command -v $f >/dev/null || { echo "needs $f"; return; }
	done
	! ldd "$(command -v busybox)" >/dev/null 2>&1 || echo "needs a static busybox"
}

# run_one SUITE: its verdict in SUITE.rc.  An emulator's boot fails now and then
# (qemu 7.2's cmpxchg16b, for one): a machine that never came to its first
# process has not heard of lnx, and is started again.  One that came is not.
run_one() {
	local k=$KERNELS/vmlinuz-$1 log=$BATS_FILE_TMPDIR/$1.log try rc

	[ -s "$k" ] || return 0
	for try in 1 2 3; do
		rc=0
		VM_TIMEOUT=700 BOOT_TIMEOUT=40 "$VM/vmrun" "$k" \
		    "$BATS_FILE_TMPDIR/initrd" "$log" /src/t/vm/guest || rc=$?
		! grep -qa '^-- ' "$log" || break
		echo "boot $try failed with $rc" >>"$BATS_FILE_TMPDIR/$1.boots"
	done
	echo $rc >"$BATS_FILE_TMPDIR/$1.rc"
}
export -f run_one

setup_file() {
	obstacle >"$BATS_FILE_TMPDIR/obstacle"
	[ ! -s "$BATS_FILE_TMPDIR/obstacle" ] || return 0
	# shellcheck disable=SC2086
	timeout 120 "$VM/kernels" "$KERNELS" $SUITES \
	    >"$BATS_FILE_TMPDIR/missing" 2>&1 3>&- || true
	srcdir=$SRC builddir=$BUILD "$VM/mkinitrd" "$BATS_FILE_TMPDIR/initrd"
	# shellcheck disable=SC2086
	printf '%s\n' $SUITES |
	    xargs -P "$(nproc)" -n 1 bash -c 'run_one "$1"' run_one 3>&-
}

# verdict SUITE MAJOR.MINOR: what the guest said.
verdict() {
	local dir=$BATS_FILE_TMPDIR log=$BATS_FILE_TMPDIR/$1.log

	[ ! -s "$dir/obstacle" ] || skip "$(cat "$dir/obstacle")"
	[ -e "$dir/$1.rc" ] ||
	    skip "no kernel of $1: $(sed -n "s/^$1: //p" "$dir/missing")"
	cat "$dir/$1.boots" 2>/dev/null || true
	tr -d '\r' <"$log" | grep -avE '^(ok|1\.\.)' || true
	[ "$(cat "$dir/$1.rc")" = 0 ] || { echo "status $(cat "$dir/$1.rc")"; return 1; }
	# It ran what it was to run, and is the kernel that it is said to be.
	grep -qa "^-- $2" "$log"
	[ "$(grep -acE '^ok [0-9]' "$log")" = $(($(grep -c '^@test' "$VM/guest.bats") +
	    $(grep -c 'test_tags=both' "$VM/guest.bats") +
	    $(grep -c 'test_tags=guest' "$SRC/t/root/psi.bats"))) ]
	! grep -qaE '^not ok|# skip' "$log"
}

@test "Linux 5.10: lnx-trace tells the truth by way of tp_btf and of raw_tp" {
	verdict bullseye 5.10
}

@test "Linux 6.1: lnx-trace tells the truth by way of tp_btf and of raw_tp" {
	verdict bookworm 6.1
}

@test "Linux 6.12: lnx-trace tells the truth by way of tp_btf and of raw_tp" {
	verdict bookworm-backports 6.12
}

@test "Linux 7: lnx-trace tells the truth by way of tp_btf and of raw_tp" {
	verdict sid 7
}
