/* SPDX-License-Identifier: Apache-2.0 */
/* Whole reads and writes.  Leaf helpers: they return -errno and write no message. */
#ifndef LIBCOMMON_IO_H
#define LIBCOMMON_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "libcommon/buf.h"

int write_full(int fd, const void *data, size_t len);
/* Up to len bytes; fewer only at the end of the file.  Returns the count. */
ssize_t read_full(int fd, void *data, size_t len);

/*
 * One write(2) of whole lines, at most max bytes of them, which leave data; to a pipe that others
 * write to, where PIPE_BUF keeps lines whole.  False: the reader must read first.  Where nobody
 * listens any more they are let go.
 */
bool write_lines(int fd, char *data, size_t *len, size_t max);

/* Append all of fd / of the file beneath dirfd to b; -EFBIG beyond max bytes. */
int read_fd(int fd, struct buf *b, size_t max);
int read_file_at(int dirfd, const char *name, struct buf *b, size_t max);

/* The first line of a small file, without its newline, into out[size]. */
int read_line_at(int dirfd, const char *name, char *out, size_t size);

/* Replace a file of dirfd (a name, no path) in one step: temporary file, rename; with sync: fsync
 * of file and directory. */
int write_file_at(int dirfd, const char *name, const void *data, size_t len, int mode, bool sync);

/* One write(2) to an existing file of a pseudo filesystem (cgroup, proc). */
int poke_at(int dirfd, const char *name, const char *text);

#endif
