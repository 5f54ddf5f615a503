/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/marks.h"

#include <sys/stat.h>

#include "libcommon/own.h"
#include "libcommon/path.h"

static bool escapes(const struct track *t, const struct change *c)
{
	struct track plain = *t;
	OWN_FREE char *to = path_clean(*c->dir ? c->dir : "/", c->target);

	plain.all = false;
	return track_place(&plain, to) != TRACK_IN;
}

void marks_apply(struct marks *m, const struct track *t, struct changes *list)
{
	marks_forget_dir(m);
	for (size_t i = 0; i < list->n; i++) {
		struct change *c = &list->v[i];

		if (!change_is_dir(c) && marks_sensitive(m, c->dir, c->name))
			c->marks |= MARK_SENSITIVE;
		if (c->target && escapes(t, c))
			c->marks |= MARK_ESCAPES;
		if (S_ISREG(c->mode) && c->size > MARKS_LARGE)
			c->marks |= MARK_LARGE;
	}
}
