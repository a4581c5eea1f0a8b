# SPDX-License-Identifier: AGPL-3.0-or-later
# lnx-rules from outside.
setup() {
	load ../helper
	load rules
	cd "$BATS_TEST_TMPDIR" || return
}

@test "lnx-rules: short_lived: a build, jobs and a crash loop are told apart" {
	golden short-lived- 9
	need_jq
	[ "$(says short-lived-build '.class + ":" + .severity' | tr ' ' '\n' | sort -u)" = build:info ]
	[ "$(says short-lived-jobs '.class + ":" + .severity' | tr ' ' '\n' | sort -u)" = jobs:info ]
	[ "$(says short-lived-crash-loop 'select(.rule == "short_lived") | .class + ":" + .severity' |
		tr ' ' '\n' | sort -u)" = crash_loop:medium ]
	for n in retry retry-of-half; do
		[ "$(says short-lived-$n '.class + ":" + .severity')" = retry:info ]
	done
	[ -z "$(says short-lived-just-not .rule)$(says short-lived-not-long .rule)" ]
	# Of what ended minutes before nothing is told.
	[ "$(says short-lived-after-others '.class + ":" + (.top.commands | map(.comm) | join(","))')" = jobs:curl,date ]
}

@test "lnx-rules: crash_loop: by exit status or signal; a no now and then is none" {
	golden crash-loop- 28
	need_jq
	[ "$(says crash-loop-by-signal '.top.exits[0].signal')" = 11 ]
	[ "$(says crash-loop-fires '.culprit.comm + ":" + (.culprit.count | tostring)' | cut -d ' ' -f 1)" = server:5 ]
	[ "$(says crash-loop-hole '.evidence.lost')" = 7 ]
	quiet crash-loop-just-not crash-loop-not-a-poll \
	    crash-loop-not-a-script crash-loop-not-an-answer
}

@test "lnx-rules: crash_loop: a script that asks again is not a service that is started again" {
	need_jq
	crash() { says "crash-loop-$1" '"\(.rule):\(.class):\(.severity):\(.state)"'; }
	for n in retry retry-by-name; do
		[ "$(crash $n)" = crash_loop:retry:low:opened ]
	done
	[ "$(crash restarted-by-a-script)" = crash_loop:crash_loop:high:opened ]
	[ "$(crash retry-then-crash)" = "crash_loop:retry:low:opened crash_loop:crash_loop:high:updated" ]
	[ "$(says crash-loop-which-status '.culprit.comm + ":" + .class')" = \
		"asks:retry dies:crash_loop long:retry abrt:crash_loop usage:crash_loop sent:retry" ]
	[ "$(says crash-loop-of-workers 'select(.state == "opened") | .culprit.comm + ":" + .class')" = \
		"worker:retry killed:retry status:crash_loop edge:crash_loop usage:crash_loop most:crash_loop" ]
	quiet crash-loop-not-an-answer-of-a-script crash-loop-not-an-orphan
	# Who starts services again does not wait for answers, nor for 2 s.
	[ "$(crash start-limit)" = crash_loop:crash_loop:high:opened ]
	[ "$(crash container)" = crash_loop:crash_loop:high:opened ]
	quiet crash-loop-start-limit-just-not
	# With a back-off it takes longer; each tells of what the other does not.
	[ "$(crash backoff | tr ' ' '\n' | cut -d : -f 1,3 | sort -u)" = crash_loop_slow:high ]
	[ "$(crash each-11-s | tr ' ' '\n' | cut -d : -f 1 | sort -u)" = crash_loop ]
	# It goes on at the longest back-off there is, and is over when that is.
	[ "$(crash backoff-at-the-cap | tr ' ' '\n' | grep -c :opened)" = 1 ]
	[ "$(says crash-loop-seen-at-the-cap 'select(.state == "opened") | .rule + ":" + .severity')" = \
		crash_loop_slow:high ]
	[ "$(says crash-loop-backoff-at-the-cap 'select(.state == "closed") | .boot_ns / 1e9')" -gt 7200 ]
}

