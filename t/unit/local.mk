unit_tests = t/unit/blame t/unit/codec t/unit/conf t/unit/event t/unit/harm t/unit/host \
	t/unit/in t/unit/json t/unit/num t/unit/out t/unit/pick t/unit/psi t/unit/rules \
	t/unit/sample t/unit/scan t/unit/service t/unit/split t/unit/trim \
	t/unit/wait
check_PROGRAMS += $(unit_tests)
TESTS += $(unit_tests)
t_unit_blame_SOURCES = t/unit/blame.c t/unit/random.h t/tap.h
t_unit_blame_LDADD = lib/libcore.a lib/librec.a lib/libbase.a
t_unit_codec_SOURCES = t/unit/codec.c t/unit/random.h t/tap.h
t_unit_codec_LDADD = lib/librec.a lib/libbase.a
t_unit_conf_SOURCES = t/unit/conf.c t/tap.h
t_unit_conf_LDADD = lib/libconf.a $(INIH_LIBS)
t_unit_event_SOURCES = t/unit/event.c t/tap.h
t_unit_event_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
t_unit_event_LDADD = lib/librec.a lib/libbase.a $(JANSSON_LIBS)
t_unit_harm_SOURCES = t/unit/harm.c t/unit/random.h t/tap.h
t_unit_harm_LDADD = lib/libcore.a lib/librec.a lib/libbase.a
t_unit_host_SOURCES = t/unit/host.c t/tap.h
t_unit_host_LDADD = lib/libhost.a lib/librec.a lib/libbase.a
t_unit_in_SOURCES = t/unit/in.c t/tap.h
t_unit_in_LDADD = lib/libbase.a
t_unit_json_SOURCES = t/unit/json.c t/unit/random.h t/tap.h
t_unit_json_LDADD = lib/librec.a lib/libbase.a
t_unit_num_SOURCES = t/unit/num.c t/tap.h
t_unit_num_LDADD = lib/libbase.a
t_unit_out_SOURCES = t/unit/out.c t/tap.h
t_unit_out_LDADD = lib/libbase.a
t_unit_pick_SOURCES = t/unit/pick.c t/tap.h
t_unit_pick_LDADD = lib/libcore.a lib/librec.a lib/libbase.a
t_unit_psi_SOURCES = t/unit/psi.c t/tap.h
t_unit_psi_LDADD = lib/libhost.a lib/librec.a lib/libbase.a
t_unit_sample_SOURCES = t/unit/sample.c t/tap.h
t_unit_sample_LDADD = lib/libhost.a lib/librec.a lib/libbase.a
t_unit_rules_SOURCES = t/unit/rules.c t/unit/random.h t/tap.h
t_unit_rules_LDADD = lib/libcore.a lib/librec.a lib/libbase.a -lm
t_unit_scan_SOURCES = t/unit/scan.c t/unit/random.h t/fuzz/oracle.h t/tap.h
t_unit_scan_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
t_unit_scan_LDADD = lib/librec.a lib/libbase.a $(JANSSON_LIBS)
t_unit_service_SOURCES = t/unit/service.c t/tap.h
t_unit_service_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/bpf
t_unit_split_SOURCES = t/unit/split.c t/unit/random.h t/tap.h
t_unit_split_LDADD = lib/libhost.a lib/librec.a lib/libbase.a
t_unit_trim_SOURCES = t/unit/trim.c t/tap.h
t_unit_trim_LDADD = lib/libhost.a lib/librec.a lib/libbase.a
t_unit_wait_SOURCES = t/unit/wait.c t/unit/random.h t/tap.h
t_unit_wait_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)
include t/unit/tree.mk
EXTRA_DIST += t/data/bad t/data/event t/data/event.schema.json
