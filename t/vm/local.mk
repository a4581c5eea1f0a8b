# SPDX-License-Identifier: AGPL-3.0-or-later
# Other kernels than the one we run on.
if HAVE_BPF
check_PROGRAMS += t/vm/qexit
endif
t_vm_qexit_CFLAGS = -std=gnu11 -O1 -Wall -Wextra
t_vm_qexit_LDFLAGS = -static

bats_tests += t/vm/kernels.bats
EXTRA_DIST += t/vm/guest t/vm/guest.bats t/vm/guest-nopsi \
	t/vm/guest-nopsi.bats t/vm/guest-small t/vm/guest-small.bats \
	t/vm/guest-stall t/vm/guest-stall.bats t/vm/init t/vm/kernels \
	t/vm/mkinitrd t/vm/vmrun
