/* SPDX-License-Identifier: Apache-2.0 */
/* Files compressed by zstd, as streams. */
#ifndef POD_MOUNT_ZFILE_H
#define POD_MOUNT_ZFILE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "libcommon/err.h"

struct zfile {
	int fd; /* the caller's */
	void *stream;
	unsigned char *in;
	size_t in_at, in_len;
	uint64_t left; /* bytes that may still come out */
};

#define OWN_ZFILE __attribute__((cleanup(zfile_finish)))

/* Compress what is written to fd, with a checksum over all of it. */
int zfile_write(struct zfile *z, int fd, struct err *e);
int zfile_add(struct zfile *z, const void *data, size_t len, struct err *e);
int zfile_end(struct zfile *z, struct err *e);

/*
 * Read from fd what comes out of it, at most `most` bytes (status 3 beyond: a bomb), with at most
 * 128 MiB of memory.
 */
int zfile_read(struct zfile *z, int fd, uint64_t most, struct err *e);
/* n bytes, fewer only at the end; the function of a tar_reader. */
ssize_t zfile_get(void *z, void *data, size_t n, struct err *e);

void zfile_finish(struct zfile *z);

#endif
