noinst_LIBRARIES += lib/libcore.a
lib_libcore_a_SOURCES = \
	lib/core/origin.c lib/core/origin.h \
	lib/core/blame.c lib/core/blame.h \
	lib/core/harm.c lib/core/harm.h \
	lib/core/harm_sum.c \
	lib/core/harm_table.c lib/core/harm_table.h \
	lib/core/heap.c lib/core/heap.h \
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
	lib/core/view_harm.c \
	lib/core/view_json.c \
	lib/core/view_text.c \
	lib/core/view_wait.c
