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
