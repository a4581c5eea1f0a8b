# SPDX-License-Identifier: AGPL-3.0-or-later
# Stimuli of the ground-truth tests.  Static, because they run in other
# namespaces and are started by the ten thousand; without sanitizers, because
# they end in every wrong way there is.
if HAVE_BPF
root_stimuli = t/root/alive t/root/argv t/root/churn t/root/die \
	t/root/family t/root/hog t/root/io t/root/me t/root/mischief \
	t/root/restless t/root/shape t/root/spawn t/root/stamp t/root/use t/root/work
check_PROGRAMS += $(root_stimuli) t/root/nop t/root/pick \
	t/root/stalls t/root/windows
endif
# lnx-psi needs no BPF.
check_PROGRAMS += t/root/cgchurn
root_cflags = -std=gnu11 -O1 -g -pthread -Wall -Wextra -Wmissing-prototypes \
	-Wstrict-prototypes

t_root_cgchurn_SOURCES = t/root/cgchurn.c t/root/stim.h
t_root_cgchurn_CFLAGS = $(root_cflags)

t_root_alive_SOURCES = t/root/alive.c t/root/stim.h
t_root_alive_CFLAGS = $(root_cflags)
t_root_alive_LDFLAGS = -static

t_root_argv_SOURCES = t/root/argv.c t/root/stim.h
t_root_argv_CFLAGS = $(root_cflags)
t_root_argv_LDFLAGS = -pthread
t_root_argv_LDADD = $(JANSSON_LIBS)

t_root_churn_SOURCES = t/root/churn.c t/root/stim.h
t_root_churn_CFLAGS = $(root_cflags)
t_root_churn_LDFLAGS = -static

t_root_die_SOURCES = t/root/die.c t/root/stim.h
t_root_die_CFLAGS = $(root_cflags)
t_root_die_LDFLAGS = -static -pthread

t_root_family_SOURCES = t/root/family.c t/root/stim.h
t_root_family_CFLAGS = $(root_cflags)
t_root_family_LDFLAGS = -static -pthread

t_root_hog_SOURCES = t/root/hog.c t/root/stim.h
t_root_hog_CFLAGS = $(root_cflags)
t_root_hog_LDFLAGS = -static

t_root_io_SOURCES = t/root/io.c t/root/stim.h
t_root_io_CFLAGS = $(root_cflags)
t_root_io_LDFLAGS = -static

t_root_me_SOURCES = t/root/me.c t/root/stim.h
t_root_me_CFLAGS = $(root_cflags)
t_root_me_LDFLAGS = -static

t_root_mischief_SOURCES = t/root/mischief.c t/root/stim.h
t_root_mischief_CFLAGS = $(root_cflags)
t_root_mischief_LDFLAGS = -static

t_root_nop_SOURCES = t/root/nop.c
t_root_nop_CFLAGS = -std=gnu11 -O1 -Wall -ffreestanding -fno-stack-protector \
	-fno-asynchronous-unwind-tables -fno-pic
t_root_nop_LDFLAGS = -static -nostdlib -no-pie

t_root_pick_SOURCES = t/root/pick.c t/root/stim.h
t_root_pick_CFLAGS = $(root_cflags) $(JANSSON_CFLAGS)
t_root_pick_LDFLAGS = -pthread
t_root_pick_LDADD = $(JANSSON_LIBS)

t_root_restless_SOURCES = t/root/restless.c t/root/stim.h
t_root_restless_CFLAGS = $(root_cflags)
t_root_restless_LDFLAGS = -static

t_root_shape_SOURCES = t/root/shape.c t/root/stim.h
t_root_shape_CFLAGS = $(root_cflags)
t_root_shape_LDFLAGS = -static -pthread

t_root_spawn_SOURCES = t/root/spawn.c t/root/stim.h
t_root_spawn_CFLAGS = $(root_cflags)
t_root_spawn_LDFLAGS = -static

t_root_use_SOURCES = t/root/use.c t/root/stim.h
t_root_use_CFLAGS = $(root_cflags)
t_root_use_LDFLAGS = -static -pthread

t_root_stalls_SOURCES = t/root/stalls.c
t_root_stalls_CPPFLAGS = $(AM_CPPFLAGS) $(LIBBPF_CFLAGS)
t_root_stalls_LDADD = lib/libhost.a lib/librec.a lib/libbase.a $(LIBBPF_LIBS)

t_root_work_SOURCES = t/root/work.c t/root/stim.h
t_root_work_CFLAGS = $(root_cflags)
t_root_work_LDFLAGS = -static

t_root_windows_SOURCES = t/root/windows.c t/root/stim.h
t_root_windows_CFLAGS = $(root_cflags)
t_root_windows_LDADD = lib/libhost.a lib/librec.a lib/libbase.a $(LIBBPF_LIBS)

bats_tests += t/root/argv.bats t/root/death.bats t/root/demo.bats \
	t/root/exec.bats t/root/exhaust.bats t/root/family.bats \
	t/root/filter.bats t/root/iomem.bats \
	t/root/loss.bats t/root/odd.bats t/root/oom.bats t/root/power.bats t/root/process.bats \
	t/root/psi.bats t/root/psi-rest.bats t/root/replay.bats t/root/rules.bats \
	t/root/rules-live.bats t/root/sample.bats t/root/stall.bats
t_root_stamp_SOURCES = t/root/stamp.c t/root/stim.h
t_root_stamp_CFLAGS = $(root_cflags)

EXTRA_DIST += t/root/trace.bash t/root/record-flow t/data/flow
EXTRA_DIST += t/root/psi.bash t/root/rules.bash t/root/stall.bash
