# SPDX-License-Identifier: AGPL-3.0-or-later
# Runs in a guest that was booted with psi=0 only.
load ../helper
load ../root/stall

setup() {
	need_stalls
	grep -qw psi=0 /proc/cmdline
}

teardown() { stalls_end; }

@test "psi=0: lnx-psi says in one sentence and a record that it is off, status 4, and no number" {
	run --separate-stderr lnx-psi --once
	echo "$output"
	echo "$stderr"
	[ "$status" -eq 4 ]
	if grep -qE '"event":"(psi|cgroup)"' <<<"$output"; then false; fi
	[ "$(head -n 1 <<<"$output" | jq -r .event,.state)" = $'source\nstart' ]
	head -n 1 <<<"$output" | jq -e '.degraded | any(test("pressure|PSI"))'
	[ "$(grep -c 'psi=1' <<<"$stderr")" -eq 1 ]
	run --separate-stderr lnx-psi --text --once
	[ "$status" -eq 4 ]
	[ "$output" = "" ]
}

@test "psi=0: a trigger is refused with why, status 4" {
	run --separate-stderr lnx-psi --trigger 'cpu some 150ms/2s'
	echo "$output"
	echo "$stderr"
	[ "$status" -eq 4 ]
	[ "${#stderr_lines[@]}" -le 2 ]
	if grep -q '"event":"psi"' <<<"$output"; then false; fi
}

@test "psi=0: stalls for the processor are measured all the same; of io and memory it is said that they are not" {
	group victim culprit
	work_in victim 0 light 2000 3000
	victim=$!
	work_in culprit 0 spin
	quiet
	lnx-trace -e stall,stall_total,stall_culprit --min-stall 0 -o records \
	    3>&- 2>err &
	trace=$!
	wait_for 100 grep -qs '"state":"start"' records || { cat err; false; }
	before=$(delays $victim)
	kill -CONT "${WORKERS[@]}"
	sleep 4
	kill -STOP "${WORKERS[@]}"
	quiet
	waited=$(($(delays $victim) - before))
	kill -INT $trace
	wait $trace
	cat err
	head -n 1 records | jq -r '.degraded[]?' | tee degraded
	grep -qi 'pressure.*psi=1' degraded
	jq -r --arg v "/$TOP/victim" 'select(.event == "stall_total" and
	    .victim.cgroup == $v) | [.resource, .stall_ns] | @tsv' records >totals
	cut -f 1 totals | sort -u | diff -u <(echo cpu) -
	awk -v want=$waited '{ n += $2 } END { printf "%.0f of %d\n", n, want
	    exit !(n == want && n > 0) }' totals
	grep '"resource":"cpu"' records | grep '"event":"stall_total"' >cpu
	if grep -qE 'psi_(some|full)_ns|psi_contribution' cpu; then false; fi
	if grep -qE '"psi_[a-z_]*":' records; then false; fi
	jq -e -s 'any(.event == "stall" and .culprit.kind == "cgroup")' records
}
