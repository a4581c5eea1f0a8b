# SPDX-License-Identifier: AGPL-3.0-or-later
# The way of the records through the house: file N makes file N+1.
setup() { load ../helper; }

@test "flow: lnx-trace -r makes 2-event.ndjson of 1-wire.bin" {
	[ -x "$BUILD/cmd/lnx-trace" ] || skip "built without BPF"
	need_file "$DATA/flow/1-wire.bin"
	lnx-trace -r "$DATA/flow/1-wire.bin" |
	    diff -u "$DATA/flow/2-event.ndjson" -
}

@test "flow: lnx-tree makes 4-tree.ndjson of 2-event.ndjson" {
	need_file "$DATA/flow/2-event.ndjson"
	lnx-tree "$DATA/flow/2-event.ndjson" | diff -u "$DATA/flow/4-tree.ndjson" -
}

@test "flow: the pipe says what the files say" {
	[ -x "$BUILD/cmd/lnx-trace" ] || skip "built without BPF"
	need_file "$DATA/flow/1-wire.bin"
	lnx-trace -r "$DATA/flow/1-wire.bin" | lnx-tree |
	    diff -u "$DATA/flow/4-tree.ndjson" -
}
