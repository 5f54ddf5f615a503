/* SPDX-License-Identifier: Apache-2.0 */
/* What a command's end and words become: the status and the body of an answer. */
#ifndef POD_DASH_BODY_H
#define POD_DASH_BODY_H

#include "tools/pod-dash/ask.h"

/* {"error":WHY,"code":EXIT STATUS} */
void body_error(struct buf *body, const char *why, int code);

/* The answer to a command that ended with that status: the status of HTTP. */
unsigned body_make(struct buf *body, const struct route *r, const struct ask *a, int status,
		   const struct buf *output, const struct buf *error);

#endif
