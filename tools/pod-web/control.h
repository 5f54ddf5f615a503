/* SPDX-License-Identifier: Apache-2.0 */
/* What a person may ask of a desktop's display. */
#ifndef POD_WEB_CONTROL_H
#define POD_WEB_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcommon/buf.h"

enum wish_kind { WISH_LEASE, WISH_BLANK, WISH_RESIZE };

struct wish {
	enum wish_kind kind;
	int64_t value[2]; /* viewer, seconds; on; width, height */
};

/* {"do":"lease","viewer":N,"seconds":N}, {"do":"blank","on":true}, {"do":"resize","width":W,
 * "height":H}: each member once, no other, within bounds.  False: it is none of these. */
bool wish_parse(struct wish *w, const char *data, size_t len);
/* The same as a line for pod-display. */
void wish_line(const struct wish *w, struct buf *out);

#endif
