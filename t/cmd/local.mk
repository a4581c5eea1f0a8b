bats_tests += t/cmd/config.bats t/cmd/lnx-psi.bats t/cmd/lnx-rules.bats \
	t/cmd/lnx-rules-fork.bats t/cmd/lnx-rules-hostile.bats \
	t/cmd/lnx-rules-lasts.bats t/cmd/lnx-rules-memory.bats \
	t/cmd/lnx-rules-truth.bats \
	t/cmd/lnx-tree.bats t/cmd/lnx-tree-stall.bats
EXTRA_DIST += t/cmd/rules.bash t/data/conf t/data/psi t/data/rules t/data/stall t/data/tree
