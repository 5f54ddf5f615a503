/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a run said, on disk: at most RUNLOG_MAX bytes, and as many of before in the file beside it.
 * Both files are opened at the start, so that the process that writes them needs no names.
 */
#ifndef POD_SUPERVISE_RUNLOG_H
#define POD_SUPERVISE_RUNLOG_H

#include <stdbool.h>
#include <sys/types.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"

#define RUNLOG_MAX (16 << 20)

struct runlog {
	int fd, old;
	off_t size, begin; /* bytes in fd; where this run's begin */
	off_t max;         /* RUNLOG_MAX but in tests */
	bool failing;      /* the disk was full; what comes meanwhile is lost to the log */
};

#define RUNLOG_INIT                 \
	{                           \
		.fd = -1, .old = -1 \
	}

/* Open NAME.log and NAME.1.log… beneath dirfd, both made when missing (0600). */
int runlog_open(struct runlog *l, int dirfd, const char *name, const char *old, struct err *e);
void runlog_finish(struct runlog *l);

/* Append.  A full disk is no reason to stop a run: the bytes are dropped, a remark follows later.
 */
void runlog_write(struct runlog *l, const char *data, size_t len);

/* The last bytes of this run, at most max, from the beginning of a line. */
void runlog_tail(const struct runlog *l, size_t max, struct buf *out);

#endif
