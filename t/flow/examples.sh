#!/bin/bash
# SPDX-License-Identifier: AGPL-3.0-or-later
# The EXAMPLES of every page, run as they are printed, in a folder that holds
# events.ndjson and events.wire.  A live lnx-trace gets its ^C after a while,
# and so does lnx-psi.
srcdir=$(cd "${srcdir:-.}" && pwd)
builddir=$(cd "${builddir:-.}" && pwd)
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
export LC_ALL=C TZ=UTC0
n=0

# A file for each example: PAGE.NUMBER.
examples() {
	awk -v out="$tmp/$1" '
		function plain(s) {
			gsub(/\\e/, "\\", s); gsub(/\\&/, "", s); gsub(/\\-/, "-", s)
			gsub(/\\\(dq/, "\"", s); gsub(/\\\(aq/, "\047", s)
			gsub(/\\\(ti/, "~", s); gsub(/\\\(ha/, "^", s)
			return s
		}
		/^\.Sh / { on = $2 == "EXAMPLES" }
		!on { next }
		/^\.Bd -literal/ { file = out "." ++n; printf "" >file; next }
		/^\.Ed/ { close(file); file = ""; next }
		/^\.Dl / { f = out "." ++n; print plain(substr($0, 5)) >f; close(f) }
		file != "" { print plain($0) >file }
	' "$2"
}

# Why this example cannot run here, if so.
why_not() {
	if grep -q 'lnx-trace' "$1" && [ ! -x "$builddir/cmd/lnx-trace" ]; then
		echo "built without BPF"
	elif grep -q 'lnx-psi' "$1" && ! cat /proc/pressure/cpu >/dev/null 2>&1; then
		echo "kernel without PSI"
	elif grep -q 'events\.wire' "$1" && [ ! -e "$tmp/dir/events.wire" ]; then
		echo "no t/data/flow/1-wire.bin yet"
	elif grep -q 'events\.ndjson' "$1" && [ ! -e "$tmp/dir/events.ndjson" ]; then
		echo "no t/data/flow/2-event.ndjson yet"
	elif is_live "$1" && [ "$(id -u)" -ne 0 ]; then
		echo "not root"
	elif is_live "$1" && [ ! -r /sys/kernel/btf/vmlinux ]; then
		echo "kernel without BTF"
	elif is_live "$1" && [ -n "${LNX_ASAN-}" ]; then
		echo "not under AddressSanitizer"
	elif grep -qw jq "$1" && ! command -v jq >/dev/null; then
		echo "no jq"
	fi
}

# A new recording is made and then read: that is live, too.
is_live() {
	grep -o 'lnx-trace[^|]*' "$1" | grep -qvE -e '--read|-r '
}

run() {
	local path=$tmp/psi:$builddir/cmd:$PATH:/usr/sbin:/sbin

	is_live "$1" && path=$tmp/live:$path
	(cd "$tmp/dir" && PATH=$path timeout -k 5 60 bash -e "$1") \
	    >"$tmp/out" 2>"$tmp/err" </dev/null
	rc=$?
	[ "$rc" -eq 0 ] && [ ! -s "$tmp/err" ]
}

mkdir "$tmp/dir" "$tmp/live" "$tmp/psi"
cp "$srcdir/t/data/flow/1-wire.bin" "$tmp/dir/events.wire" 2>/dev/null
cp "$srcdir/t/data/flow/2-event.ndjson" "$tmp/dir/events.ndjson" 2>/dev/null
chmod -R u+w "$tmp/dir"
# In the background timeout(1) signals its child and then the group: twice.
cat >"$tmp/live/lnx-trace" <<END
#!/bin/sh
exec timeout --foreground --preserve-status -k 20 -s INT 2 '$builddir/cmd/lnx-trace' "\$@"
END
sed 's/lnx-trace/lnx-psi/' "$tmp/live/lnx-trace" >"$tmp/psi/lnx-psi"
chmod +x "$tmp/live/lnx-trace" "$tmp/psi/lnx-psi"

for page in "$srcdir"/man/*.[1-8] "$builddir"/man/lnx-event.5; do
	examples "$(basename "$page")" "$page"
done
for e in $(cd "$tmp" && printf '%s\n' ./*.*.* | sort -t . -k 2,3 -k 4n); do
	n=$((n + 1))
	e=$tmp/${e#./}
	name="${e##*/}: $(grep -m 1 . "$e")"
	why=$(why_not "$e")
	if [ -n "$why" ]; then
		echo "ok $n - ${name//#/} # SKIP $why"
	elif run "$e"; then
		echo "ok $n - ${name//#/}"
	else
		echo "not ok $n - ${name//#/}"
		sed 's/^/# /' "$e" "$tmp/err"
		echo "# exit status $rc"
	fi
done
echo "1..$n"
