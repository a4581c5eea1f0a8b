noinst_LIBRARIES += lib/libconf.a
lib_libconf_a_CPPFLAGS = $(AM_CPPFLAGS) $(INIH_CFLAGS)
lib_libconf_a_SOURCES = lib/conf/conf.c lib/conf/conf.def \
	lib/conf/conf.h lib/conf/ini.c lib/conf/ini.h
