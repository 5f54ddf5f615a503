/* SPDX-License-Identifier: Apache-2.0 */
/* commit --output: the chosen entries written below another directory, the host left alone. */
#ifndef POD_MOUNT_OUTPUT_H
#define POD_MOUNT_OUTPUT_H

#include <stddef.h>

#include "libcommon/err.h"
#include "tools/pod-mount/survey.h"

/*
 * Copy every chosen addition and modification to dir/ABSOLUTE-PATH, replacing what is there file by
 * file.  Deletions have no place in it.  *files: how many were written, directories not counted.
 */
int output_write(struct survey *s, const char *dir, size_t *files, struct err *e);

#endif
