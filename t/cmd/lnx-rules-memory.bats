# SPDX-License-Identifier: AGPL-3.0-or-later
# lnx-rules: memory that grows, nears its limit, runs out.
setup() {
	load ../helper
	load rules
	cd "$BATS_TEST_TMPDIR" || return
}

@test "lnx-rules: memory_leak: a line that goes on; no start, no cache" {
	golden memory-leak- 24
	need_jq
	[ "$(says memory-leak-at-the-limit '.values.growth.value')" = 62914560 ]
	[ "$(says memory-leak-cgroup '.values.time_to_oom.value > 0' | cut -d ' ' -f 1)" = true ]
	[ "$(says memory-leak-hole '.evidence.lost' | cut -d ' ' -f 1)" = 40 ]
	# memory.current has caches in it.
	[ "$(says memory-leak-of-caches '.severity' | tr ' ' '\n' | sort -u)" = low ]
	[ "$(says memory-leak-of-caches '.evidence.why | tostring | contains("caches")' |
		tr ' ' '\n' | sort -u)" = true ]
	[ "$(says memory-leak-fires '.severity' | tr ' ' '\n' | sort -u)" = high ]
	quiet memory-leak-just-not memory-leak-not-a-start memory-leak-not-a-cache
}

@test "lnx-rules: memory_leak: by the built-in rule, exactly at its limits" {
	need_jq
	state() { says "memory-leak-default-$1" '"\(.rule):\(.state)"' | tr ' ' '\n' | uniq | paste -sd ' '; }
	# 64 MiB in 10 m, and 16 bytes less.
	[ "$(state at-the-limit)" = memory_leak:opened ]
	[ "$(says memory-leak-default-at-the-limit .values.growth.value)" = 67108864 ]
	[ "$(says memory-leak-default-recovers 'select(.state == "closed") | .severity')" = high ]
	[ "$(says memory-leak-default-hole .evidence.lost | tr ' ' '\n' | sort -u)" = 40 ]
	# R2 of 0.907 and of 0.893.
	[ "$(state not-too-crooked)" = memory_leak:opened ]
	quiet memory-leak-default-just-not memory-leak-default-crooked \
	    memory-leak-default-9-points memory-leak-default-not-a-load
}

@test "lnx-rules: memory_leak_slow: a leak of hours, and no second incident of a quick one" {
	need_jq
	for n in fires recovers hole at-the-limit; do
		[ "$(says memory-leak-slow-$n '"\(.rule):\(.severity)"' | tr ' ' '\n' | sort -u)" = \
			memory_leak_slow:medium ]
	done
	[ "$(says memory-leak-slow-recovers .state | tr ' ' '\n' | tail -n 1)" = closed ]
	[ "$(says memory-leak-slow-hole .evidence.lost | tr ' ' '\n' | sort -u)" = 40 ]
	[ "$(says memory-leak-slow-at-the-limit .values.growth.value)" = 134217728 ]
	[ "$(says memory-leak-slow-not-twice .rule | tr ' ' '\n' | sort -u)" = memory_leak ]
	[ "$(says memory-leak-slow-not-a-cgroup .rule | tr ' ' '\n' | grep -c slow)" = 0 ]
	quiet memory-leak-slow-just-not memory-leak-slow-not-a-step
}

@test "lnx-rules: oom_kill and oom_risk: who was killed, who asked, what is left" {
	golden oom- 17
	need_jq
	[ "$(says oom-kill-fires '.victim.comm + ":" + .culprit.comm' | cut -d ' ' -f 1)" = leak:other ]
	[ "$(says oom-kill-hole '.evidence.lost')" = 3 ]
	# By an oom record, its cgroup, and the one above that.
	[ "$(says oom-kill-told-twice '.subject.cgroup + ":" + (.values.kills.peak | tostring)')" = \
		"/a/b:1 /a/b:1 /c:1 /c:2" ]
	[ "$(says oom-risk-fires .state)" = "opened updated closed" ]
	[ "$(says oom-risk-third .boot_ns)" = 102000000000 ]
	quiet oom-kill-none oom-risk-at-the-limit oom-risk-not-shrinking oom-risk-second
}

@test "lnx-rules: oom_risk: what may be caches is low, until something tells more" {
	need_jq
	severe() { says "oom-risk-$1" '"\(.severity):\(.evidence.confidence)"' | tr ' ' '\n' | uniq | paste -sd ' '; }
	for n in of-caches not-of-processes waits-at-the-limit; do
		[ "$(severe $n)" = low:0.5 ]
		[ "$(says oom-risk-$n 'select(.evidence.why[0] | contains("caches") | not) | .id')" = "" ]
	done
	[ "$(severe of-processes)" = medium:1 ]
	[ "$(severe waits)" = "low:0.5 medium:1" ]
	[ "$(severe cannot-get-below)" = "low:0.5 medium:1" ]
}

@test "lnx-rules: memory_limit: at its limit all the time, and slow, though nobody is killed" {
	golden memory-limit- 9
	need_jq
	limit() { says "memory-limit-$1" 'select(.rule == "memory_limit") | .state'; }
	for n in fires high by-stalls hole just-above; do
		[ "$(limit $n | tr ' ' '\n' | uniq | paste -sd ' ')" = "opened updated closed" ]
	done
	[ "$(says memory-limit-fires 'select(.rule == "memory_limit" and .state == "closed") |
		.values.stalled.peak')" = 18 ]
	[ "$(says memory-limit-fires 'select(.rule == "memory_limit" and .state == "opened") |
		[.values.limit.value, .values.events.threshold, .resource, .severity] | tostring')" = \
		'[1073741824,1,"memory","medium"]' ]
	[ "$(says memory-limit-hole 'select(.rule == "memory_limit") | .evidence.lost' |
		tr ' ' '\n' | sort -u)" = 9 ]
	for n in at-the-limit at-the-rate not-in-each-third of-caches; do
		[ -z "$(limit $n)" ]
	done
}
