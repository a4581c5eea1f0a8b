# SPDX-License-Identifier: AGPL-3.0-or-later
# What the house promises: its layers, pages, scripts.
setup() { load ../helper; }

pages() { printf '%s\n' "$SRC"/man/*.[1-8] "$BUILD/man/lnx-event.5"; }

scripts() {
	grep -lE '^#!.*sh$|^# shellcheck shell=' "$SRC"/.ci/run "$SRC"/scripts/* \
	    "$SRC"/t/*/*.sh "$SRC"/t/*/*.bash 2>/dev/null
	echo "$SRC/scripts/lnx.bash"
	echo "$SRC/t/helper.bash"
}

@test "house: no layer includes what it may not" {
	run "$SRC/scripts/check-layers" "$SRC"
	[ "$output" = "" ]
	[ "$status" -eq 0 ]
}

@test "house: check-layers sees a layer that looks up, and one that looks out" {
	mkdir -p "$BATS_TEST_TMPDIR/lib/base" "$BATS_TEST_TMPDIR/lib/core" \
	    "$BATS_TEST_TMPDIR/lib/rec" "$BATS_TEST_TMPDIR/bpf"
	cd "$BATS_TEST_TMPDIR" || return
	echo '#include "rec/event.h"' >lib/base/a.c
	echo '#include <time.h>' >lib/core/b.c
	echo 'int f(void) { return printf("x"); }' >lib/rec/c.c
	echo '#include "base/out.h"' >bpf/d.bpf.c
	echo '#include <stdint.h>' >lib/rec/wire.h
	run "$SRC/scripts/check-layers" .
	[ "$status" -eq 1 ]
	for f in lib/base/a.c:1 lib/core/b.c:1 lib/rec/c.c:1 bpf/d.bpf.c:1 \
	    lib/rec/wire.h:1; do
		grep -q "^$f:" <<<"$output"
	done
	[ "${#lines[@]}" -eq 5 ]
}

@test "house: lib/ has no mutable globals" {
	run "$SRC/scripts/check-globals" "$BUILD"/lib/*.a
	[ "$output" = "" ]
	[ "$status" -eq 0 ]
}

@test "house: check-globals sees each kind of mutable object, and no const" {
	cd "$BATS_TEST_TMPDIR" || return
	cat >a.c <<-'END'
	int set = 1, unset; static int hidden = 2; __thread int own = 3;
	const char *const fine[] = { "a", "b" }; const int also = 4;
	int *use(void) { static int inner; hidden++; inner++; return &inner; }
	END
	cc -fPIE -O0 -c a.c && ar cr a.a a.o
	run "$SRC/scripts/check-globals" a.a
	[ "$status" -eq 1 ]
	diff -u - <(sed 's/.*: //; s/\..*//' <<<"$output" | sort) <<-'END'
	hidden
	inner
	own
	set
	unset
	END
}

@test "house: every page lints, and has EXIT STATUS or none, and EXAMPLES" {
	command -v mandoc >/dev/null || skip "no mandoc"
	for p in $(pages); do
		mandoc -T lint -W warning "$p"
		grep -q '^\.Sh EXAMPLES' "$p"
		case $p in
		*.[18] | */lnx.7) grep -q '^\.Sh EXIT STATUS' "$p" ;;
		esac
	done
}

@test "house: every tool has a page" {
	for f in "$BUILD"/cmd/lnx-*; do
		[ -x "$f" ] && [ -f "$f" ] || continue
		ls "$SRC/man/${f##*/}".[18]
	done
}

@test "house: lnx(7) has the exit statuses of cmd.h" {
	sed -nE 's,^[[:space:]]*EX_LNX_[A-Z]+[[:space:]]*= ([0-9]+)\,[[:space:]]*/\* (.*) \*/,\1 \2,p' \
	    "$SRC/cmd/cmd.h" >"$BATS_TEST_TMPDIR/cmd.h"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/cmd.h")" -ge 6 ]
	awk '/^\.Sh/ { on = $0 == ".Sh EXIT STATUS" }
	    on && /^\.It [0-9]/ { n = $2; getline; print n, $0 }' "$SRC/man/lnx.7" |
	    diff -u "$BATS_TEST_TMPDIR/cmd.h" -
}

@test "house: README is lnx(7)" {
	command -v mandoc >/dev/null || skip "no mandoc"
	command -v col >/dev/null || skip "no col"
	mandoc -I os=lnx -T utf8 "$SRC/man/lnx.7" | LC_ALL=C.UTF-8 col -bx |
	    diff -u "$SRC/README" -
}

