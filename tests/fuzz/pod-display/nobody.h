/* SPDX-License-Identifier: Apache-2.0 */
/* A desk whose screen is memory, and whose keyboard is nobody's. */
#ifndef FUZZ_POD_DISPLAY_NOBODY_H
#define FUZZ_POD_DISPLAY_NOBODY_H

#include <stdlib.h>

#include "tools/pod-display/viewer.h"

static int nobody_look(struct screen *s, struct err *e)
{
	(void)e;
	s->is_stale = false;
	return 0;
}

static void nobody_close(struct screen *s)
{
	(void)s;
}

static int nobody_pointer(struct screen *s, int x, int y, unsigned buttons)
{
	s->pointer_x = x < s->width ? x : s->width - 1;
	s->pointer_y = y < s->height ? y : s->height - 1;
	s->buttons = buttons;
	return 0;
}

static int nobody_key(struct screen *s, uint32_t keysym, bool down)
{
	(void)s;
	(void)keysym;
	(void)down;
	return 0;
}

static int nobody_resize(struct screen *s, int width, int height, struct err *e)
{
	(void)e;
	screen_size(s, width, height);
	return 0;
}

static int nobody_clipboard(struct screen *s, const char *text, size_t len)
{
	(void)s;
	if (len > CLIPBOARD_MAX)
		abort();
	return utf8_valid(text, len) ? 0 : -EINVAL;
}

static const struct screen_ops nobody = {
	.name = "nobody",
	.close = nobody_close,
	.finish = nobody_close,
	.look = nobody_look,
	.pointer = nobody_pointer,
	.key = nobody_key,
	.resize = nobody_resize,
	.set_clipboard = nobody_clipboard,
};

/* Made once: the encoder is not meant to come and go. */
static inline struct desk *nobody_desk(void)
{
	static struct desk d;
	struct err e = {0};

	if (d.rfb)
		return &d;
	d.screen = (struct screen){.ops = &nobody, .files = -1};
	if (screen_memory(&d.screen, &e) < 0 || desk_init(&d, &e) < 0)
		abort();
	screen_size(&d.screen, 160, 120);
	d.is_up = true;
	cut_switch(&d, true);
	if (desk_look(&d, &e) < 0)
		abort();
	return &d;
}

#endif
