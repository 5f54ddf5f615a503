/* SPDX-License-Identifier: Apache-2.0 */
/* An archive, entry by entry, into a directory or on to standard output. */
#ifndef POD_UPLOAD_UNPACK_H
#define POD_UPLOAD_UNPACK_H

#include <stdbool.h>
#include <sys/types.h>

#include "libcommon/err.h"
#include "libcommon/marks.h"
#include "libcommon/tar.h"

struct unpack_ask {
	const char *to;    /* DEST; "-": standard output, as an archive */
	const char *as;    /* what the source is called */
	const char *owner; /* UID:GID: become that user; NULL: stay who we are */
	const char *home;  /* of that user, for what counts as sensitive */
	bool contents;     /* the source's contents, not itself, into DEST */
	bool into;         /* DEST must be a directory */
	bool foreign;      /* any tar: its own names, below DEST */
	bool guard;        /* it comes out of a pod: refuse what a pod must not leave with us */
	bool archive;      /* keep modes and times */
	bool force;        /* with guard: also what is sensitive, and links that lead out */
};

/* A directory's own mode and time come when nothing is put into it any more. */
struct late {
	char *path;
	mode_t mode;
	struct timespec mtime;
};

struct unpacker {
	const struct unpack_ask *ask;
	struct tar_reader *r;
	int dir;           /* what everything lies below; -1: it goes to standard output */
	const char *shown; /* its path, absolute */
	const char *name;  /* in there, instead of the first component; NULL: nothing */
	char *first;       /* the first component of all entries */
	struct marks *marks;
	mode_t mask;
	struct late *late;
	size_t n_late;
	bool left_out;
};

/* Every entry.  -errno where it cannot go on: what stands then is whole, file by file. */
int unpack_all(struct unpacker *u, struct err *e);
void unpack_finish(struct unpacker *u);

/* --- how one of them comes to be there (land.c); path is beneath u->dir --- */

int land_file(struct unpacker *u, const struct tar_entry *t, const char *path, struct err *e);
int land_dir(struct unpacker *u, const struct tar_entry *t, const char *path, struct err *e);
int land_symlink(struct unpacker *u, const struct tar_entry *t, const char *path, struct err *e);
int land_hardlink(struct unpacker *u, const char *target, const char *path, struct err *e);
/* The same for standard output. */
int land_pass(struct unpacker *u, const struct tar_entry *t, const char *path, struct err *e);
void land_late(struct unpacker *u);
/* Say that something was left out, and why; 0. */
int land_not(struct unpacker *u, const char *path, const char *why);

#endif
