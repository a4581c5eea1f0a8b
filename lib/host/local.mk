noinst_LIBRARIES += lib/libhost.a
lib_libhost_a_SOURCES = \
	lib/host/boot.c lib/host/boot.h \
	lib/host/cgroup.c lib/host/cgroup.h \
	lib/host/explain.c lib/host/explain.h \
	lib/host/gauge.h \
	lib/host/sandbox.c lib/host/sandbox.h \
	lib/host/iomem_split.c lib/host/iomem_split.h \
	lib/host/trace_conf.c \
	lib/host/trim.c lib/host/trim.h
lib_libhost_a_CPPFLAGS = $(AM_CPPFLAGS)
if HAVE_BPF
lib_libhost_a_SOURCES += \
	lib/host/feature.c lib/host/feature.h \
	lib/host/iomem.c lib/host/iomem.h lib/host/iomem_edge.c \
	lib/host/iomem_impl.h lib/host/iomem_load.c \
	lib/host/ktypes.c lib/host/ktypes.h \
	lib/host/pressure.c \
	lib/host/trace.c lib/host/trace.h \
	lib/host/trace_impl.h lib/host/trace_load.c \
	lib/host/watch.c lib/host/watch.h \
	lib/host/watch_impl.h lib/host/watch_meet.c lib/host/watch_say.c
lib_libhost_a_CPPFLAGS += $(LIBBPF_CFLAGS) -I$(builddir)/bpf -I$(srcdir)/bpf
endif
