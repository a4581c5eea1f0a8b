# Built and run by hand, on an idle machine: t/bench/*.sh, from the build
# directory.
EXTRA_PROGRAMS = t/bench/burn t/bench/mix t/bench/pressure t/bench/rec-bench \
	t/bench/spawns t/bench/storm
t_bench_burn_SOURCES = t/bench/burn.c
t_bench_pressure_SOURCES = t/bench/pressure.c
t_bench_mix_SOURCES = t/bench/mix.c
t_bench_mix_LDADD = lib/librec.a lib/libbase.a
t_bench_rec_bench_SOURCES = t/bench/rec-bench.c
t_bench_rec_bench_LDADD = lib/librec.a lib/libbase.a
t_bench_spawns_SOURCES = t/bench/spawns.c
t_bench_spawns_LDADD = lib/librec.a lib/libbase.a
t_bench_storm_SOURCES = t/bench/storm.c
t_bench_storm_LDFLAGS = $(AM_LDFLAGS) -static
if HAVE_BPF
EXTRA_PROGRAMS += t/bench/empty t/bench/idle t/bench/look
t_bench_empty_SOURCES = t/bench/empty.c
t_bench_empty_CPPFLAGS = $(AM_CPPFLAGS) $(LIBBPF_CFLAGS)
t_bench_empty_LDADD = $(LIBBPF_LIBS)
t_bench_idle_SOURCES = t/bench/idle.c
t_bench_idle_LDFLAGS = $(AM_LDFLAGS) -static -pthread
t_bench_look_SOURCES = t/bench/look.c
t_bench_look_LDADD = lib/libhost.a lib/librec.a lib/libbase.a $(LIBBPF_LIBS)
endif
CLEANFILES += $(EXTRA_PROGRAMS)
EXTRA_DIST += t/bench/false-alarms.sh t/bench/heuristics.sh \
	t/bench/innocent.sh t/bench/lifecycle.sh t/bench/psi.sh \
	t/bench/rec.sh t/bench/replay.sh t/bench/rules.sh t/bench/sample.sh \
	t/bench/stall-cost.sh t/bench/switch.sh t/bench/tree.sh
