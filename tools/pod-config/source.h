/* SPDX-License-Identifier: Apache-2.0 */
/* A pod file named on the command line, and the origin that follows from it. */
#ifndef POD_CONFIG_SOURCE_H
#define POD_CONFIG_SOURCE_H

#include "libcommon/buf.h"
#include "tools/pod-config/podfile.h"

struct source {
	struct origin origin;
	struct buf bytes;
	char *dir, *cwd; /* what origin points to */
};

#define OWN_SOURCE __attribute__((cleanup(source_finish), unused))

/* Load file ("-": standard input; NULL: an empty one).  cwd NULL: the current directory. */
int source_open(struct source *s, const char *file, const char *cwd, struct err *e);
void source_finish(struct source *s);

#endif
