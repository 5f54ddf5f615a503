/* SPDX-License-Identifier: Apache-2.0 */
/* Connections to what listens in the pod, and the lines it says there: hostile, every byte. */
#ifndef POD_WEB_PODSIDE_H
#define POD_WEB_PODSIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcommon/buf.h"

#define PODSIDE_LINE 4096 /* bytes of one, with its newline */

/* A connection to sock/NAME below our root, not blocking; -errno. */
int podside_connect(const char *name);

/*
 * Read on until a line is there: 1, in line, without its newline; 0, more is to come; -EPIPE at the
 * end, -EPROTO when it is too long, else -errno.  What comes behind it stays in `in`.
 */
int podside_line(int fd, struct buf *in, struct buf *line);

/* {"ok":true,"path":…,"size":N} or {"ok":false,"error":…,"message":…}, and members that nobody
 * asked about. */
struct podside_answer {
	bool ok;
	char error[32], message[512], path[1024];
	int64_t size; /* -1: none */
};
/* False: it is none. */
bool podside_answer(struct podside_answer *a, const char *line, size_t len);

#endif
