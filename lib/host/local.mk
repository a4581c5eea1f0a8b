noinst_LIBRARIES += lib/libhost.a
lib_libhost_a_SOURCES = \
	lib/host/boot.c lib/host/boot.h \
	lib/host/cgroup.c lib/host/cgroup.h \
	lib/host/cgstat.c lib/host/cgstat.h \
	lib/host/cgtree.c lib/host/cgtree.h lib/host/cgtree_impl.h \
	lib/host/cgtree_update.c \
	lib/host/explain.c lib/host/explain.h \
	lib/host/gauge.h \
	lib/host/iomem_split.c lib/host/iomem_split.h \
	lib/host/look.c lib/host/look.h \
	lib/host/look_impl.h \
	lib/host/look_read.c \
	lib/host/look_record.c lib/host/look_record.h \
	lib/host/look_rest.c \
	lib/host/pressure.c lib/host/pressure.h \
	lib/host/psi.c lib/host/psi.h \
	lib/host/sample_diff.c lib/host/sample_diff.h \
	lib/host/sample_path.c lib/host/sample_path.h \
	lib/host/sandbox.c lib/host/sandbox.h \
	lib/host/trace_conf.c \
	lib/host/trigger.c lib/host/trigger.h \
	lib/host/trim.c lib/host/trim.h \
	lib/host/usage.c lib/host/usage.h \
	lib/host/wchan.c lib/host/wchan.h \
	lib/host/word.h
lib_libhost_a_CPPFLAGS = $(AM_CPPFLAGS)
if HAVE_BPF
lib_libhost_a_SOURCES += \
	lib/host/feature.c lib/host/feature.h \
	lib/host/iomem.c lib/host/iomem.h \
	lib/host/iomem_edge.c \
	lib/host/iomem_impl.h \
	lib/host/iomem_load.c \
	lib/host/load.c lib/host/load.h \
	lib/host/sample.c lib/host/sample.h \
	lib/host/stall.c lib/host/stall.h \
	lib/host/stall_cells.c \
	lib/host/stall_edge.c \
	lib/host/stall_impl.h \
	lib/host/stall_load.c \
	lib/host/stall_owner.c \
	lib/host/trace.c lib/host/trace.h \
	lib/host/trace_impl.h \
	lib/host/trace_load.c \
	lib/host/watch.c lib/host/watch.h \
	lib/host/watch_impl.h \
	lib/host/watch_meet.c \
	lib/host/watch_say.c
lib_libhost_a_CPPFLAGS += $(LIBBPF_CFLAGS) -I$(builddir)/bpf -I$(srcdir)
endif