@test "lnx-rules: crash_loop: one after the other; many that end side by side are none" {
	need_jq
	[ -s "$rules/crash-loop-not-a-deployment.ndjson" ]
	[ -z "$(says crash-loop-not-a-deployment .rule)" ]
	for n in of-peers of-sessions killed-by-parent; do
		[ "$(says crash-loop-$n '.class + ":" + .severity' | tr ' ' '\n' | sort -u)" = retry:low ]
	done
	# Beside a container that goes on somebody asks it.
	[ "$(says crash-loop-probe '.class + ":" + .severity' | tr ' ' '\n' | sort -u)" = retry:low ]
	# Each container has a shim of its own: who made them is the same.
	[ "$(says crash-loop-new-shims '.severity + ":" + .subject.comm' | tr ' ' '\n' | sort -u)" = high:systemd ]
}

@test "lnx-rules: fd_exhaustion: above the limit, or soon" {
	golden fd-exhaustion- 6
	need_jq
	[ "$(says fd-exhaustion-fires .state)" = "opened updated closed" ]
	[ "$(says fd-exhaustion-grows '.values.time_to_limit.value < 600e9' | cut -d ' ' -f 1)" = true ]
	quiet fd-exhaustion-at-the-limit fd-exhaustion-grows-slowly \
	    fd-exhaustion-not-a-start
}

@test "lnx-rules: pids_exhaustion: a cgroup near its pids.max" {
	golden pids-exhaustion- 5
	need_jq
	[ "$(says pids-exhaustion-fires .state)" = "opened updated updated closed" ]
	[ "$(says pids-exhaustion-fires .values.pids.value | cut -d ' ' -f 1)" = 161 ]
	[ "$(says pids-exhaustion-hole .evidence.lost)" = 3 ]
	[ "$(says pids-exhaustion-grows '.values.time_to_limit.value < 600e9' | cut -d ' ' -f 1)" = true ]
	quiet pids-exhaustion-at-the-limit pids-exhaustion-not-by-growth
}

@test "lnx-rules: cpu_spin: on the processor and no sign of progress" {
	golden cpu-spin- 12
	need_jq
	# Of a tree all processes together: known a round later.
	[ "$(says cpu-spin-tree-fires '"\(.subject.kind)\(.subject.pid)\(.state)"')" = "tree100opened tree100closed" ]
	[ "$(says cpu-spin-tree-and-process '"\(.boot_ns / 1e9)\(.subject.kind)"')" = "110process 111tree" ]
	quiet cpu-spin-tree-at-the-limit cpu-spin-tree-gives-way cpu-spin-tree-forks \
	    cpu-spin-tree-of-two-cgroups
	[ "$(says cpu-spin-fires .state)" = "opened closed" ]
	quiet cpu-spin-at-the-limit cpu-spin-gives-way cpu-spin-forks cpu-spin-hole
}

@test "lnx-rules: psi_saturation: one calm second, and what is unknown, begin anew" {
	golden psi-saturation- 7
	need_jq
	[ "$(says psi-saturation-fires 'select(.rule == "psi_cpu") | .culprit.cgroup' | cut -d ' ' -f 1)" = /batch ]
	[ "$(says psi-saturation-cgroup .subject.cgroup)" = "/db /web" ]
	quiet psi-saturation-at-the-limit psi-saturation-one-calm \
	    psi-saturation-hole psi-saturation-unknown
}

@test "lnx-rules: circuit_breaker: CPU and pressure, both above, for 15 s" {
	golden circuit-breaker- 9
	need_jq
	[ "$(says circuit-breaker-fires 'select(.detector == "circuit_breaker") | "\(.boot_ns)\(.culprit.comm)"')" = 115000000000batch ]
	[ "$(says circuit-breaker-by-the-root .values.cpu.value)" = 95 ]
	for f in at-the-cpu-limit at-the-psi-limit of-the-young one-calm-second \
	    without-cpu; do
		[ -z "$(says circuit-breaker-$f 'select(.detector == "circuit_breaker") | .id')" ]
	done
	[ "$(says circuit-breaker-hole 'select(.detector == "circuit_breaker") | .evidence.lost')" = 50 ]
}

