bats_tests += t/flow/flow.bats
TESTS += t/flow/examples.sh
EXTRA_DIST += t/flow/examples.sh
