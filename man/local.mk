dist_man_MANS += man/lnx.7 man/lnx-psi.1 man/lnx-rules.1 man/lnx-rules.5 \
	man/lnx-tree.1 man/lnx.conf.5
nodist_man_MANS += man/lnx-event.5
if HAVE_BPF
dist_man_MANS += man/lnx-trace.8
endif
EXTRA_DIST += man/lnx-event.5.in
CLEANFILES += man/lnx-event.5

man/lnx-event.5: man/lnx-event.5.in lib/rec/event.def scripts/schema.awk scripts/fill-page
	$(AM_V_GEN)$(MKDIR_P) man && \
	AWK='$(AWK)' $(srcdir)/scripts/fill-page $(srcdir)/lib/rec/event.def \
		<$(srcdir)/man/lnx-event.5.in >$@.tmp && mv $@.tmp $@

# Checked in, so that it is there to be read; t/lint compares.
.PHONY: readme
readme:
	$(MANDOC) -I os=lnx -T utf8 $(srcdir)/man/lnx.7 | col -bx >$(srcdir)/README
