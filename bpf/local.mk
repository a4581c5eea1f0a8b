EXTRA_DIST += bpf/exit.h bpf/filter.h bpf/maps.h bpf/oom.h bpf/rate.h \
	bpf/rss.h bpf/sample.bpf.c bpf/scratch.h bpf/snap.h bpf/task.h \
	bpf/trace.bpf.c bpf/vmlinux.h bpf/walk.h
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

bpf/trace.skel.h: bpf/trace.bpf.o
	$(AM_V_GEN)$(BPFTOOL) gen skeleton bpf/trace.bpf.o name trace_bpf >$@.tmp && mv $@.tmp $@
bpf/trace_raw.skel.h: bpf/trace_raw.bpf.o
	$(AM_V_GEN)$(BPFTOOL) gen skeleton bpf/trace_raw.bpf.o name trace_raw >$@.tmp && mv $@.tmp $@
bpf/sample.skel.h: bpf/sample.bpf.o
	$(AM_V_GEN)$(BPFTOOL) gen skeleton bpf/sample.bpf.o name sample_bpf >$@.tmp && mv $@.tmp $@

if HAVE_BPF
BUILT_SOURCES += bpf/sample.skel.h bpf/trace.skel.h \
	bpf/trace_raw.skel.h
endif
CLEANFILES += bpf/sample.bpf.o bpf/trace.bpf.o bpf/trace_raw.bpf.o \
	bpf/sample.skel.h bpf/trace.skel.h bpf/trace_raw.skel.h

lib/host/libhost_a-sample.$(OBJEXT): bpf/sample.skel.h
lib/host/libhost_a-trace.$(OBJEXT): bpf/trace.skel.h
lib/host/libhost_a-trace_load.$(OBJEXT): bpf/trace.skel.h bpf/trace_raw.skel.h
