/* SPDX-License-Identifier: Apache-2.0 */
/* Ranges of line numbers, as they come, in order: neighbours join, and of many the first are kept.
 */
#ifndef POD_AUDIT_SPANS_H
#define POD_AUDIT_SPANS_H

#include <stddef.h>
#include <stdint.h>

#include "libcommon/buf.h"

#define SPANS_MAX 32

struct spans {
	struct {
		uint64_t from, to;
	} v[SPANS_MAX];
	size_t n;
	uint64_t lines; /* in all, also of those that are not kept */
};

void spans_add(struct spans *s, uint64_t from, uint64_t to);
void spans_join(struct spans *s, const struct spans *behind);

/* "1-5, 7" for people, [[1,5],[7,7]] for programs. */
void spans_text(const struct spans *s, struct buf *b);
void spans_json(const struct spans *s, struct buf *b);

#endif
