noinst_LIBRARIES += lib/libcore.a
lib_libcore_a_CPPFLAGS = $(AM_CPPFLAGS) -I$(builddir)/lib/core
lib_libcore_a_SOURCES = \
	lib/core/accuse.c lib/core/accuse.h \
	lib/core/sums.c lib/core/sums.h \
	lib/core/detect.c lib/core/detect.h lib/core/detect_impl.h \
	lib/core/detect_any.c \
	lib/core/detect_crash.c \
	lib/core/detect_fork.c \
	lib/core/fork_look.c lib/core/fork_look.h \
	lib/core/detect_fd.c \
	lib/core/detect_life.c \
	lib/core/detect_limit.c \
	lib/core/detect_memory.c \
	lib/core/detect_noise.c lib/core/noise.h lib/core/noise_many.c \
	lib/core/detect_oom.c \
	lib/core/detect_pressure.c \
	lib/core/detect_risk.c \
	lib/core/detect_spin.c \
	lib/core/detect_throttle.c \
	lib/core/detect_stuck.c \
	lib/core/engine.c lib/core/engine.h \
	lib/core/group.c lib/core/group.h \
	lib/core/hold.c lib/core/hold.h \
	lib/core/incident.c \
	lib/core/incident_line.c \
	lib/core/key.c lib/core/key.h \
	lib/core/kin.c lib/core/kin.h \
	lib/core/kindset.c \
	lib/core/lack.c lib/core/lack.h \
	lib/core/lane.c lib/core/lane.h \
	lib/core/lane_learn.c \
	lib/core/line.c lib/core/line.h \
	lib/core/maker.c lib/core/maker.h \
	lib/core/past.c lib/core/past.h \
	lib/core/record.c lib/core/record.h \
	lib/core/report.c \
	lib/core/top.c \
	lib/core/rule.c lib/core/rule.h lib/core/rule_impl.h \
	lib/core/rule_default.c \
	lib/core/rule_key.c \
	lib/core/ruleset.h \
	lib/core/say.c \
	lib/core/value.c lib/core/value.h \
	lib/core/waited.c lib/core/waited.h \
	lib/core/where.c lib/core/where.h \
	lib/core/window.c lib/core/window.h \
	lib/core/origin.c lib/core/origin.h \
	lib/core/blame.c lib/core/blame.h lib/core/blame_impl.h \
	lib/core/blame_pick.c lib/core/blame_pick.h \
	lib/core/blame_record.c \
	lib/core/harm.c lib/core/harm.h \
	lib/core/harm_name.c lib/core/harm_name.h \
	lib/core/harm_sum.c \
	lib/core/harm_table.c lib/core/harm_table.h \
	lib/core/heap.c lib/core/hole.c lib/core/heap.h \
	lib/core/intern.c lib/core/intern.h \
	lib/core/learn.c lib/core/learn.h \
	lib/core/learn_harm.c \
	lib/core/learn_traits.c \
	lib/core/table.c lib/core/table.h \
	lib/core/tree.c lib/core/tree.h \
	lib/core/tree_source.c \
	lib/core/view.c lib/core/view.h \
	lib/core/view_dot.c \
	lib/core/view_escape.c \
	lib/core/view_choose.c \
	lib/core/view_harm.c \
	lib/core/view_json.c lib/core/view_psi.c \
	lib/core/view_say.c lib/core/view_say.h \
	lib/core/view_text.c \
	lib/core/view_wait.c

EXTRA_DIST += lib/core/rules.conf
BUILT_SOURCES += lib/core/rules.inc
CLEANFILES += lib/core/rules.inc
lib/core/rules.inc: lib/core/rules.conf
	$(AM_V_GEN)$(MKDIR_P) lib/core && \
	$(SED) 's/[\\"]/\\&/g; s/.*/"&\\n"/' $(srcdir)/lib/core/rules.conf >$@.tmp && \
	mv $@.tmp $@
lib/core/libcore_a-rule_default.$(OBJEXT): lib/core/rules.inc
