noinst_LIBRARIES += lib/librec.a
lib_librec_a_SOURCES = \
	lib/rec/decode.c \
	lib/rec/encode.c \
	lib/rec/event.c lib/rec/event.h lib/rec/event.def \
	lib/rec/json.c lib/rec/json.h \
	lib/rec/lex.h lib/rec/text.h \
	lib/rec/make.c lib/rec/make.h \
	lib/rec/scan.c lib/rec/scan.h lib/rec/scan_impl.h \
	lib/rec/scan_set.c lib/rec/scan_value.c \
	lib/rec/stall.h \
	lib/rec/tail.c lib/rec/tail.h \
	lib/rec/wide.h \
	lib/rec/wire.h \
	lib/rec/wirefile.c lib/rec/wirefile.h
