/* SPDX-License-Identifier: Apache-2.0 */
/* The directory that files come into, and one file on its way there. */
#ifndef POD_UPLOAD_PLACE_H
#define POD_UPLOAD_PLACE_H

#include <stdint.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"

#define PLACE_DIR "/tmp/uploads"

struct place {
	const char *path; /* kept by reference */
	int dir;
	int file;     /* without a name until place_keep() */
	uint64_t max; /* bytes of a file */
};

#define PLACE_INIT                    \
	{                             \
		.dir = -1, .file = -1 \
	}

/* Open the directory, made 0700 where it is missing: no symlink, and nobody else's. */
int place_open(struct place *p, const char *path, uint64_t max, struct err *e);
void place_finish(struct place *p);

/* From here on this process makes files in there and does nothing else: before the first byte. */
int place_lock_down(const struct place *p, struct err *e);

/* A file without a name for that many bytes: -EFBIG beyond max, -ENOSPC where they do not fit. */
int place_begin(struct place *p, uint64_t size, struct err *e);
int place_write(struct place *p, const void *data, size_t n, struct err *e);
/* Give it that name, with a number where others have it; the name it got is in name. */
int place_keep(struct place *p, const char *wanted, struct buf *name, struct err *e);

#endif
