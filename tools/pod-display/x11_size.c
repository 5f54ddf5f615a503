/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Another size, by RandR: a mode of our own is given to the output, and goes again when another one
 * is there.  Xvfb can become no larger than it began.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/own.h"
#include "tools/pod-display/x11.h"

#define PREFIX "envpod-" /* of the modes that are ours */

struct size {
	struct x11 *x;
	int width, height;
	xcb_randr_get_screen_resources_reply_t *all;
	xcb_randr_output_t output;
	xcb_randr_crtc_t crtc;
	xcb_timestamp_t since;
};

static void size_finish(struct size *z)
{
	free(z->all);
}

static int find_output(struct size *z, struct err *e)
{
	const xcb_randr_output_t *o;
	const xcb_randr_crtc_t *c;

	z->all = xcb_randr_get_screen_resources_reply(
		z->x->c, xcb_randr_get_screen_resources(z->x->c, z->x->root->root), NULL);
	if (!z->all || z->all->num_outputs == 0 || z->all->num_crtcs == 0)
		return err_set(e, ENOTSUP, "the X server has no output whose size could change");
	o = xcb_randr_get_screen_resources_outputs(z->all);
	c = xcb_randr_get_screen_resources_crtcs(z->all);
	z->output = o[0];
	z->crtc = c[0];
	z->since = z->all->config_timestamp;
	return 0;
}

static int check_range(const struct size *z, struct err *e)
{
	OWN_FREE xcb_randr_get_screen_size_range_reply_t *r = xcb_randr_get_screen_size_range_reply(
		z->x->c, xcb_randr_get_screen_size_range(z->x->c, z->x->root->root), NULL);

	if (!r)
		return x11_gone(e);
	if (z->width > r->max_width || z->height > r->max_height)
		return err_set(e, ERANGE, "%dx%d is more than the X server began with (%ux%u)",
			       z->width, z->height, r->max_width, r->max_height);
	return 0;
}

/* Calls fn for each mode: its name is in one string with all others. */
static xcb_randr_mode_t each_mode(const struct size *z,
				  bool (*fn)(const struct size *, const xcb_randr_mode_info_t *,
					     const char *name))
{
	xcb_randr_mode_info_iterator_t m = xcb_randr_get_screen_resources_modes_iterator(z->all);
	const char *name = (const char *)xcb_randr_get_screen_resources_names(z->all);

	for (; m.rem > 0; name += m.data->name_len, xcb_randr_mode_info_next(&m))
		if (fn(z, m.data, name))
			return m.data->id;
	return XCB_NONE;
}

static bool is_that_size(const struct size *z, const xcb_randr_mode_info_t *m, const char *name)
{
	(void)name;
	return m->width == z->width && m->height == z->height;
}

/* Ours, and not the one that is being shown: it goes. */
static bool drop_other(const struct size *z, const xcb_randr_mode_info_t *m, const char *name)
{
	if (m->name_len >= sizeof(PREFIX) - 1 && memcmp(name, PREFIX, sizeof(PREFIX) - 1) == 0 &&
	    !is_that_size(z, m, name)) {
		xcb_randr_delete_output_mode(z->x->c, z->output, m->id);
		xcb_randr_destroy_mode(z->x->c, m->id);
	}
	return false;
}

static int make_mode(struct size *z, xcb_randr_mode_t *mode, struct err *e)
{
	OWN_FREE xcb_randr_create_mode_reply_t *made = NULL;
	char name[32];
	int len = snprintf(name, sizeof(name), PREFIX "%dx%d", z->width, z->height);
	xcb_randr_mode_info_t m = {
		.width = (uint16_t)z->width,
		.height = (uint16_t)z->height,
		.dot_clock = (uint32_t)(z->width + 160) * (uint32_t)(z->height + 30) * 60,
		.hsync_start = (uint16_t)(z->width + 48),
		.hsync_end = (uint16_t)(z->width + 80),
		.htotal = (uint16_t)(z->width + 160),
		.vsync_start = (uint16_t)(z->height + 3),
		.vsync_end = (uint16_t)(z->height + 8),
		.vtotal = (uint16_t)(z->height + 30),
		.name_len = (uint16_t)len,
	};

	made = xcb_randr_create_mode_reply(
		z->x->c, xcb_randr_create_mode(z->x->c, z->x->root->root, m, (uint32_t)len, name),
		NULL);
	if (!made)
		return err_set(e, EIO, "make a mode of %dx%d", z->width, z->height);
	*mode = made->mode;
	xcb_randr_add_output_mode(z->x->c, z->output, *mode);
	return 0;
}

static bool show_mode(const struct size *z, xcb_randr_mode_t mode)
{
	OWN_FREE xcb_randr_set_crtc_config_reply_t *set = xcb_randr_set_crtc_config_reply(
		z->x->c,
		xcb_randr_set_crtc_config(z->x->c, z->crtc, XCB_CURRENT_TIME, z->since, 0, 0, mode,
					  XCB_RANDR_ROTATION_ROTATE_0, mode != XCB_NONE,
					  &z->output),
		NULL);

	return set && set->status == XCB_RANDR_SET_CONFIG_SUCCESS;
}

/* Off, the screen's size, on: a mode must fit the screen at any time. */
static int change(const struct size *z, xcb_randr_mode_t mode, struct err *e)
{
	bool is_shown;

	xcb_grab_server(z->x->c);
	show_mode(z, XCB_NONE);
	xcb_randr_set_screen_size(z->x->c, z->x->root->root, (uint16_t)z->width,
				  (uint16_t)z->height, (uint32_t)z->width * 254 / 960,
				  (uint32_t)z->height * 254 / 960);
	is_shown = show_mode(z, mode);
	xcb_ungrab_server(z->x->c);
	return is_shown ? 0 : err_set(e, EIO, "change the screen to %dx%d", z->width, z->height);
}

int x11_resize(struct screen *s, int width, int height, struct err *e)
{
	struct x11 *x = s->priv;
	OWN(size_finish) struct size z = {.x = x, .width = width, .height = height};
	xcb_randr_mode_t mode;
	int r;

	if (!x->c)
		return x11_gone(e);
	if (width < SCREEN_MIN || height < SCREEN_MIN || width > SCREEN_MAX_WIDTH ||
	    height > SCREEN_MAX_HEIGHT)
		return err_set(e, ERANGE, "a screen is from %dx%d to %dx%d", SCREEN_MIN, SCREEN_MIN,
			       SCREEN_MAX_WIDTH, SCREEN_MAX_HEIGHT);
	if (width == s->width && height == s->height)
		return 0;
	if (!x->has_randr)
		return err_set(e, ENOTSUP, "the X server has no RANDR extension");
	r = find_output(&z, e);
	if (r == 0)
		r = check_range(&z, e);
	if (r < 0)
		return r;
	mode = each_mode(&z, is_that_size);
	if (mode == XCB_NONE)
		r = make_mode(&z, &mode, e);
	if (r == 0)
		r = change(&z, mode, e);
	if (r == 0)
		each_mode(&z, drop_other);
	xcb_flush(x->c);
	return r;
}
