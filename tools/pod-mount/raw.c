/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/raw.h"

#include "libcommon/own.h"
#include "libcommon/path.h"

const char *raw_path(const struct survey *s, const struct change *c, struct buf *b)
{
	OWN_BUF struct buf path = BUF_INIT;

	buf_clear(b);
	buf_str(b, c->raw ? c->raw : survey_within(s, c->cover, change_path(c, &path)));
	return b->data;
}

int raw_open(const struct survey *s, const struct change *c, int flags)
{
	OWN_BUF struct buf raw = BUF_INIT;

	return open_beneath(survey_layer_fd(s, c->cover, c->source), raw_path(s, c, &raw), flags,
			    0);
}
