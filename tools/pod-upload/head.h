/* SPDX-License-Identifier: Apache-2.0 */
/* The first line of an upload: {"name":…,"size":N}. */
#ifndef POD_UPLOAD_HEAD_H
#define POD_UPLOAD_HEAD_H

#include <stdint.h>

#include "libcommon/buf.h"

#define HEAD_MAX 4096 /* bytes of the line */

struct head {
	struct buf name; /* cleaned: name.h */
	uint64_t size;
};

void head_finish(struct head *h);

/* -EINVAL with why in *why, and the word for it in *code. */
int head_parse(struct head *h, const char *line, size_t len, const char **code, const char **why);

#endif
