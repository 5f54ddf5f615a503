/* SPDX-License-Identifier: Apache-2.0 */
/* Members of an event, whatever somebody may have put there. */
#ifndef POD_AUDIT_MEMBER_H
#define POD_AUDIT_MEMBER_H

#include <jv.h>
#include <stdbool.h>
#include <stdint.h>

#include "libcommon/buf.h"
#include "tools/pod-audit/table.h"

/* NULL unless it is a string; the event's own, as long as that lives. */
const char *member_str(jv event, const char *key);
/* false unless it is a number that an int64_t can hold. */
bool member_num(jv event, const char *key, int64_t *n);
/* The strings of a list, as a shell would read them; false unless it is a list with any. */
bool member_words(jv event, const char *key, struct buf *out);

/* The event without what every line has, in two: what is the pod's word by the table, and the rest.
 * Consumes nothing; both are the caller's to free. */
void member_split(jv event, const struct table_row *row, jv *ours, jv *pods);

#endif
