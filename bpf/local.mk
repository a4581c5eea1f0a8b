# SPDX-License-Identifier: GPL-2.0-only OR MIT
bpf_files = bpf/exit.h bpf/filter.h bpf/iomem.bpf.c \
	bpf/iomem_disk.h bpf/iomem_map.h bpf/iomem_party.h \
	bpf/iomem_task.h bpf/maps.h bpf/oom.h bpf/orphan.h bpf/rate.h bpf/rss.h \
	bpf/sample.bpf.c bpf/scratch.h bpf/service.h bpf/slot.h bpf/slot_map.h \
	bpf/snap.h bpf/stall.bpf.c bpf/stall_blame.h bpf/stall_known.h \
	bpf/stall_limit.h bpf/stall_map.h bpf/stall_run.h bpf/task.h \
	bpf/trace.bpf.c bpf/vmlinux.h bpf/wait.h bpf/walk.h bpf/wchan.h
EXTRA_DIST += $(bpf_files)
bpf_sources = $(bpf_files) lib/rec/event.def lib/rec/wire.h

BPF_CFLAGS = -O2 -g -target bpf -D__TARGET_ARCH_$(BPF_ARCH) \
	-Wall -Wextra -Wno-unused-parameter -I$(srcdir)/lib -I$(srcdir)/bpf
AM_V_BPF = $(am__v_BPF_@AM_V@)
am__v_BPF_ = $(am__v_BPF_@AM_DEFAULT_V@)
am__v_BPF_0 = @echo "  BPF     " $@;
am__v_BPF_1 =
bpf_compile = $(CLANG) $(BPF_CFLAGS) -o $@.tmp -c $(srcdir)/bpf/
bpf_finish = $(LLVM_STRIP) -g $@.tmp && mv $@.tmp $@
bpf_skeleton = $(BPFTOOL) gen skeleton

bpf/iomem.bpf.o: $(bpf_sources)
	$(AM_V_BPF)mkdir -p bpf && $(bpf_compile)iomem.bpf.c && $(bpf_finish)
bpf/sample.bpf.o: $(bpf_sources)
	$(AM_V_BPF)mkdir -p bpf && $(bpf_compile)sample.bpf.c && $(bpf_finish)
bpf/stall.bpf.o: $(bpf_sources)
	$(AM_V_BPF)mkdir -p bpf && $(bpf_compile)stall.bpf.c && $(bpf_finish)
bpf/trace.bpf.o: $(bpf_sources)
	$(AM_V_BPF)mkdir -p bpf && $(bpf_compile)trace.bpf.c && $(bpf_finish)
bpf/trace_raw.bpf.o: $(bpf_sources)
	$(AM_V_BPF)mkdir -p bpf && $(bpf_compile)trace.bpf.c -DRAW_TP && $(bpf_finish)

bpf/iomem.skel.h: bpf/iomem.bpf.o
	$(AM_V_GEN)$(bpf_skeleton) bpf/iomem.bpf.o name iomem_bpf >$@.tmp && mv $@.tmp $@
bpf/sample.skel.h: bpf/sample.bpf.o
	$(AM_V_GEN)$(bpf_skeleton) bpf/sample.bpf.o name sample_bpf >$@.tmp && mv $@.tmp $@
bpf/stall.skel.h: bpf/stall.bpf.o
	$(AM_V_GEN)$(bpf_skeleton) bpf/stall.bpf.o name stall_bpf >$@.tmp && mv $@.tmp $@
bpf/trace.skel.h: bpf/trace.bpf.o
	$(AM_V_GEN)$(bpf_skeleton) bpf/trace.bpf.o name trace_bpf >$@.tmp && mv $@.tmp $@
bpf/trace_raw.skel.h: bpf/trace_raw.bpf.o
	$(AM_V_GEN)$(bpf_skeleton) bpf/trace_raw.bpf.o name trace_raw >$@.tmp && mv $@.tmp $@

bpf_skeletons = bpf/iomem.skel.h bpf/sample.skel.h bpf/stall.skel.h \
	bpf/trace.skel.h bpf/trace_raw.skel.h
if HAVE_BPF
BUILT_SOURCES += $(bpf_skeletons)
endif
CLEANFILES += $(bpf_skeletons) bpf/iomem.bpf.o bpf/sample.bpf.o \
	bpf/stall.bpf.o bpf/trace.bpf.o bpf/trace_raw.bpf.o

lib/host/libhost_a-iomem.$(OBJEXT): bpf/iomem.skel.h
lib/host/libhost_a-iomem_edge.$(OBJEXT): bpf/iomem.skel.h
lib/host/libhost_a-iomem_load.$(OBJEXT): bpf/iomem.skel.h
lib/host/libhost_a-sample.$(OBJEXT): bpf/sample.skel.h
lib/host/libhost_a-stall.$(OBJEXT): bpf/stall.skel.h
lib/host/libhost_a-stall_cells.$(OBJEXT): bpf/stall.skel.h
lib/host/libhost_a-stall_load.$(OBJEXT): bpf/stall.skel.h
lib/host/libhost_a-stall_owner.$(OBJEXT): bpf/stall.skel.h
lib/host/libhost_a-trace.$(OBJEXT): bpf/trace.skel.h
lib/host/libhost_a-trace_load.$(OBJEXT): bpf/trace.skel.h bpf/trace_raw.skel.h