@test "lnx-rules: noisy_neighbor: by measured stalls, a pair at a time" {
	golden noisy-neighbor- 18
	need_jq
	[ "$(says noisy-neighbor-second-culprit 'select(.state == "opened") | .culprit.cgroup')" = "/batch /backup" ]
	[ "$(says noisy-neighbor-estimated .evidence.method)" = estimated ]
	# By the part of the window: 4 %, 10 %, 18 %, 28 %; and high to its end.
	[ "$(says noisy-neighbor-grows '.state + ":" + .severity')" = \
		"opened:low updated:medium updated:high closed:high" ]
	[ "$(says noisy-neighbor-estimated .severity)" = low ]
	# Above the limit for 15 s without a break, and not for 14.
	[ "$(says noisy-neighbor-sustained '"\(.boot_ns)\(.state)"')" = 119000000000opened ]
	quiet noisy-neighbor-not-sustained noisy-neighbor-with-a-break \
	    noisy-neighbor-at-it-for-long noisy-neighbor-open
	now=$(printf '[noisy_neighbor]\nstall = 100ms\nfor = 0s')
	printf '%s\nmedium = 50%%\nhigh = 60%%\n' "$now" >my.conf
	lnx-rules -r my.conf "$rules/noisy-neighbor-grows.ndjson" >out
	[ "$(jq -r .severity out | sort -u)" = low ]
	printf '%s\nseverity = info\n' "$now" >my.conf
	lnx-rules -r my.conf "$rules/noisy-neighbor-grows.ndjson" >out
	[ "$(jq -r .severity out | sort -u)" = info ]
	printf '[noisy_neighbor]\nmedium = 201%%\n' >my.conf
	run --separate-stderr lnx-rules -n my.conf
	[ "$status" -eq 2 ]
	[[ $stderr == "lnx-rules: my.conf:1: "*"no more than high" ]]
	quiet noisy-neighbor-at-the-limit
}

@test "lnx-rules: noisy_neighbor: by the built-in rule, exactly at its limits" {
	need_jq
	severe() { says "noisy-neighbor-default-$1" '"\(.state):\(.severity)"' | tr ' ' '\n' | uniq | paste -sd ' '; }
	# 500 ms in 5 s is not above that; 2.5 s is medium, and above 10 s is high.
	quiet noisy-neighbor-default-at-the-limit
	[ "$(severe fires)" = "opened:low updated:low closed:low" ]
	[ "$(severe below-medium)" = "opened:low updated:low closed:low" ]
	[ "$(severe medium)" = "opened:medium updated:medium closed:medium" ]
	[ "$(severe at-high)" = "opened:medium updated:medium closed:medium" ]
	[ "$(severe high)" = "opened:high updated:high closed:high" ]
	# For 15 s without a break.
	[ "$(says noisy-neighbor-default-medium 'select(.state == "opened") | .boot_ns / 1e9')" = 116 ]
	[ "$(says noisy-neighbor-default-hole .evidence.lost | tr ' ' '\n' | sort -u)" = 7 ]
}

@test "lnx-rules: throttled: its own quota, and nobody else is blamed" {
	golden throttled- 7
	need_jq
	[ "$(says throttled-fires '.rule + ":" + (.culprit | tostring)' | tr ' ' '\n' | sort -u)" = throttled:null ]
	[ "$(says throttled-own-or-above '.summary | contains("or one above it")' | sort -u | cut -d ' ' -f 1)" = true ]
	[ "$(says throttled-own-or-above '.evidence.why | tostring | contains("throttled_local_ns")' |
		cut -d ' ' -f 1)" = true ]
	[ "$(says throttled-added-up '.summary | contains("its tasks waited 80 s in 10 s, added up,")' |
		cut -d ' ' -f 2)" = true ]
	quiet throttled-at-the-limit throttled-not-by-above throttled-open
}

@test "lnx-rules: zombie: all at one time, for a while" {
	golden zombie- 5
	need_jq
	[ "$(says zombie-at-the-limit .values.zombies.value)" = 20 ]
	quiet zombie-just-not zombie-reaped
}

@test "lnx-rules: d_state: never awake between two samples" {
	golden d-state- 6
	need_jq
	[ "$(says d-state-fires .state)" = "opened closed" ]
	# Where: also when the last samples do not say; but not of a sleep before.
	[ "$(says d-state-where '.class // "?"')" = "nfs_wait_bit_killable nfs_wait_bit_killable ? ?" ]
	# Who else is there: not who is elsewhere, nor who has gone on, nor who has no place.
	[ "$(says d-state-one-place 'select(.state == "opened") | "\(.subject.comm):\(.values.beside.value)"')" = \
		"cp:2 mv:2 dd:null rm:null ls:2" ]
	[ "$(says d-state-one-place 'select(.state == "opened" and .subject.comm == "cp") | .top.beside[].comm')" = "mv ls" ]
	quiet d-state-just-not d-state-awake-between d-state-hole
}

