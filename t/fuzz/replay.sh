#!/bin/sh
# SPDX-License-Identifier: AGPL-3.0-or-later
# Every input that is kept for a fuzz target is run through it.
set -u
b=${builddir:-.} s=${srcdir:-.} n=0

for dir in "$s"/t/data/fuzz/*/; do
	target=$(basename "$dir")
	for f in "$dir"*; do
		n=$((n + 1)) not=
		out=$("$b/t/fuzz/$target" "$f" 2>&1) || not='not '
		echo "${not}ok $n - $target: $(basename "$f")"
		[ -z "$not" ] || echo "$out" | sed 's/^/# /'
	done
done
echo "1..$n"
