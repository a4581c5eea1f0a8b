noinst_LIBRARIES += lib/libbase.a
lib_libbase_a_SOURCES = \
	lib/base/in.c lib/base/in.h \
	lib/base/num.c lib/base/num.h \
	lib/base/out.c lib/base/out.h
