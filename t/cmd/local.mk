bats_tests += t/cmd/lnx-psi.bats
EXTRA_DIST += t/data/psi
bats_tests += t/cmd/lnx-tree.bats t/cmd/lnx-tree-stall.bats
stall_data = \
	a-neighbour a-sidecar hostile-and-starving io-is-estimated \
	its-own-quota processes-are-told v1-tells
EXTRA_DIST += \
	$(stall_data:%=t/data/stall/%.ndjson) $(stall_data:%=t/data/stall/%.text) \
	t/data/stall/a-sidecar.rolled.text
tree_data = \
	child-before-its-parent daemon-forked-twice \
	each-claims-the-other-as-parent hostile-names loss-then-a-snapshot \
	orphan-goes-to-the-subreaper pid-used-twice some-lines-are-no-records \
	three-programs-one-process two-hosts
EXTRA_DIST += \
	$(tree_data:%=t/data/tree/%.ndjson) $(tree_data:%=t/data/tree/%.records) \
	$(tree_data:%=t/data/tree/%.text) $(tree_data:%=t/data/tree/%.parent)
bats_tests += t/cmd/lnx-rules.bats t/cmd/lnx-rules-hostile.bats
rules_data = \
	attribution-ci-runner attribution-fork-bomb-of-little-cpu \
	attribution-many-processes-one-cgroup attribution-one-hog \
	attribution-thin-split attribution-victim-does-it-itself \
	circuit-breaker-at-the-cpu-limit circuit-breaker-at-the-psi-limit \
	circuit-breaker-fires circuit-breaker-hole circuit-breaker-memory-full \
	circuit-breaker-one-calm-second circuit-breaker-without-cpu \
	cooldown-of-none cooldown-then-again cpu-spin-at-the-limit \
	cpu-spin-fires cpu-spin-forks cpu-spin-gives-way cpu-spin-hole \
	crash-loop-by-signal crash-loop-fires crash-loop-hole \
	crash-loop-just-not crash-loop-not-a-poll \
	crash-loop-not-a-script crash-loop-not-an-answer \
	d-state-awake-between d-state-fires d-state-hole d-state-just-not \
	degraded-source fd-exhaustion-at-the-limit fd-exhaustion-fires \
	fd-exhaustion-grows-slowly fd-exhaustion-grows fd-exhaustion-hole \
	flood-of-culprits fork-burst-at-the-limit fork-burst-fires \
	fork-burst-hole fork-burst-just-not fork-storm-at-the-limit \
	fork-storm-bomb fork-storm-cgroup fork-storm-fires fork-storm-hole \
	fork-storm-not-a-build fork-storm-not-a-start general \
	memory-leak-at-the-limit memory-leak-cgroup memory-leak-fires \
	memory-leak-hole memory-leak-just-not memory-leak-not-a-cache \
	memory-leak-not-a-start noisy-neighbor-at-the-limit \
	noisy-neighbor-estimated noisy-neighbor-fires noisy-neighbor-hole \
	noisy-neighbor-second-culprit oom-kill-by-cgroup oom-kill-fires \
	oom-kill-hole oom-kill-none oom-risk-at-the-limit oom-risk-fires \
	oom-risk-hole oom-risk-not-shrinking order-late-and-backwards \
	psi-saturation-at-the-limit psi-saturation-cgroup psi-saturation-fires \
	psi-saturation-hole psi-saturation-memory psi-saturation-one-calm \
	psi-saturation-unknown short-lived-build short-lived-crash-loop \
	short-lived-hole short-lived-jobs short-lived-just-not \
	short-lived-not-long throttled-at-the-limit throttled-fires \
	throttled-hole throttled-not-by-above two-hosts zombie-at-the-limit \
	zombie-fires zombie-hole zombie-just-not zombie-reaped
rules_conf = cooldown-of-none flood-of-culprits general memory-leak-at-the-limit memory-leak-just-not
EXTRA_DIST += \
	$(rules_data:%=t/data/rules/%.ndjson) $(rules_data:%=t/data/rules/%.incident) \
	$(rules_conf:%=t/data/rules/%.conf) t/data/rules/yaml/rules.yaml \
	t/data/rules/yaml/rules.conf
