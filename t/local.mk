include t/unit/local.mk
include t/fuzz/local.mk

bats_tests =
include t/cmd/local.mk
include t/flow/local.mk
include t/lint/local.mk
include t/root/local.mk
include t/vm/local.mk
include t/bench/local.mk

if HAVE_BATS
TESTS += $(bats_tests)
endif
EXTRA_DIST += $(bats_tests) t/helper.bash t/tap.h

if ASAN
asan_on = 1
endif
TEST_EXTENSIONS = .sh .bats
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
SH_LOG_DRIVER = $(LOG_DRIVER)
BATS_LOG_DRIVER = $(LOG_DRIVER)
# Not BATS_TEST_TIMEOUT: its countdown may outlive a quick test (seen in 1.8.2),
# and then holds the pipe open until it is over.
BATS_LOG_COMPILER = timeout --foreground -k 10 1800 $(BATS)
AM_BATS_LOG_FLAGS = --tap
AM_TESTS_ENVIRONMENT = \
	srcdir='$(abs_srcdir)'; builddir='$(abs_builddir)'; \
	LC_ALL=C; TZ=UTC0; LNX_ASAN='$(asan_on)'; \
	export srcdir builddir LC_ALL TZ LNX_ASAN;

# For scripts/ci: build but do not run; what to run under valgrind, what to fuzz.
.PHONY: check-programs print-unit-tests print-fuzz-targets
check-programs: $(check_PROGRAMS)
print-unit-tests:
	@for t in $(TESTS); do case $$t in t/unit/*) echo $$t ;; esac; done
print-fuzz-targets:
	@for t in $(check_PROGRAMS); do case $$t in t/fuzz/*) echo $$t ;; esac; done
