/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pictures.  One copy is always under way: the compositor makes it when something has changed, and
 * the next one is asked for when this one has been looked at.  So nothing happens while nothing
 * changes, and a slow looker gets fewer pictures.  Its damage is one box around all that changed:
 * screen_take() finds out what did.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <wayland-client.h>

#include "libcommon/own.h"
#include "protocols/wlr-screencopy-unstable-v1.h"
#include "tools/pod-display/wayland.h"

#define MEMORY ((size_t)SCREEN_MAX_WIDTH * SCREEN_MAX_HEIGHT * 4)

int wayland_grab_init(struct wayland *w, struct err *e)
{
	w->memory = memfd_create("envpod-screen", MFD_CLOEXEC);
	if (w->memory < 0 || ftruncate(w->memory, (off_t)MEMORY) < 0)
		return err_set(e, errno, "make memory for the screen");
	w->pixels = mmap(NULL, MEMORY, PROT_READ, MAP_SHARED, w->memory, 0);
	if (w->pixels == MAP_FAILED) {
		w->pixels = NULL;
		return err_set(e, errno, "map memory for the screen");
	}
	return 0;
}

void wayland_grab_finish(struct wayland *w)
{
	if (w->pixels)
		munmap(w->pixels, MEMORY);
	own_close(&w->memory);
}

static void ask(struct wayland *w);

static void drop_frame(struct wayland *w)
{
	if (w->frame)
		zwlr_screencopy_frame_v1_destroy(w->frame);
	w->frame = NULL;
}

static void drop_buffer(struct wayland *w)
{
	if (w->buffer)
		wl_buffer_destroy(w->buffer);
	w->buffer = NULL;
}

/* --- a copy on its way --- */

static void on_buffer(void *data, struct zwlr_screencopy_frame_v1 *frame, uint32_t format,
		      uint32_t width, uint32_t height, uint32_t stride)
{
	struct wayland *w = data;

	(void)frame;
	if (format != WL_SHM_FORMAT_XRGB8888 && format != WL_SHM_FORMAT_ARGB8888)
		return;
	w->next_format = format;
	w->next_width = width;
	w->next_height = height;
	w->next_stride = stride;
}

static bool fits(const struct wayland *w)
{
	return w->next_width >= 1 && w->next_width <= SCREEN_MAX_WIDTH && w->next_height >= 1 &&
	       w->next_height <= SCREEN_MAX_HEIGHT && w->next_stride >= w->next_width * 4 &&
	       w->next_stride % 4 == 0 && (uint64_t)w->next_stride * w->next_height <= MEMORY;
}

static void make_buffer(struct wayland *w)
{
	drop_buffer(w);
	w->format = w->next_format;
	w->width = w->next_width;
	w->height = w->next_height;
	w->stride = w->next_stride;
	w->buffer = wl_shm_pool_create_buffer(w->pool, 0, (int32_t)w->width, (int32_t)w->height,
					      (int32_t)w->stride, w->format);
	w->is_first = true; /* what lies in there is of another size */
}

static void copy(struct wayland *w)
{
	bool same = w->buffer && w->format == w->next_format && w->width == w->next_width &&
		    w->height == w->next_height && w->stride == w->next_stride;

	if (!fits(w)) {
		w->is_ready = false; /* a screen that we cannot show */
		return;
	}
	if (!same)
		make_buffer(w);
	w->damage = (struct rect){0, 0, 0, 0};
	if (w->is_first)
		zwlr_screencopy_frame_v1_copy(w->frame, w->buffer);
	else
		zwlr_screencopy_frame_v1_copy_with_damage(w->frame, w->buffer);
}

static void on_flags(void *data, struct zwlr_screencopy_frame_v1 *frame, uint32_t flags)
{
	struct wayland *w = data;

	(void)frame;
	w->is_flipped = flags & ZWLR_SCREENCOPY_FRAME_V1_FLAGS_Y_INVERT;
}

static void on_ready(void *data, struct zwlr_screencopy_frame_v1 *frame, uint32_t sec_hi,
		     uint32_t sec_lo, uint32_t nsec)
{
	struct wayland *w = data;
	struct screen *s = w->s;

	(void)frame;
	(void)sec_hi;
	(void)sec_lo;
	(void)nsec;
	drop_frame(w);
	if ((int)w->width != s->width || (int)w->height != s->height)
		screen_size(s, (int)w->width, (int)w->height);
	if (w->is_first || !w->damage.w)
		w->damage = (struct rect){0, 0, s->width, s->height};
	w->is_first = false;
	w->is_taken = true;
	s->is_stale = true;
}

