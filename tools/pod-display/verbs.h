/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What control lines do, a function each: line is the request, one JSON object; members are added
 * to answer, which is open.  0, or -errno with e set, whose exit status and message are the answer.
 */
#ifndef POD_DISPLAY_VERBS_H
#define POD_DISPLAY_VERBS_H

#include "tools/pod-display/desk.h"

int verb_viewers(struct desk *d, const char *line, struct buf *answer, struct err *e);
int verb_lease(struct desk *d, const char *line, struct buf *answer, struct err *e);
int verb_blank(struct desk *d, const char *line, struct buf *answer, struct err *e);
int verb_clipboard(struct desk *d, const char *line, struct buf *answer, struct err *e);
int verb_resize(struct desk *d, const char *line, struct buf *answer, struct err *e);
int verb_size(struct desk *d, const char *line, struct buf *answer, struct err *e);
int verb_pointer(struct desk *d, const char *line, struct buf *answer, struct err *e);

/* The whole answer to a line, with its newline. */
void control_answer(struct desk *d, const char *line, size_t len, struct buf *out);

#endif
