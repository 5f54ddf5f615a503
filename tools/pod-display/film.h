/* SPDX-License-Identifier: Apache-2.0 */
/* Pieces of the screen as they come from the display, made into a WebM file. */
#ifndef POD_DISPLAY_FILM_H
#define POD_DISPLAY_FILM_H

#include <stdint.h>

#include "libcommon/err.h"

struct film_bounds {
	int64_t fps;
	uint64_t ms, bytes; /* it ends when it is as long, or as large */
};

/* Until a bound is reached, SIGINT or SIGTERM comes, or the display ends: 0, and the file is whole.
 */
int film_make(const char *socket, int fd, const struct film_bounds *bounds, struct err *e);

#endif
