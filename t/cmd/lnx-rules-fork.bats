# SPDX-License-Identifier: AGPL-3.0-or-later
# lnx-rules: who makes too many processes, and who just starts.
setup() {
	load ../helper
	load rules
	cd "$BATS_TEST_TMPDIR" || return
}

@test "lnx-rules: fork_storm: the root of the tree is named, by rate and growth" {
	golden fork-storm- 23
	need_jq
	[ "$(says fork-storm-fires '.state + ":" + .subject.comm')" = "opened:bomb closed:bomb" ]
	[ "$(says fork-storm-bomb '.subject.pid')" = "200 200" ]
	[ "$(says fork-storm-cgroup '.subject.cgroup')" = "/pool /pool" ]
	[ "$(says fork-storm-hole '.evidence.lost')" = "14 14" ]
	# Who forked much a while ago is not it; nor is it open while others make jobs.
	[ "$(says fork-storm-after-a-script 'select(.rule == "fork_storm") | .state + ":" + .severity')" = "opened:high closed:high" ]
	[ "$(says fork-storm-after-a-script 'select(.state == "opened" and .subject.kind == "host") | .culprit.comm')" = "svc svc" ]
	quiet fork-storm-at-the-limit fork-storm-not-a-build fork-storm-not-a-start
}

@test "lnx-rules: fork_storm: one below another is named; what a bomb is made of is not" {
	need_jq
	storms() { says "$1" 'select(.rule == "fork_storm" and .state == "opened") | .subject.comm // .subject.kind'; }
	[ "$(storms fork-storm-below-a-storm)" = "tree storm" ]
	[ "$(says fork-storm-below-a-storm 'select(.subject.comm == "storm") | .culprit.count' |
		cut -d ' ' -f 1)" -ge 21 ]
	[ "$(storms fork-storm-bomb-of-many)" = tree ]
	[ "$(storms fork-storm-below-a-storm-and-cgroup)" = "tree f" ]
	[ "$(storms fork-storm-all-stay)" = tree ]
	[ -z "$(storms fork-storm-of-the-kernel)" ]
	# Each makes the next, without end: the tree, and later the host.
	[ "$(storms fork-storm-relay)" = "relay host" ]
}

@test "lnx-rules: fork_storm: a start and a build are told apart; half of a flood is one" {
	need_jq
	storms() { says "$1" 'select(.rule == "fork_storm") | .state + ":" + .severity + ":" + .class'; }
	[ "$(storms fork-storm-is-a-start)" = "opened:low:start closed:low:start" ]
	[ "$(storms fork-storm-is-a-build | tr ' ' '\n' | cut -d : -f 2- | sort -u)" = info:build ]
	[ "$(storms fork-storm-half-stays)" = "opened:low:start updated:high:" ]
	# where asks who forks; what it made ends under other names.
	[ -s "$rules/fork-storm-where.ndjson" ]
	[ -z "$(storms fork-storm-where)" ]
}

@test "lnx-rules: fork_storm: a start that goes on is a storm within a second" {
	need_jq
	severe() { says "fork-storm-$1" 'select(.rule == "fork_storm") | "\(.state):\(.severity)"' | tr ' ' '\n' | uniq; }
	# From when the rate was there for 2 s, at 102 s.
	for n in goes-on goes-on-slowly; do
		[ "$(severe $n | paste -sd ' ')" = "opened:low updated:high closed:high" ]
		says fork-storm-$n 'select(.severity == "high") | .boot_ns / 1e9' |
			awk '{ exit !($1 > 102 && $1 <= 103) }'
	done
	# By fits and starts it takes longer to be sure.
	[ "$(severe goes-on-by-fits | paste -sd ' ')" = "opened:low updated:high closed:high" ]
	# 100 in 2.5 s and now and then one; 60 jobs in 1.8 s; and 2.45 s of it, which is over by then.
	for n in is-a-start-and-some is-cron fires; do
		[ "$(severe $n | paste -sd ' ')" = "opened:low closed:low" ]
	done
}

@test "lnx-rules: fork_burst: 100 in a window, and not 99" {
	golden fork-burst- 7
	need_jq
	[ "$(says fork-burst-at-the-limit '.values.forks.peak')" = "100 100" ]
	[ "$(says fork-burst-hole '.evidence.confidence < 1')" = "true true" ]
	quiet fork-burst-just-not
}

@test "lnx-rules: fork_burst: what a server starts once is a start; what goes on is none" {
	need_jq
	bursts() { says "$1" 'select(.rule == "fork_burst") | "\(.state):\(.severity):\(.class)"'; }
	for n in storm-is-a-start storm-is-cron burst-fires; do
		[ "$(bursts fork-$n)" = "opened:low:start closed:low:start" ]
	done
	[ "$(bursts fork-burst-goes-on | tr ' ' '\n' | uniq | paste -sd ' ')" = \
		"opened:low:start updated:medium:null closed:medium:null" ]
	[ "$(bursts fork-burst-many-stay)" = "opened:low:start updated:medium:null closed:medium:null" ]
	# No one process makes them.
	[ "$(bursts fork-burst-of-many)" = "opened:medium:null closed:medium:null" ]
}

@test "lnx-rules: fork_burst: the command is what most are, not what a few executed" {
	# of EXECS: of 120 that a bomb and make(1) in one tree make, so many are of make.
	of() {
		awk -v execs="$1" 'function id(pid) {
			return sprintf("0123abcd-%.0f-%d", pid < 100 ? pid : 10e9 + (pid - 100) * 1e7, pid)
		} function rec(t, kind, pid, up, comm) {
			printf "{\"v\":1,\"event\":\"%s\",\"boot_ns\":%.0f,\"id\":\"%s\",\"pid\":%d," \
			    "\"parent_id\":\"%s\",\"comm\":\"%s\"}\n", kind, t * 1e9, id(pid), pid, id(up), comm
		} BEGIN {
			rec(1, "snap", 50, 1, "sh")
			rec(1, "snap", 60, 50, "bomb")
			rec(1, "snap", 70, 50, "make")
			for (i = 0; i < 120; i++)
				if (i % 10 < execs / 12) {
					rec(10 + i / 100, "fork", 100 + i, 70, "make")
					rec(10 + i / 100 + 0.001, "exec", 100 + i, 70, "cc")
				} else
					rec(10 + i / 100, "fork", 100 + i, 60, "bomb")
		}' | timeout 60 lnx-rules -q -r my.conf | jq -r 'select(.event == "incident").summary' |
			sed -n '1s/.*; command \([a-z]*\).*/\1/p'
	}
	need_jq
	printf '[fork_burst]\nby = host\n' >my.conf
	[ "$(of 0)" = bomb ]
	[ "$(of 12)" = bomb ]
	[ "$(of 108)" = cc ]
	[ "$(of 120)" = cc ]
}
