/* SPDX-License-Identifier: Apache-2.0 */
/* How large the screen is, and where the pointer: known without looking. */
#include "libcommon/jsonw.h"
#include "tools/pod-display/acts.h"

static int tell(struct act *a, uint64_t now, struct err *e)
{
	const struct screen *s = a->acts->screen;

	(void)now;
	(void)e;
	answer_open(a);
	if (a->wish.kind == WISH_SIZE) {
		jw_knum(&a->out, "width", s->width);
		jw_knum(&a->out, "height", s->height);
	} else {
		jw_knum(&a->out, "x", s->pointer_x);
		jw_knum(&a->out, "y", s->pointer_y);
	}
	answer_close(a);
	act_done(a);
	return 0;
}

const struct deed deed_tell = {.begin = tell};
