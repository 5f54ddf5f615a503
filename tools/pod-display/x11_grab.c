/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pictures: DAMAGE says once that something changed, and XFixes which rectangles, when we ask; they
 * come through shared memory, packed one behind the other.  The server goes on drawing meanwhile: a
 * picture may be torn, and the damage that follows mends it.
 */
#include <stdlib.h>
#include <string.h>

#include "libcommon/own.h"
#include "tools/pod-display/x11.h"

/* More rectangles than that are fetched as one. */
#define RECTS 48
/* Without shared memory: lines of one request, so that no answer is larger than a few MiB. */
#define LINES 256

static int need(const xcb_query_extension_reply_t *ext, const char *name, struct err *e)
{
	if (ext && ext->present)
		return 0;
	return err_set(e, ENOTSUP, "the X server has no %s extension", name);
}

static void attach(struct x11 *x)
{
	const xcb_query_extension_reply_t *ext = xcb_get_extension_data(x->c, &xcb_shm_id);
	OWN_FREE xcb_generic_error_t *error = NULL;

	x->seg = 0;
	if (!x->shm || !ext || !ext->present)
		return;
	x->seg = xcb_generate_id(x->c);
	error = xcb_request_check(x->c,
				  xcb_shm_attach_checked(x->c, x->seg, (uint32_t)x->shm_id, 0));
	if (error) /* another IPC namespace, or another user: by the connection, then */
		x->seg = 0;
}

static void watch_size(struct x11 *x)
{
	const xcb_query_extension_reply_t *ext = xcb_get_extension_data(x->c, &xcb_randr_id);

	x->has_randr = ext && ext->present;
	if (!x->has_randr)
		return;
	x->randr_event = ext->first_event;
	free(xcb_randr_query_version_reply(x->c, xcb_randr_query_version(x->c, 1, 3), NULL));
	xcb_randr_select_input(x->c, x->root->root, XCB_RANDR_NOTIFY_MASK_SCREEN_CHANGE);
}

int x11_grab_open(struct x11 *x, struct err *e)
{
	const xcb_query_extension_reply_t *damage = xcb_get_extension_data(x->c, &xcb_damage_id);
	const xcb_query_extension_reply_t *fixes = xcb_get_extension_data(x->c, &xcb_xfixes_id);

	if (need(damage, "DAMAGE", e) < 0 || need(fixes, "XFIXES", e) < 0)
		return -ENOTSUP;
	x->damage_event = damage->first_event;
	x->fixes_event = fixes->first_event;
	free(xcb_damage_query_version_reply(x->c, xcb_damage_query_version(x->c, 1, 1), NULL));
	free(xcb_xfixes_query_version_reply(x->c, xcb_xfixes_query_version(x->c, 5, 0), NULL));
	x->damage = xcb_generate_id(x->c);
	xcb_damage_create(x->c, x->damage, x->root->root, XCB_DAMAGE_REPORT_LEVEL_NON_EMPTY);
	x->region = xcb_generate_id(x->c);
	xcb_xfixes_create_region(x->c, x->region, 0, NULL);
	xcb_xfixes_select_cursor_input(x->c, x->root->root,
				       XCB_XFIXES_CURSOR_NOTIFY_MASK_DISPLAY_CURSOR);
	watch_size(x);
	attach(x);
	x->all_stale = true;
	x->cursor_stale = true;
	return 0;
}

static void look_at_cursor(struct x11 *x, xcb_xfixes_get_cursor_image_cookie_t asked)
{
	OWN_FREE xcb_xfixes_get_cursor_image_reply_t *i =
		xcb_xfixes_get_cursor_image_reply(x->c, asked, NULL);
	struct cursor c;

	if (!i || i->width > CURSOR_MAX || i->height > CURSOR_MAX)
		return;
	c = (struct cursor){.width = i->width,
			    .height = i->height,
			    .hot_x = i->xhot,
			    .hot_y = i->yhot,
			    .argb = xcb_xfixes_get_cursor_image_cursor_image(i)};
	if (xcb_xfixes_get_cursor_image_cursor_image_length(i) >= c.width * c.height)
		screen_cursor(x->s, &c);
}

static void look_at_pointer(struct x11 *x, xcb_query_pointer_cookie_t asked)
{
	OWN_FREE xcb_query_pointer_reply_t *p = xcb_query_pointer_reply(x->c, asked, NULL);

	if (!p)
		return;
	x->s->pointer_x = p->root_x;
	x->s->pointer_y = p->root_y;
}

