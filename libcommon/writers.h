/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which command wrote which file: pods/NAME/writers, a line each time one was written to, or closed
 * that had been open to be written to, the oldest first:
 *
 *	HOW TIME_NS MTIME_NS SIZE INODE PID RUN COMMAND PATH
 *
 * HOW is w or c, TIME when that was heard of; MTIME, SIZE and INODE those of the file as the pod
 * saw it then; RUN and COMMAND the words of the run's own command and of the one that did it; words
 * as in words.h.  For people: nothing is decided by it.
 */
#ifndef LIBCOMMON_WRITERS_H
#define LIBCOMMON_WRITERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcommon/buf.h"

#define WRITERS_FILE "writers"
#define WRITERS_MAX  (8u << 20) /* bytes; the older half goes */

/* A file at some time. */
struct written_file {
	const char *path;
	uint64_t mtime_ns, size, ino;
};

struct written {
	struct written_file file;
	bool closed; /* and nobody says whether anything was written */
	uint64_t time_ns;
	uint64_t pid; /* in the pod */
	char *words[3];
	const char *run, *command; /* of words, as file.path */
};

struct writers {
	struct written *v; /* as in the file */
	size_t n;
	const struct written **by_path, **by_ino, **by_time; /* the newest of equal ones first */
};

/* Add a line. */
void writers_line(struct buf *b, const struct written *w);

/* Read lines; those that are not understood are left out. */
void writers_parse(struct writers *all, const char *data, size_t len);
void writers_finish(struct writers *all);

/*
 * Who wrote the file that is so now: NULL when nobody was seen to, or somebody unseen changed it
 * since.  An inode goes with a file wherever it is renamed to; a file that lay in another layer
 * when it was written had another one, and is known by its path and time, else by its time and
 * size, where these are of one file alone.
 */
const struct written *writers_find(const struct writers *all, const struct written_file *now);

#endif
