# Built and run by hand, on an idle machine: t/bench/*.sh, from the build
# directory.
EXTRA_PROGRAMS = t/bench/mix t/bench/rec-bench t/bench/spawns t/bench/storm
t_bench_mix_SOURCES = t/bench/mix.c
t_bench_mix_LDADD = lib/librec.a lib/libbase.a
t_bench_rec_bench_SOURCES = t/bench/rec-bench.c
t_bench_rec_bench_LDADD = lib/librec.a lib/libbase.a
t_bench_spawns_SOURCES = t/bench/spawns.c
t_bench_spawns_LDADD = lib/librec.a lib/libbase.a
t_bench_storm_SOURCES = t/bench/storm.c
t_bench_storm_LDFLAGS = $(AM_LDFLAGS) -static
CLEANFILES += $(EXTRA_PROGRAMS)
EXTRA_DIST += t/bench/lifecycle.sh t/bench/rec.sh t/bench/replay.sh \
	t/bench/rules.sh t/bench/tree.sh
