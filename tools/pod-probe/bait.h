/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bait: what the host's side has planted or knows, for probes that could find nothing without.
 * A line is "NAME VALUE"; a NAME may come again where there are several (hidden, mount).
 */
#ifndef POD_PROBE_BAIT_H
#define POD_PROBE_BAIT_H

#include <stdbool.h>
#include <stddef.h>

#include "libcommon/err.h"

#define BAIT_MAX (256u << 10) /* bytes of all lines */

/* Read lines; the text is kept.  Status 64 for what is no such line. */
int bait_parse(const char *data, size_t len, struct err *e);
/* The same, of an open file. */
int bait_read(int fd, struct err *e);
/* The value of the i-th bait of that name; NULL: there are not so many. */
const char *bait_nth(const char *name, size_t i);
const char *bait(const char *name);
/* The number that a bait is; -1: none. */
long bait_number(const char *name);
/* text with its {NAME}s replaced; NULL: one of them is not planted.  Good until the next call. */
const char *bait_expand(const char *text);

#endif
