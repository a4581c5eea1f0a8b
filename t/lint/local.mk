bats_tests += t/lint/contract.bats
bats_tests += t/lint/house.bats
bats_tests += t/lint/schema.bats
