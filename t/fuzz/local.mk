# Each target replays what is kept in t/data/fuzz; with --enable-fuzz it is
# linked with libFuzzer, which does the same and explores: see scripts/fuzz.
fuzz_targets = t/fuzz/conf t/fuzz/decode t/fuzz/encode t/fuzz/in t/fuzz/num t/fuzz/psi \
	t/fuzz/rules t/fuzz/scan
check_PROGRAMS += $(fuzz_targets)
if FUZZ
fuzz_ldflags = -fsanitize=fuzzer
else
fuzz_main = t/fuzz/replay.c
endif
t_fuzz_conf_SOURCES = t/fuzz/conf.c $(fuzz_main)
t_fuzz_conf_LDFLAGS = $(AM_LDFLAGS) $(fuzz_ldflags)
t_fuzz_conf_LDADD = lib/libconf.a $(INIH_LIBS)
t_fuzz_decode_SOURCES = t/fuzz/decode.c $(fuzz_main)
t_fuzz_decode_LDFLAGS = $(AM_LDFLAGS) $(fuzz_ldflags)
t_fuzz_decode_LDADD = lib/librec.a lib/libbase.a
t_fuzz_encode_SOURCES = t/fuzz/encode.c $(fuzz_main)
t_fuzz_encode_LDFLAGS = $(AM_LDFLAGS) $(fuzz_ldflags)
t_fuzz_encode_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
t_fuzz_encode_LDADD = lib/librec.a lib/libbase.a $(JANSSON_LIBS)
t_fuzz_in_SOURCES = t/fuzz/in.c $(fuzz_main)
t_fuzz_in_LDFLAGS = $(AM_LDFLAGS) $(fuzz_ldflags)
t_fuzz_in_LDADD = lib/libbase.a
t_fuzz_num_SOURCES = t/fuzz/num.c $(fuzz_main)
t_fuzz_num_LDFLAGS = $(AM_LDFLAGS) $(fuzz_ldflags)
t_fuzz_num_LDADD = lib/libbase.a
t_fuzz_psi_SOURCES = t/fuzz/psi.c $(fuzz_main)
t_fuzz_psi_LDFLAGS = $(AM_LDFLAGS) $(fuzz_ldflags)
t_fuzz_psi_LDADD = lib/libhost.a lib/librec.a lib/libbase.a
t_fuzz_rules_SOURCES = t/fuzz/rules.c $(fuzz_main)
t_fuzz_rules_LDFLAGS = $(AM_LDFLAGS) $(fuzz_ldflags)
t_fuzz_rules_LDADD = lib/libcore.a lib/libconf.a lib/librec.a lib/libbase.a \
	$(INIH_LIBS) -lm
t_fuzz_scan_SOURCES = t/fuzz/scan.c $(fuzz_main) t/fuzz/oracle.h
t_fuzz_scan_LDFLAGS = $(AM_LDFLAGS) $(fuzz_ldflags)
t_fuzz_scan_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
t_fuzz_scan_LDADD = lib/librec.a lib/libbase.a $(JANSSON_LIBS)
TESTS += t/fuzz/replay.sh
EXTRA_DIST += t/fuzz/replay.sh t/fuzz/replay.c t/data/fuzz