@test "lnx-rules: who is blamed in six scenes is who was measured" {
	golden attribution- 6
	need_jq
	blamed() { says "attribution-$1" '"\(.culprit.cgroup | sub(".*/"; "")):\(.culprit.stall_ns / 1000000)"'; }
	[ "$(blamed one-hog)" = image-resize-worker:790 ]
	[ "$(blamed fork-bomb-of-little-cpu)" = "fork-bomb:700 steady-worker:300" ]
	[ "$(blamed ci-runner)" = ci-runner:590 ]
	[ "$(blamed victim-does-it-itself)" = other:890 ]
	[ "$(blamed many-processes-one-cgroup)" = "worker:720 neighbour:270" ]
	[ "$(blamed thin-split)" = "" ]
}

@test "lnx-rules: once, then quiet, then again; and each time if there is no cooldown" {
	golden cooldown- 3
	need_jq
	[ "$(says cooldown-then-again 'select(.state != "updated") | .state')" = "opened closed opened" ]
	[ "$(says cooldown-then-again 'select(.state == "opened") | .evidence.suppressed // 0' | cut -d ' ' -f 2)" -ge 1 ]
	# Closed at 101 s, and 10 s later, not before, it opens again.
	[ "$(says cooldown-to-the-end 'select(.state == "opened") | "\(.boot_ns / 1e9):\(.evidence.suppressed)"')" = \
		"100:null 111:2" ]
	[ "$(says cooldown-of-none 'select(.state == "opened") | .id' | tr ' ' '\n' | sort -u | wc -l)" -eq 3 ]
}

@test "lnx-rules: a flood of culprits is bounded, and it says what it dropped" {
	golden flood- 1
	need_jq
	[ "$(says flood-of-culprits 'select(.state == "opened") | .id' | wc -w)" -eq 3 ]
	jq -r 'select(.event == "source") | .state + " " + .degraded[0]' \
	    "$rules/flood-of-culprits.incident" | diff -u - <(
		echo "degraded noisy_neighbor: 3 incidents are open, more are not told"
		echo "end dropped: 197 incidents")
}

@test "lnx-rules: count, rate, gauge and slope of any field by any field" {
	golden general 2
	need_jq
	[ "$(says general 'select(.state == "opened") | .rule' | tr ' ' '\n' | sort | paste -sd ' ')" = \
	    "grows high low many_execs read_rate" ]
	# It is over though the process is told of but now and then; a crooked line is none.
	[ "$(says general-low-and-crooked '.rule + ":" + .state' | tr ' ' '\n' | sort -u | paste -sd ' ')" = \
		"low:closed low:opened low:updated" ]
}

@test "lnx-rules: a late record is taken and told; a clock set back begins anew" {
	golden order- 1
	need_jq
	run jq -r 'select(.event == "source") | .degraded[0]' \
	    "$rules/order-late-and-backwards.incident"
	[ "${lines[0]%%:*}" = late ]
	[ "${lines[1]%%;*}" = "late: a record came more than 10 s late" ]
	[ "${lines[2]}" = "time ran backwards by 93 s: begun anew" ]
}

@test "lnx-rules: each host has its own time" {
	golden two-hosts 1
	need_jq
	[ "$(says two-hosts 'select(.state == "opened") | .host')" = "a b" ]
}

@test "lnx-rules: a degraded source lowers the confidence and is named" {
	golden degraded- 1
	need_jq
	[ "$(says degraded-source .evidence.confidence)" = 0.8 ]
	[[ "$(says degraded-source '.evidence.why[0]')" == "degraded: no exit records"* ]]
}

# lacking TOOL WHY: the crash loop of degraded-source, and what is said against it.
lacking() {
	jq -c --arg t "$1" --arg w "$2" 'if .event == "source" then
		.tool = $t | .degraded = [$w] else . end' "$rules/degraded-source.ndjson" |
		rules_of x | jq -r '"\(.rule) \(.evidence.confidence) \(.evidence.why // [] | join(" "))"'
}

