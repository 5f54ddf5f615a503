/* SPDX-License-Identifier: Apache-2.0 */
/* A line of an agent's: what is taken is within its bounds. */
#include <stdlib.h>

#include "tools/pod-display/wish.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_inside(const struct rect *r)
{
	return r->x >= 0 && r->y >= 0 && r->w > 0 && r->h > 0 && r->w < PICTURE_SIDE_MAX &&
	       r->h < PICTURE_SIDE_MAX;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct wish w;
	struct err e = {0};
	int r = wish_parse(&w, (const char *)data, size, &e);

	if (r < 0 && !e.msg[0])
		abort();
	if (r == 0 &&
	    ((int)w.kind >= WISH_KINDS || w.points > WISH_POINTS || w.chords > WISH_CHORDS ||
	     w.ignored > WISH_RECTS || w.text.len > WISH_TEXT_MAX ||
	     (w.text.len && !utf8_valid(w.text.data, w.text.len)) ||
	     (wish_has(&w, FIELD_REGION) && !is_inside(&w.region))))
		abort();
	wish_finish(&w);
	return 0;
}
