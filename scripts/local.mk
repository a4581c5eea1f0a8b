lnx_tools = lnx-psi lnx-rules lnx-tree
if HAVE_BPF
lnx_tools += lnx-trace
endif

EXTRA_DIST += .ci/run scripts/_lnx scripts/bless scripts/check-globals \
	scripts/check-layers scripts/ci scripts/demo-stall scripts/fill-page \
	scripts/fuzz scripts/lnx.bash scripts/need scripts/quickstart \
	scripts/schema.awk
dist_pkgdata_SCRIPTS = scripts/rules-from-yaml

# bash looks for a file named after the command.
bashcompdir = $(datadir)/bash-completion/completions
zshcompdir = $(datadir)/zsh/site-functions
install-data-local:
	$(MKDIR_P) '$(DESTDIR)$(bashcompdir)' '$(DESTDIR)$(zshcompdir)'
	$(INSTALL_DATA) $(srcdir)/scripts/_lnx '$(DESTDIR)$(zshcompdir)/_lnx'
	for t in $(lnx_tools); do \
		$(INSTALL_DATA) $(srcdir)/scripts/lnx.bash \
			"$(DESTDIR)$(bashcompdir)/$$t" || exit; \
	done
uninstall-local:
	rm -f '$(DESTDIR)$(zshcompdir)/_lnx'
	for t in $(lnx_tools); do rm -f "$(DESTDIR)$(bashcompdir)/$$t"; done