@test "lnx-rules: what is missing elsewhere does not lower the confidence" {
	need_jq
	rule=$(says degraded-source .rule)
	while IFS='|' read -r tool why; do
		[ "$(lacking "$tool" "$why")" = "$rule 1 " ]
	done <<-'END'
	lnx-trace|snap: only what the filters let pass
	lnx-trace|snap.argv: bpf_copy_from_user_task() came with 5.18
	lnx-trace|sample.run_delay_ns: the kernel is built without CONFIG_SCHED_INFO
	lnx-trace|stall: more cgroups than can be told apart
	lnx-trace|exit.maxrss_bytes: made up, and no rule here asks for it
	lnx-psi|/sys/fs/cgroup/a: no trigger: Device or resource busy
	lnx-tree|evicted: no room for more than 5 processes
	END
	# A pressure file of another resource.
	irq='s/^{/{"event":"source","boot_ns":1000000000,"host":"box","tool":"lnx-psi","degraded":["\/proc\/pressure\/irq: no"]}\n{/'
	for r in cpu:1 any:1; do
		printf '[psi_saturation]\nresource = %s\n' ${r%:*} >my.conf
		sed "1$irq" "$rules/psi-saturation-fires.ndjson" | lnx-rules -r my.conf |
			jq -r 'select(.state == "opened" and .resource == "cpu" and .subject.kind == "host") |
				.evidence | "\(.confidence) \(.why)"' >out
		[[ "$(cat out)" == "${r#*:} "* ]] || { cat out; return 1; }
	done
	while IFS='|' read -r tool why; do
		[ "$(lacking "$tool" "$why")" = "$rule 0.8 degraded: $why" ]
	done <<-'END'
	lnx-trace|exit: made up
	lnx-trace|exit.exit_code, signal: made up
	lnx-trace|tree: it has more than 65536 living members: not all are followed
	lnx-trace|live: made up
	lnx-trace|something else
	other|evicted: who knows
	END
	# A tool that starts again has what it has then.
	sed '/"degraded"/p; s/"boot_ns":95000000000\(.*\),"degraded":.*]}/"boot_ns":95000000001\1}/' \
		"$rules/degraded-source.ndjson" >in
	[ "$(grep -c '"event":"source"' in)" = 2 ]
	[ "$(rules_of x in | jq .evidence.confidence)" = 1 ]
}