@test "house: the completions offer the kinds that event.def names" {
	command -v zsh >/dev/null || skip "no zsh"
	words=$(awk -v mode=words -f "$SRC/scripts/schema.awk" \
	    "$SRC/lib/rec/event.def" | tr ' ' '\n' |
	    grep -vxE 'source|lost|process|psi|cgroup|incident' | sort)
	[ "$(wc -l <<<"$words")" -ge 5 ]
	bash -c '. "$SRC/scripts/lnx.bash"
		COMP_WORDS=(lnx-trace -e "") COMP_CWORD=2
		_lnx_trace
		printf "%s\n" "${COMPREPLY[@]}"' | sort | diff -u <(echo "$words") -
	zsh -f -c '_arguments() { print -rl -- "$@" }
		service=lnx-trace; . "$SRC/scripts/_lnx"' |
	    sed -n 's/^(-e --events)-e.* , kind //p' | tr ' ' '\n' | sort |
	    diff -u <(echo "$words") -
}

@test "house: the completions offer the forms that the page has, and files" {
	awk '/^\.It Fl -format/ { on = 1 } on && /^\.It Cm/ { print $3 }
	    on && /^\.El/ { exit }' "$SRC/man/lnx-tree.1" >"$BATS_TEST_TMPDIR/forms"
	[ -s "$BATS_TEST_TMPDIR/forms" ]
	bash -c '. "$SRC/scripts/lnx.bash"
		COMP_WORDS=(lnx-tree --format "") COMP_CWORD=2
		_lnx_tree
		printf "%s\n" "${COMPREPLY[@]}"' | diff -u "$BATS_TEST_TMPDIR/forms" -
	grep -q ":form:($(paste -sd ' ' "$BATS_TEST_TMPDIR/forms"))" "$SRC/scripts/_lnx"
	cd "$BATS_TEST_TMPDIR" || return
	touch events.ndjson
	run bash -c '. "$SRC/scripts/lnx.bash"
		COMP_WORDS=(lnx-tree ev) COMP_CWORD=1
		_lnx_tree
		printf "%s\n" "${COMPREPLY[@]}"'
	[ "$output" = events.ndjson ]
}

@test "house: a list completes after its comma" {
	run bash -c '. "$SRC/scripts/lnx.bash"
		COMP_WORDS=(lnx-trace -e fork,ex) COMP_CWORD=2
		_lnx_trace
		printf "%s\n" "${COMPREPLY[@]}"'
	[ "$output" = fork,exec$'\n'fork,exit ]
}

@test "house: shellcheck has nothing to say about the scripts" {
	command -v shellcheck >/dev/null || skip "no shellcheck"
	cd "$SRC" || return
	# shellcheck disable=SC2046
	shellcheck -S warning -x -P SCRIPTDIR:"$SRC" $(scripts)
}

@test "house: bless rewrites what a test expects, and only that" {
	cd "$BATS_TEST_TMPDIR" || return
	mkdir -p scripts cmd t/cmd t/data
	path=$(tr : "\n" <<<"$PATH" | grep -v /libexec/ | paste -sd :)
	cp "$SRC/scripts/bless" scripts
	cp "$SRC/t/helper.bash" t
	echo 'exit 0' >config.status
	chmod +x config.status
	echo old | tee t/data/one t/data/two t/data/other >/dev/null
	# bats would take these for its own, were they spelled out.
	sed 's/^TEST/@test/' >t/cmd/x.bats <<-'END'
	setup() { load ../helper; }
	TEST "one" { echo new | diff -u "$DATA/one" -; }
	TEST "two" { bash -c 'diff -u "$DATA/two" <(echo new)'; }
	TEST "else" { diff -u <(echo a) <(echo b) || true; }
	END
	run env -i PATH="$path" bats t/cmd/x.bats
	[ "$status" -eq 1 ]
	[ "$(cat t/data/one t/data/two)" = old$'\n'old ]
	env -i PATH="$path" scripts/bless t/cmd/x.bats
	[ "$(cat t/data/one t/data/two t/data/other)" = new$'\n'new$'\n'old ]
	env -i PATH="$path" bats t/cmd/x.bats
}

@test "house: every source says its licence in the first lines" {
	cd "$SRC" || return
	for f in $(find bpf cmd lib t \( -name '*.[ch]' -o -name '*.def' \
	    -o -name '*.bats' -o -name '*.bash' -o -name '*.awk' \) ! -name '*.skel.h') \
	    scripts/* man/*.in man/*.[1-8] configure.ac Makefile.am; do
		case $f in
		bpf/* | lib/rec/wire.h | lib/rec/event.def)
			want="GPL-2.0-only OR MIT" ;;
		*)	want="AGPL-3.0-or-later" ;;
		esac
		case $f in
		*.mk | man/lnx-event.5) continue ;;
		esac
		head -n 2 "$f" | grep -q "SPDX-License-Identifier: $want" ||
		    echo "$f: want $want"
	done | diff -u /dev/null -
}

@test "house: a tool is at most 400 lines, and no line of C has //" {
	cd "$SRC" || return
	wc -l cmd/*.c | awk '$2 != "total" && $1 > 400' | diff -u /dev/null -
	grep -nE '(^|[^:"])// ' $(find bpf cmd lib t -name '*.[ch]' \
	    ! -name '*.skel.h' ! -name vmlinux.h) /dev/null | diff -u /dev/null -
}
