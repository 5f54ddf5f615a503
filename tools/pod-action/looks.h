/* SPDX-License-Identifier: Apache-2.0 */
/* What an entry has besides its content: owner, mode, extended attributes, times. */
#ifndef POD_ACTION_LOOKS_H
#define POD_ACTION_LOOKS_H

#include <stdbool.h>
#include <sys/stat.h>

#include "libcommon/tar.h"

/* Could we give one like it the same owner and group? */
bool looks_ours(const struct stat *st);

/* Add the attributes of an open file or directory as records "ENVPOD.attr.NAME".  -EPERM: it has
 * some that we could not set. */
int looks_record(int fd, struct tar_entry *t);
/* Give an open file or directory all that the entry says, its time last.  -errno. */
int looks_apply(int fd, const struct tar_entry *t);
/* Give `to` owner, mode and attributes of `from`.  -errno; -EPERM where it cannot have them. */
int looks_copy(int from, const struct stat *st, int to);

#endif