@test "lnx-rules: pods and namespaces, where records tell them, and nowhere else" {
	golden tagged 1
	need_jq
	who() { says tagged "select(.rule == \"$1\") | \"\(.subject.namespace)/\(.subject.pod)\""; }
	# Two pods of one name are two, and what a pod does to itself is nothing.
	[ "$(says tagged 'select(.rule == "neighbour" and .subject.kind == "pod") |
		"\(.victim.namespace)/\(.victim.pod):\(.culprit.namespace)/\(.culprit.pod)"')" = \
		"shop/web-1:batch/etl-7 shop/web-1:other/etl-7" ]
	for r in pressure oom_kill exits; do
		[ "$(who $r)" = shop/web-1 ]
	done
	[ "$(who jobs)" = shop/null ]
}

@test "lnx-rules: every incident is as the schema says, and fits a pipe" {
	need_jq
	for f in "$rules"/*.incident; do
		awk 'length($0) > 4095 { print FILENAME ": " length($0); exit 1 }' "$f"
	done
	cat "$rules"/*.incident | jq -r --slurpfile s "$DATA/event.schema.json" '
		. as $r | ($s[0].oneOf[] | select(.title == $r.event)) as $k |
		($r | keys[] | select($k.properties[.] == null)),
		(["subject", "culprit", "victim", "evidence"][] | . as $o |
		 ($r[$o] // {}) | keys[] |
		 select($k.properties[$o].properties[.] == null) | "\($o).\(.)"),
		($k.required[] | select($r[.] == null))' | diff -u /dev/null -
}

@test "lnx-rules: the same however the input is cut, and through a slow pipe" {
	f=$rules/fork-storm-bomb.ndjson
	rules_of fork-storm-bomb "$f" >whole
	[ -s whole ]
	for bs in 1 7 511 4096; do
		dd if="$f" bs=$bs status=none | rules_of fork-storm-bomb | diff -u whole -
	done
	{ head -c 5000 "$f"; sleep 0.3; tail -c +5001 "$f"; } |
	    rules_of fork-storm-bomb | diff -u whole -
}

# An incident is there, or 20 s are over.
opened() {
	for _ in $(seq 200); do
		! grep -qs '"state":"opened"' out || return 0
		sleep 0.1
	done
	return 1
}

@test "lnx-rules: on a quiet stream an incident waits for no other record" {
	f=$rules/crash-loop-by-signal.ndjson
	rules_of x "$f" >whole
	[ "$(grep -c . whole)" = 1 ]
	mkfifo in
	lnx-rules <in >out 3>&- &
	pid=$!
	exec 7>in
	cat "$f" >&7
	# Nothing else comes, and the end does not come either.
	opened
	kill -0 $pid
	exec 7>&-
	wait $pid
	diff -u whole out
}

@test "lnx-rules: silence changes nothing but for a record that comes too late" {
	f=$rules/fork-storm-bomb.ndjson
	rules_of x "$f" >whole
	awk '{ print; fflush() } NR % 16 == 0 { system("sleep 0.05") }' "$f" |
		rules_of x --reorder 10ms | diff -u whole -
	# What is of the same time is not late; what is of a time before is, and told.
	exit_at() { echo "{\"v\":1,\"event\":\"exit\",\"boot_ns\":$1,\"pid\":$2}"; }
	{ exit_at 2000000000 5; sleep 0.5; exit_at 2000000000 4; exit_at 2000000001 6; } |
		rules_of x --reorder 50ms | diff -u /dev/null -
	{ exit_at 2000000000 5; sleep 0.5; exit_at 1999999999 4; } |
		rules_of x --reorder 50ms >out
	grep -q '"degraded":\["late: a record came' out
	{ exit_at 2000000000 5; exit_at 1999999999 4; } |
		rules_of x --reorder 50ms | diff -u /dev/null -
}

@test "lnx-rules: two sources mixed in any way within the reorder window" {
	need_jq
	f=$rules/circuit-breaker-fires.ndjson
	rules_of x "$f" >whole
	# Those of one source come 400 ms later than they are.
	for late in psi sample; do
		jq -c --arg l $late '[.boot_ns + (if .event == $l then 400000000 else 0 end), .]' "$f" |
		    sort -s -t '[' -k 2n | jq -c '.[1]' >mixed
		run ! cmp -s mixed <(jq -c . "$f")
		rules_of x mixed | diff -u whole -
	done
}

@test "lnx-rules: --all passes all on, byte for byte, with the incidents between" {
	f=$rules/noisy-neighbor-fires.ndjson
	rules_of noisy-neighbor-fires -a "$f" >all
	grep -v '"event":"incident"' all | diff -u "$f" -
	grep '"event":"incident"' all | diff -u "$rules/noisy-neighbor-fires.incident" -
}

@test "lnx-rules: the built-in rules can be read back, and say what they are" {
	lnx-rules --print-rules >rules.conf
	run --separate-stderr lnx-rules -n rules.conf
	[ "$status" -eq 0 ]
	[ "$output" = "rules.conf: $(grep -c '^\[' rules.conf) rules" ]
	for d in fork_storm fork_burst short_lived crash_loop memory_leak oom_kill \
	    oom_risk memory_limit fd_exhaustion cpu_spin circuit_breaker psi_saturation \
	    noisy_neighbor throttled zombie d_state; do
		grep -qE "^(\[$d\]|detector = $d)\$" rules.conf
	done
}

# wrong TEXT LINE WHY: the file is refused, by line and reason.
wrong() {
	printf '%b' "$1" >bad.conf
	run --separate-stderr lnx-rules -n bad.conf
	[ "$status" -eq 2 ] || { echo "status $status: $1"; return 1; }
	[ -z "$output" ]
	[[ "$stderr" == "lnx-rules: bad.conf:$2: $3"* ]] ||
	    { echo "$1: $stderr"; return 1; }
}

@test "lnx-rules: what is wrong with a rule is told with its line" {
	wrong '[fork_storm]\nrate = 10\n' 2 "rate: '10': want a rate as 10/s"
	wrong '[fork_storm]\n\n# x\nrat = 10/s\n' 4 "unknown key 'rat'; fork_storm has: rate for growth by where"
	wrong '[x]\n' 1 "detector: 'x': want one of: fork_storm fork_burst"
	wrong '[x]\ndetector = y\n' 2 "detector: 'y': want one of: fork_storm"
	wrong '[fork_storm]\n[fork_storm]\n' 2 "[fork_storm]: is there already, in line 1"
	wrong '[fork_storm]\nrate = 1/s\nrate = 2/s\n' 3 "rate: is there already, in line 2"
	wrong 'rate = 1/s\n' 1 "'rate' is in no [rule]"
	wrong '[fork_storm]\nseverity = bad\n' 2 "severity: 'bad': want one of: info low medium high critical"
	wrong '[fork_storm]\nby = process\n' 2 "by: 'process': want tree cgroup host"
	wrong '[fork_storm]\nwhere = com == "x"\n' 2 "where: no field 'com' in records of: fork exec exit"
	wrong '[fork_storm]\nwhere = comm == x\n' 2 "where: at 'x': want a number, a string in"
	wrong '[fork_storm]\nwhere = comm == "x" &&\n' 2 "where: ends too early"
	wrong '[fork_storm]\nwhere = (uid == 0\n' 2 "where: ends too early: want &&, || or )"
	wrong '[fork_storm]\nwhere = comm > 3\n' 2 "where: 'comm' is text: want =="
	wrong '[fork_storm]\nrate = 0/s\n' 2 "rate: '0/s': want a rate"
	for test in 'exit_code == "1"' 'exit_code != "0"' 'exit_code ~ "1*"' '!(exit_code == "7")'; do
		wrong "[x]\ndetector = count\nkind = exit\nabove = 3\nwhere = $test\n" 5 \
			"where: 'exit_code' is a number: want one, without quotes"
	done
	printf '[x]\ndetector = count\nkind = exit\nabove = 3\nwhere = %s\n' \
		'cgroup_id == "7" || cgroup_id == 7 || comm == "7"' >good.conf
	lnx-rules -n good.conf
	wrong '[x]\ndetector = gauge\nkind = exit\nfield = comm\nabove = 3\n' 4 "field: 'comm' is text"
	wrong '[psi_saturation]\nresource = irq\n' 1 "[psi_saturation]: resource: irq has no line some"
	wrong '[noisy_neighbor]\nresource = irq\n' 1 "[noisy_neighbor]: resource: no stall record"
	wrong '[fork_storm]\nwhere = comm < "x"\n' 2 "where: at '\"x\"': want a number"
	wrong '[fork_storm]\ncooldown = soon\n' 2 "cooldown: 'soon': want a time"
	wrong '[fork_storm]\nenabled = maybe\n' 2 "enabled: 'maybe': want yes or no"
	wrong '[a]\ndetector = count\nabove = 3\n' 1 "[a]: no kind"
	wrong '[a]\ndetector = count\nkind = exec\n' 1 "[a]: no above"
	wrong '[a]\ndetector = count\nkind = exce\nabove = 1\n' 3 "kind: 'exce': want one of: source lost snap"
	wrong '[a]\ndetector = gauge\nkind = exit\nfield = rss_bytes\nabove = 1\n' 4 "field: no field 'rss_bytes' in records of: exit"
	wrong '[a]\ndetector = gauge\nkind = exit\nfield = exit_code\n' 1 "[a]: want above or below"
	wrong '[fork_storm]\nno equals\n' 2 "want [section] or key = value"
	wrong "[fork_storm]\nwhere = $(printf 'x%.0s' {1..300})\n" 2 "line too long"
	echo "[fork_storm]" >bad.conf
	echo "enabled = no" >>bad.conf
	run lnx-rules -n bad.conf
	[ "$status" -eq 2 ]
	[ "$output" = "lnx-rules: bad.conf: no rule is enabled" ]
}

@test "lnx-rules: a condition may go on in the next line, and has its own words" {
	cat >a.conf <<-'END'
	[a]
	detector = count
	kind = exit
	above = 1
	by = comm
	where = (comm == "server" || comm ~ "ser*")
	  && !(exit_code == 0) && duration_ns < 1s
	  && uid >= 1000 && uid != 0 && core != true || kthread
	END
	run lnx-rules -n a.conf
	[ "$status" -eq 2 ]
	[[ "$output" == *"a.conf:6: where: no field 'kthread' in records of: exit" ]]
	sed -i 's/ && core.*//' a.conf
	lnx-rules -n a.conf
	lnx-rules -r a.conf "$rules/crash-loop-fires.ndjson" >out
	[ -s out ]
	sed -i 's/uid != 0/uid == 0/' a.conf
	lnx-rules -r a.conf "$rules/crash-loop-fires.ndjson" | diff -u /dev/null -
}

@test "lnx-rules: a file that is not there is an error; no default file is none" {
	run --separate-stderr lnx-rules -r no-such.conf </dev/null
	[ "$status" -eq 4 ]
	[ "$stderr" = "lnx-rules: no-such.conf: No such file or directory" ]
	run --separate-stderr lnx-rules </dev/null
	[ "$status" -eq 0 ]
	[ -z "$output$stderr" ]
}

@test "lnx-rules: bad lines are counted, told once of each sort, and exit 3" {
	{ echo x; echo y; echo '{}'; cat "$rules/noisy-neighbor-fires.ndjson"; } >in
	run --separate-stderr rules_of noisy-neighbor-fires in
	[ "$status" -eq 3 ]
	[ "${#stderr_lines[@]}" -eq 2 ]
	[ "${stderr_lines[0]}" = "lnx-rules: in:1: not JSON" ]
	[ "${stderr_lines[1]}" = "lnx-rules: in:3: not a record" ]
	diff -u "$rules/noisy-neighbor-fires.incident" - <<<"$output"
	run --separate-stderr rules_of noisy-neighbor-fires -v in
	[[ "$stderr" == *"3 lines skipped"*"1 opened, 1 closed"* ]]
}

@test "lnx-rules: the rules of Linnix become rules of ours, or it is told which not" {
	"$SRC/scripts/rules-from-yaml" "$rules/yaml/rules.yaml" |
	    diff -u "$rules/yaml/rules.conf" -
	lnx-rules -n "$rules/yaml/rules.conf"
	# More than two processors: no awk may write that with an exponent.
	printf -- '- name: a\n  detector: subtree_cpu_pct\n  threshold: 12800\n' >in.yaml
	"$SRC/scripts/rules-from-yaml" in.yaml >my.conf
	grep -Fx 'above = 128000000000/s' my.conf
	lnx-rules -n my.conf
	printf -- '- name: a\n  detector: b\n' >in.yaml
	run --separate-stderr "$SRC/scripts/rules-from-yaml" in.yaml
	[ "$status" -eq 2 ]
	[ "$stderr" = "rules-from-yaml: in.yaml:1: a: detector 'b' has no like" ]
	printf '[[rules]]\nname = "x"\ndetector = "fork_burst"\nthreshold = 3\nfoo = 1\n' >in.toml
	run --separate-stderr "$SRC/scripts/rules-from-yaml" in.toml
	[ "$status" -eq 2 ]
	[ "$stderr" = "rules-from-yaml: in.toml:2: x: foo has no like" ]
}

# example N: the N-th display of lnx-rules(1).
example() {
	awk -v n="$1" '/^\.Bd/ { on = ++i == n; next } /^\.Ed/ { on = 0 } on' \
		"$SRC/man/lnx-rules.1" | sed 's/\\e/\\/g'
}

@test "lnx-rules: what the examples print of a name no terminal obeys" {
	need_jq
	sed 's/"comm":"[^"]*"/"comm":"x\\u001b[2J\\u009b1m\\u007f"/' \
		"$rules/fork-storm-fires.ndjson" >events.ndjson
	lnx-rules events.ndjson | grep -q 'u001b\[2J'
	lnx-trace() { cat events.ndjson; }
	for n in 1 2; do
		example $n >command
		grep -q 'lnx-rules.*| jq' command
		# shellcheck disable=SC1091
		. ./command >out
		grep -q 'u001b\[2J' out
		[ "$(LC_ALL=C tr -d '\n -~' <out | wc -c)" = 0 ]
	done
}
