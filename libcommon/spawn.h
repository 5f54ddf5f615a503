/* SPDX-License-Identifier: Apache-2.0 */
/* Finding and running the other tools, and finding our data. */
#ifndef LIBCOMMON_SPAWN_H
#define LIBCOMMON_SPAWN_H

#include <stddef.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"

/*
 * Where a tool is: the directories of $ENVPOD_TOOLS (':' between them), the directory of our own
 * binary, LIBEXECDIR.  Caller frees; NULL with e set (status 127) when there is none.  What has a
 * '/' in it is a program of the host, and its own path.
 */
char *tool_path(const char *name, struct err *e);
/* Is the tool somebody else's, put in front by ENVPOD_TOOLS? */
int tool_is_foreign(const char *name);
/*
 * Tools that are linked into this program.  From now on starting or becoming one of them calls its
 * main() instead of executing it, unless ENVPOD_TOOLS has one by that name: the same words, the
 * same status, and closed is what exec would have closed.
 */
struct inside {
	const char *name;
	int (*main)(int argc, char **argv);
};
void spawn_inside(const struct inside *tools); /* ended by {0}; kept */
/* The tool's main() if it is inside, else NULL. */
int (*tool_inside(const char *name))(int argc, char **argv);
/* Call it with a NULL-ended argv and end with its status. */
void tool_call(int (*tool)(int argc, char **argv), char *const argv[]) __attribute__((noreturn));
/* A file of share/: $ENVPOD_DATA_DIR, ../share/envpod beside our binary's directory, the checkout
 * we were built in, DATADIR.  Caller frees. */
char *data_path(const char *file);
/* Where the commands lie that an agent may call in its pod.  Caller frees. */
char *agent_dir(void);

struct spawn_io {
	int in, out, err; /* descriptors for the child's 0, 1, 2; -1: ours */
};

/* Run argv[0] as a tool and wait.  The exit status (128+N for a signal), or -errno with e set. */
int spawn_wait(char *const argv[], const struct spawn_io *io, struct err *e);
/* Run it with the standard input we have, and take at most max bytes of what it prints.  As
 * spawn_wait(); whoever prints more is not waited for with a full pipe. */
int spawn_capture(char *const argv[], struct buf *out, size_t max, struct err *e);
/* Start only; the pid, or -errno with e set. */
int spawn_start(char *const argv[], const struct spawn_io *io, struct err *e);
/* Wait for it: exit status as above. */
int spawn_reap(int pid);
/* Become the tool.  Returns only on failure, -errno with e set (status 125, 126 or 127). */
int spawn_exec(char *const argv[], struct err *e);

#endif