/* What was damaged, clipped to the screen; how many. */
static unsigned fetch_region(struct x11 *x, xcb_xfixes_fetch_region_cookie_t asked,
			     struct rect out[RECTS])
{
	OWN_FREE xcb_xfixes_fetch_region_reply_t *f =
		xcb_xfixes_fetch_region_reply(x->c, asked, NULL);
	const struct rect whole = {0, 0, x->s->width, x->s->height};
	const xcb_rectangle_t *r = f ? xcb_xfixes_fetch_region_rectangles(f) : NULL;
	int n = f ? xcb_xfixes_fetch_region_rectangles_length(f) : 0;
	unsigned taken = 0;

	if (x->all_stale) {
		x->all_stale = false;
		out[0] = whole;
		return 1;
	}
	if (n > RECTS) {
		r = &f->extents;
		n = 1;
	}
	for (int i = 0; i < n; i++) {
		out[taken] = (struct rect){r[i].x, r[i].y, r[i].width, r[i].height};
		taken += rect_clip(&out[taken], &whole);
	}
	return taken;
}

/* All requests first, then all answers: one trip, whatever the number. */
static int grab_shared(struct x11 *x, const struct rect *r, unsigned n)
{
	xcb_shm_get_image_cookie_t asked[RECTS];
	uint32_t at = 0;

	for (unsigned i = 0; i < n; i++) {
		asked[i] = xcb_shm_get_image(x->c, x->root->root, (int16_t)r[i].x, (int16_t)r[i].y,
					     (uint16_t)r[i].w, (uint16_t)r[i].h, ~0u,
					     XCB_IMAGE_FORMAT_Z_PIXMAP, x->seg, at);
		at += (uint32_t)r[i].w * (uint32_t)r[i].h * 4;
	}
	at = 0;
	for (unsigned i = 0; i < n; i++) {
		OWN_FREE xcb_shm_get_image_reply_t *p =
			xcb_shm_get_image_reply(x->c, asked[i], NULL);

		if (p)
			screen_take(x->s, &r[i], x->shm + at, (size_t)r[i].w * 4);
		else /* the screen became smaller: the whole again, with its new size */
			x->all_stale = true;
		at += (uint32_t)r[i].w * (uint32_t)r[i].h * 4;
	}
	return 0;
}

static void grab_band(struct x11 *x, const struct rect *r)
{
	OWN_FREE xcb_get_image_reply_t *p = xcb_get_image_reply(
		x->c,
		xcb_get_image(x->c, XCB_IMAGE_FORMAT_Z_PIXMAP, x->root->root, (int16_t)r->x,
			      (int16_t)r->y, (uint16_t)r->w, (uint16_t)r->h, ~0u),
		NULL);
	size_t stride = (size_t)r->w * 4;

	if (p && (size_t)xcb_get_image_data_length(p) >= stride * (size_t)r->h)
		screen_take(x->s, r, xcb_get_image_data(p), stride);
	else
		x->all_stale = true;
}

static void grab_sent(struct x11 *x, const struct rect *r, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		for (int y = 0; y < r[i].h; y += LINES)
			grab_band(x, &(struct rect){r[i].x, r[i].y + y, r[i].w,
						    r[i].h - y < LINES ? r[i].h - y : LINES});
}

int x11_look(struct screen *s, struct err *e)
{
	struct x11 *x = s->priv;
	xcb_xfixes_get_cursor_image_cookie_t cursor = {0};
	xcb_xfixes_fetch_region_cookie_t region;
	xcb_query_pointer_cookie_t pointer;
	bool other_cursor;
	struct rect r[RECTS];
	unsigned n;

	if (!x->c)
		return x11_gone(e);
	other_cursor = x->cursor_stale;
	s->is_stale = false;
	x->cursor_stale = false;
	s->n_damage = 0;
	xcb_damage_subtract(x->c, x->damage, XCB_NONE, x->region);
	region = xcb_xfixes_fetch_region(x->c, x->region);
	pointer = xcb_query_pointer(x->c, x->root->root);
	if (other_cursor)
		cursor = xcb_xfixes_get_cursor_image(x->c);
	n = fetch_region(x, region, r);
	look_at_pointer(x, pointer);
	if (other_cursor)
		look_at_cursor(x, cursor);
	if (x->seg)
		grab_shared(x, r, n);
	else
		grab_sent(x, r, n);
	if (x->all_stale)
		s->is_stale = true;
	return xcb_connection_has_error(x->c) ? x11_gone(e) : 0;
}
