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

@test "flow: lnx-rules makes 5-incident.ndjson of 4-tree.ndjson, and of 2-event.ndjson" {
	need_file "$DATA/flow/5-incident.ndjson"
	grep -q '"rule":"crash_loop".*payments' "$DATA/flow/5-incident.ndjson"
	lnx-rules "$DATA/flow/4-tree.ndjson" |
	    diff -u "$DATA/flow/5-incident.ndjson" -
	lnx-rules "$DATA/flow/2-event.ndjson" |
	    diff -u "$DATA/flow/5-incident.ndjson" -
}

@test "flow: the incidents are the same however the records are cut into reads" {
	need_file "$DATA/flow/5-incident.ndjson"
	for bs in 1 7 4096; do
		dd if="$DATA/flow/4-tree.ndjson" bs=$bs 2>/dev/null | lnx-rules |
		    diff -u "$DATA/flow/5-incident.ndjson" -
	done
}

@test "flow: from the wire to the incidents in one pipe" {
	[ -x "$BUILD/cmd/lnx-trace" ] || skip "built without BPF"
	need_file "$DATA/flow/1-wire.bin"
	lnx-trace -r "$DATA/flow/1-wire.bin" | lnx-tree | lnx-rules |
	    diff -u "$DATA/flow/5-incident.ndjson" -
}
