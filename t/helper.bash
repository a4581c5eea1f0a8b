# SPDX-License-Identifier: AGPL-3.0-or-later
# Sourced by every bats file: `load ../helper`.
bats_require_minimum_version 1.8.0
SRC=$(cd "${srcdir:-.}" && pwd)
BUILD=$(cd "${builddir:-.}" && pwd)
DATA=$SRC/t/data
PATH=$BUILD/cmd:$PATH:/usr/sbin:/sbin
export LC_ALL=C TZ=UTC0 SRC BUILD DATA
unset LNX_CONFIG

# Skip unless the kernel can be watched from here.
need_root() {
	[ "$(id -u)" -eq 0 ] || skip "not root"
	[ -r /sys/kernel/btf/vmlinux ] || skip "kernel without BTF"
	[ -x "$BUILD/cmd/lnx-trace" ] || skip "built without BPF"
}

# For a test that holds a measurement against the kernel's or the clock's, on a
# machine that others use: what is off once is measured again, twice at most.
noisy() {
	# shellcheck disable=SC2034
	BATS_TEST_RETRIES=2
}

# Skip unless that file is there.
need_file() {
	[ -e "$1" ] || skip "no ${1#"$SRC"/} yet"
}

# scripts/bless: expected files take what they are compared with.
if [ -n "${LNX_BLESS-}" ]; then
	diff() {
		case "$#:$1:$2:${3-}" in
		3:-u:"$DATA"/*:-) cat >"$2" ;;
		3:-u:"$DATA"/*) cat "$3" >"$2" ;;
		*) command diff "$@" ;;
		esac
	}
	export -f diff
fi

# left_alone COMMAND...: its output is a socket whose other end reads a second
# and leaves.  Prints its status.
left_alone() {
	perl -MSocket -e 'socketpair(A, B, AF_UNIX, SOCK_STREAM, 0) or die;
		if (!($p = fork)) { close B; open STDOUT, ">&A"; exec @ARGV }
		close A; sleep 1; sysread B, $_, 1 << 20; close B; waitpid $p, 0;
		print $? & 127 ? 128 + ($? & 127) : $? >> 8' timeout 20 "$@"
}
