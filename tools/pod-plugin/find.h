/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where plugins lie: the directories of $ENVPOD_PLUGIN_PATH, else those beside our binary and
 * LIBDIR/envpod/plugins.  A plugin is KIND-NAME.so, or a program KIND-NAME that prints the same
 * lines (docs/plugin-guide.md).  The first of a name counts.
 */
#ifndef POD_PLUGIN_FIND_H
#define POD_PLUGIN_FIND_H

#include <stdbool.h>
#include <stddef.h>

#include "libcommon/err.h"

struct plugin {
	char name[64];
	char *path;
	int fd; /* the very file that was judged */
	bool is_program;
};

struct plugins {
	struct plugin *v;
	size_t n;
};

#define OWN_PLUGINS __attribute__((cleanup(plugins_finish), unused))

void plugins_finish(struct plugins *all);

/*
 * Open one by name, into all.  Its file and its directory belong to root, or to who calls, and
 * nobody else may write to them: -EPERM, status 3, otherwise.  -ENOENT, status 2: there is none.
 */
int plugin_find(struct plugins *all, const char *name, struct err *e);

/* All of them, by name; one that may not be trusted is left out, with a word on standard error. */
int plugin_find_all(struct plugins *all, struct err *e);

#endif
