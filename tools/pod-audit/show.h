/* SPDX-License-Identifier: Apache-2.0 */
/* One event on standard output: a row for people, or the line as it is stored. */
#ifndef POD_AUDIT_SHOW_H
#define POD_AUDIT_SHOW_H

#include <jv.h>
#include <stdbool.h>

#include "libcommon/out.h"

struct show {
	bool json;
	struct out out;
};

void show_init(struct show *s, bool json);
/* line, len: as stored, without the newline.  Consumes event. */
void show_event(struct show *s, const char *line, size_t len, jv event);

#endif
