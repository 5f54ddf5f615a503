/* SPDX-License-Identifier: Apache-2.0 */
/* Events that strangers hand in: checked, and put into the one shape (envpod-event(5)). */
#ifndef POD_AUDIT_EVENT_H
#define POD_AUDIT_EVENT_H

#include "libcommon/buf.h"
#include "libcommon/err.h"

/*
 * Append to out, with a newline, the line's object with v, ts, pod, src and event first, v, ts and
 * pod filled in when missing, seq and chain taken out.  -EINVAL with the reason in e: no object,
 * too long, another pod's, a value of the wrong kind.
 */
int event_take(struct buf *out, const char *pod, const char *line, size_t len, struct err *e);

#endif
