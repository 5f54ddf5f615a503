/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tar archives that diff --export writes and apply reads: POSIX pax, an extended header before
 * each member, whose records are what counts; any tar can list and unpack them.
 */
#ifndef LIBCOMMON_TAR_H
#define LIBCOMMON_TAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"

#define TAR_HEADER_MAX (2u << 20) /* bytes of one extended header */

struct tar_record {
	char *key;
	char *value; /* NUL-ended behind len */
	size_t len;
};

struct tar_entry {
	char type; /* '0' file, '2' symlink, '3' device 0:0, '5' directory, '6' fifo */
	unsigned mode;
	uint64_t uid, gid, size;
	struct timespec mtime;
	struct tar_record *v; /* path, linkpath, and what the caller adds */
	size_t n;
};

#define OWN_TAR_ENTRY __attribute__((cleanup(tar_entry_finish)))

void tar_record(struct tar_entry *t, const char *key, const void *value, size_t len);
void tar_record_str(struct tar_entry *t, const char *key, const char *value);
/* NULL when there is none. */
const struct tar_record *tar_find(const struct tar_entry *t, const char *key);
const char *tar_str(const struct tar_entry *t, const char *key);
void tar_entry_finish(struct tar_entry *t);

/* Append the headers of an entry; `size` bytes of content follow, then tar_pad(). */
void tar_put(struct buf *out, const struct tar_entry *t);
void tar_pad(struct buf *out, uint64_t size);
void tar_end(struct buf *out);

/* Reading: the source fills n bytes unless it ends before; -errno, and it has said so in e. */
struct tar_reader {
	ssize_t (*read)(void *from, void *data, size_t n, struct err *e);
	void *from;
	uint64_t left, pad; /* of the current entry's content */
	/* What any tar writes: ustar, GNU's long names and numbers, pax headers where there are
	 * any, hard links ('1').  The records of an entry have its path (and linkpath) all the
	 * same. */
	bool foreign;
};

/* The next entry, what is left of the one before passed over: 1; 0 at the end.  Anything but what
 * tar_put() writes is -EINVAL, unless the reader is for foreign ones. */
int tar_next(struct tar_reader *r, struct tar_entry *t, struct err *e);
/* Up to n bytes of its content; 0 behind it. */
ssize_t tar_read(struct tar_reader *r, void *data, size_t n, struct err *e);

#endif
