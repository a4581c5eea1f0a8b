bats_tests += t/cmd/lnx-psi.bats t/cmd/lnx-tree.bats
EXTRA_DIST += t/data/psi
tree_data = \
	child-before-its-parent daemon-forked-twice \
	each-claims-the-other-as-parent hostile-names loss-then-a-snapshot \
	orphan-goes-to-the-subreaper pid-used-twice some-lines-are-no-records \
	three-programs-one-process two-hosts
EXTRA_DIST += \
	$(tree_data:%=t/data/tree/%.ndjson) $(tree_data:%=t/data/tree/%.records) \
	$(tree_data:%=t/data/tree/%.text) $(tree_data:%=t/data/tree/%.parent)
