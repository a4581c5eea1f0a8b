noinst_LIBRARIES += lib/libhost.a
lib_libhost_a_SOURCES = \
	lib/host/boot.c lib/host/boot.h \
	lib/host/cgroup.c lib/host/cgroup.h \
	lib/host/explain.c lib/host/explain.h \
	lib/host/gauge.h \
	lib/host/sandbox.c lib/host/sandbox.h \
	lib/host/trace_conf.c \
	lib/host/trim.c lib/host/trim.h
lib_libhost_a_CPPFLAGS = $(AM_CPPFLAGS)
if HAVE_BPF
lib_libhost_a_SOURCES += \
	lib/host/feature.c lib/host/feature.h \
	lib/host/kernel.c lib/host/kernel.h \
	lib/host/stall.c lib/host/stall.h lib/host/stall_impl.h \
	lib/host/stall_load.c lib/host/stall_owner.c \
	lib/host/trace.c lib/host/trace.h \
	lib/host/trace_impl.h lib/host/trace_load.c \
	lib/host/watch.c lib/host/watch.h \
	lib/host/watch_impl.h lib/host/watch_meet.c lib/host/watch_say.c
lib_libhost_a_CPPFLAGS += $(LIBBPF_CFLAGS) -I$(builddir)/bpf -I$(srcdir)
endif
