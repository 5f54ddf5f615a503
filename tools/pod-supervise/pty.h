/* SPDX-License-Identifier: Apache-2.0 */
/* The terminal of a background run. */
#ifndef POD_SUPERVISE_PTY_H
#define POD_SUPERVISE_PTY_H

#include "libcommon/err.h"

/* A new pair of 24 rows and 80 columns, both close-on-exec; the master does not block. */
/* The other end once more, when all that had it open have closed it, or lost it. */
int pty_again(int master, struct err *e);
int pty_open(int *master, int *slave, struct err *e);

/* In a child: become a session of its own on the slave, with 0, 1 and 2 on it.  -errno. */
int pty_enter(int slave);

void pty_resize(int fd, unsigned rows, unsigned columns);

#endif