/* The output was resized or switched off under it: what it has now is asked for. */
static void on_failed(void *data, struct zwlr_screencopy_frame_v1 *frame)
{
	struct wayland *w = data;

	(void)frame;
	drop_frame(w);
	w->is_first = true;
	ask(w);
}

static void on_damage(void *data, struct zwlr_screencopy_frame_v1 *frame, uint32_t x, uint32_t y,
		      uint32_t width, uint32_t height)
{
	struct wayland *w = data;
	struct rect r, screen = {0, 0, (int)w->width, (int)w->height}, *d = &w->damage;

	(void)frame;
	if (x > SCREEN_MAX_WIDTH || y > SCREEN_MAX_HEIGHT || width > SCREEN_MAX_WIDTH ||
	    height > SCREEN_MAX_HEIGHT)
		return;
	r = (struct rect){(int)x, (int)y, (int)width, (int)height};
	if (!rect_clip(&r, &screen))
		return;
	if (d->w > 0) {
		int right = d->x + d->w > r.x + r.w ? d->x + d->w : r.x + r.w;
		int bottom = d->y + d->h > r.y + r.h ? d->y + d->h : r.y + r.h;

		r.x = d->x < r.x ? d->x : r.x;
		r.y = d->y < r.y ? d->y : r.y;
		r.w = right - r.x;
		r.h = bottom - r.y;
	}
	*d = r;
}

static void on_dmabuf(void *data, struct zwlr_screencopy_frame_v1 *frame, uint32_t format,
		      uint32_t width, uint32_t height)
{
	(void)data;
	(void)frame;
	(void)format;
	(void)width;
	(void)height;
}

static void on_buffer_done(void *data, struct zwlr_screencopy_frame_v1 *frame)
{
	(void)frame;
	copy(data);
}

static const struct zwlr_screencopy_frame_v1_listener listener = {
	.buffer = on_buffer,
	.flags = on_flags,
	.ready = on_ready,
	.failed = on_failed,
	.damage = on_damage,
	.linux_dmabuf = on_dmabuf,
	.buffer_done = on_buffer_done,
};

static void ask(struct wayland *w)
{
	w->next_width = 0;
	/* With the pointer in it: no protocol tells its shape, and a headless output draws it
	 * anyway. */
	w->frame = zwlr_screencopy_manager_v1_capture_output(w->copies, 1, w->output);
	zwlr_screencopy_frame_v1_add_listener(w->frame, &listener, w);
}

/* --- the backend's --- */

void wayland_grab_open(struct wayland *w)
{
	w->pool = wl_shm_create_pool(w->shm, w->memory, (int32_t)MEMORY);
	w->is_first = true;
	w->is_taken = false;
	/* Viewers draw none besides. */
	screen_cursor(w->s, &(struct cursor){.width = 1, .height = 1, .argb = &(uint32_t){0}});
	ask(w);
}

void wayland_grab_close(struct wayland *w)
{
	drop_frame(w);
	drop_buffer(w);
	if (w->pool)
		wl_shm_pool_destroy(w->pool);
	w->pool = NULL;
	w->is_taken = false;
}

static void take_flipped(struct wayland *w)
{
	for (int y = 0; y < w->s->height; y++)
		screen_take(w->s, &(struct rect){0, y, w->s->width, 1},
			    w->pixels + (size_t)(w->height - 1 - (uint32_t)y) * w->stride,
			    w->stride);
}

int wayland_look(struct screen *s, struct err *e)
{
	struct wayland *w = s->priv;

	if (!w->display)
		return wayland_gone(e);
	s->is_stale = false;
	s->n_damage = 0;
	if (w->is_taken && w->is_flipped)
		take_flipped(w);
	else if (w->is_taken)
		screen_take(s, &w->damage,
			    w->pixels + (size_t)w->damage.y * w->stride + (size_t)w->damage.x * 4,
			    w->stride);
	if (w->is_taken) {
		w->is_taken = false;
		ask(w);
		wl_display_flush(w->display);
	}
	return 0;
}
