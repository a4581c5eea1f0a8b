noinst_LIBRARIES += cmd/libcmd.a
cmd_libcmd_a_SOURCES = cmd/cmd.c cmd/cmd.h cmd/feed.c cmd/feed.h \
	cmd/screen.c cmd/screen.h

# Each tool's LDADD is its list of powers.
bin_PROGRAMS += cmd/lnx-tree
cmd_lnx_tree_SOURCES = cmd/lnx-tree.c
cmd_lnx_tree_LDADD = cmd/libcmd.a lib/libcore.a lib/libhost.a lib/librec.a \
	lib/libbase.a

bin_PROGRAMS += cmd/lnx-psi
cmd_lnx_psi_SOURCES = cmd/lnx-psi.c cmd/bars.c cmd/bars.h cmd/psi.c cmd/psi.h \
	cmd/psi_look.c cmd/speak.c cmd/speak.h
cmd_lnx_psi_LDADD = cmd/libcmd.a lib/libcore.a lib/libhost.a lib/librec.a \
	lib/libbase.a

bin_PROGRAMS += cmd/lnx-rules
cmd_lnx_rules_SOURCES = cmd/lnx-rules.c cmd/config.c cmd/config.h
cmd_lnx_rules_LDADD = cmd/libcmd.a lib/libcore.a lib/libconf.a lib/libhost.a \
	lib/librec.a lib/libbase.a $(INIH_LIBS) -lm

if HAVE_BPF
sbin_PROGRAMS += cmd/lnx-trace
cmd_lnx_trace_SOURCES = cmd/lnx-trace.c cmd/gauges.c cmd/gauges.h \
	cmd/probe.c cmd/probe.h cmd/replay.c cmd/replay.h cmd/sink.c cmd/sink.h
cmd_lnx_trace_LDADD = cmd/libcmd.a lib/libcore.a lib/libhost.a lib/librec.a lib/libbase.a $(LIBBPF_LIBS)
endif
