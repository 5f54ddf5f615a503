/* SPDX-License-Identifier: Apache-2.0 */
/* What a line of the audit log says in its head, without reading all of it. */
#ifndef POD_MONITOR_LINE_H
#define POD_MONITOR_LINE_H

#include <stddef.h>

#define LINE_WORD 64

struct line {
	char src[LINE_WORD], event[LINE_WORD];
	char name[LINE_WORD], type[LINE_WORD]; /* of an action of the queue */
};

/* Members that are not there are "" ; so is a word too long for its place. */
void line_read(struct line *l, const char *text, size_t len);

/* The value that follows key, which ends with its opening quote, as it stands there; "" as above.
 */
void line_word(const char *text, size_t len, const char *key, char out[LINE_WORD]);

#endif
