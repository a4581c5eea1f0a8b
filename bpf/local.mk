EXTRA_DIST += bpf/exit.h bpf/filter.h bpf/maps.h bpf/oom.h bpf/rate.h \
	bpf/rss.h bpf/sample.bpf.c bpf/scratch.h bpf/slot.h bpf/slot_map.h \
	bpf/snap.h bpf/stall.bpf.c bpf/stall_map.h bpf/task.h \
	bpf/trace.bpf.c bpf/vmlinux.h bpf/wait.h bpf/walk.h
EXTRA_DIST += bpf/iomem.bpf.c bpf/iomem_disk.h bpf/iomem_map.h \
	bpf/iomem_party.h bpf/iomem_task.h bpf/service.h
bpf_headers = $(srcdir)/bpf/exit.h $(srcdir)/bpf/filter.h \
	$(srcdir)/bpf/maps.h $(srcdir)/bpf/oom.h $(srcdir)/bpf/rate.h \
	$(srcdir)/bpf/rss.h $(srcdir)/bpf/scratch.h $(srcdir)/bpf/snap.h \
	$(srcdir)/bpf/task.h $(srcdir)/bpf/vmlinux.h $(srcdir)/bpf/walk.h \
	$(srcdir)/lib/rec/event.def $(srcdir)/lib/rec/wire.h

BPF_CFLAGS = -O2 -g -target bpf -D__TARGET_ARCH_$(BPF_ARCH) \
	-Wall -Wextra -Wno-unused-parameter -I$(srcdir)/lib -I$(srcdir)/bpf
AM_V_BPF = $(am__v_BPF_@AM_V@)
am__v_BPF_ = $(am__v_BPF_@AM_DEFAULT_V@)
am__v_BPF_0 = @echo "  BPF     " $@;
am__v_BPF_1 =

bpf/trace.bpf.o: bpf/trace.bpf.c $(bpf_headers)
	$(AM_V_BPF)mkdir -p bpf && \
	$(CLANG) $(BPF_CFLAGS) -c $(srcdir)/bpf/trace.bpf.c -o $@.tmp && \
	$(LLVM_STRIP) -g $@.tmp && mv $@.tmp $@
bpf/trace_raw.bpf.o: bpf/trace.bpf.c $(bpf_headers)
	$(AM_V_BPF)mkdir -p bpf && \
	$(CLANG) $(BPF_CFLAGS) -DRAW_TP -c $(srcdir)/bpf/trace.bpf.c -o $@.tmp && \
	$(LLVM_STRIP) -g $@.tmp && mv $@.tmp $@
bpf/sample.bpf.o: bpf/sample.bpf.c $(bpf_headers)
	$(AM_V_BPF)mkdir -p bpf && \
	$(CLANG) $(BPF_CFLAGS) -c $(srcdir)/bpf/sample.bpf.c -o $@.tmp && \
	$(LLVM_STRIP) -g $@.tmp && mv $@.tmp $@
bpf/stall.bpf.o: bpf/stall.bpf.c $(srcdir)/bpf/slot.h \
	    $(srcdir)/bpf/slot_map.h $(srcdir)/bpf/stall_map.h \
	    $(srcdir)/bpf/wait.h $(bpf_headers)
	$(AM_V_BPF)mkdir -p bpf && \
	$(CLANG) $(BPF_CFLAGS) -c $(srcdir)/bpf/stall.bpf.c -o $@.tmp && \
	$(LLVM_STRIP) -g $@.tmp && mv $@.tmp $@

iomem_headers = $(srcdir)/bpf/iomem_disk.h $(srcdir)/bpf/iomem_map.h \
	$(srcdir)/bpf/iomem_party.h $(srcdir)/bpf/iomem_task.h \
	$(srcdir)/bpf/service.h $(srcdir)/bpf/task.h \
	$(srcdir)/bpf/vmlinux.h $(srcdir)/bpf/walk.h $(srcdir)/lib/rec/event.def \
	$(srcdir)/lib/rec/wire.h
bpf/iomem.bpf.o: bpf/iomem.bpf.c $(iomem_headers)
	$(AM_V_BPF)mkdir -p bpf && \
	$(CLANG) $(BPF_CFLAGS) -c $(srcdir)/bpf/iomem.bpf.c -o $@.tmp && \
	$(LLVM_STRIP) -g $@.tmp && mv $@.tmp $@

bpf/iomem.skel.h: bpf/iomem.bpf.o
	$(AM_V_GEN)$(BPFTOOL) gen skeleton bpf/iomem.bpf.o name iomem_bpf >$@.tmp && mv $@.tmp $@
bpf/trace.skel.h: bpf/trace.bpf.o
	$(AM_V_GEN)$(BPFTOOL) gen skeleton bpf/trace.bpf.o name trace_bpf >$@.tmp && mv $@.tmp $@
bpf/trace_raw.skel.h: bpf/trace_raw.bpf.o
	$(AM_V_GEN)$(BPFTOOL) gen skeleton bpf/trace_raw.bpf.o name trace_raw >$@.tmp && mv $@.tmp $@
bpf/sample.skel.h: bpf/sample.bpf.o
	$(AM_V_GEN)$(BPFTOOL) gen skeleton bpf/sample.bpf.o name sample_bpf >$@.tmp && mv $@.tmp $@
bpf/stall.skel.h: bpf/stall.bpf.o
	$(AM_V_GEN)$(BPFTOOL) gen skeleton bpf/stall.bpf.o name stall_bpf >$@.tmp && mv $@.tmp $@

if HAVE_BPF
BUILT_SOURCES += bpf/iomem.skel.h bpf/sample.skel.h bpf/stall.skel.h \
	bpf/trace.skel.h bpf/trace_raw.skel.h
endif
CLEANFILES += bpf/iomem.bpf.o bpf/sample.bpf.o bpf/stall.bpf.o \
	bpf/trace.bpf.o bpf/trace_raw.bpf.o bpf/iomem.skel.h \
	bpf/sample.skel.h bpf/stall.skel.h bpf/trace.skel.h \
	bpf/trace_raw.skel.h

lib/host/libhost_a-sample.$(OBJEXT): bpf/sample.skel.h
lib/host/libhost_a-stall.$(OBJEXT): bpf/stall.skel.h
lib/host/libhost_a-stall_load.$(OBJEXT): bpf/stall.skel.h
lib/host/libhost_a-stall_owner.$(OBJEXT): bpf/stall.skel.h
lib/host/libhost_a-trace.$(OBJEXT): bpf/trace.skel.h
lib/host/libhost_a-trace_load.$(OBJEXT): bpf/trace.skel.h bpf/trace_raw.skel.h
lib/host/libhost_a-iomem.$(OBJEXT): bpf/iomem.skel.h
lib/host/libhost_a-iomem_edge.$(OBJEXT): bpf/iomem.skel.h
lib/host/libhost_a-iomem_load.$(OBJEXT): bpf/iomem.skel.h
