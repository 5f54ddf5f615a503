/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A name in a directory that is held open.  Symlinks on the way to it are followed (never those of
 * /proc that lead anywhere), the name itself never is: who moves or deletes one means the link.
 */
#ifndef POD_ACTION_PLACE_H
#define POD_ACTION_PLACE_H

#include <stdbool.h>
#include <sys/stat.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"

struct place {
	int dir;    /* O_PATH */
	char *leaf; /* no '/', neither "." nor ".." */
	char *path; /* as it was given, for messages */
	char *real; /* absolute, without a symlink on its way: what undo goes by */
};

#define PLACE_INIT        \
	{                 \
		.dir = -1 \
	}
#define OWN_PLACE __attribute__((cleanup(place_finish), unused))

int place_open(struct place *p, const char *path, struct err *e);
/* By what `real` was: a symlink that has come between says that things have changed. */
int place_open_real(struct place *p, const char *real, struct err *e);
void place_finish(struct place *p);

/* What is there: 1; nothing: 0; -errno with e set. */
int place_stat(const struct place *p, struct stat *st, struct err *e);
/* Open what is there, if it is a regular file: no symlink, no pipe to hang on. */
int place_read(const struct place *p, struct stat *st, struct err *e);

/* A new, empty file beside it, 0600; its name in *name, caller frees. */
int place_temp(const struct place *p, char **name, struct err *e);
/* Give the file of that name (place_temp()) the place's own; `replace`: also where there is one. */
int place_put(const struct place *p, const char *name, bool replace, struct err *e);

#endif
