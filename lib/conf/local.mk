noinst_LIBRARIES += lib/libconf.a
lib_libconf_a_CPPFLAGS = $(AM_CPPFLAGS) $(INIH_CFLAGS)
lib_libconf_a_SOURCES = lib/conf/ini.c lib/conf/ini.h
