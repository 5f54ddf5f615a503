/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What has come is compared with what was there, tile by tile: programs redraw what did not change
 * (a cursor's blink, a whole window for one letter), and a comparison costs a hundredth of encoding
 * it for each viewer.
 */
#include "tools/pod-display/screen.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "libcommon/buf.h"

#define TILE_W 64
#define TILE_H 16
#define MEMORY ((size_t)SCREEN_MAX_WIDTH * SCREEN_MAX_HEIGHT * 4)

/* Reserved once, taken as it is touched: a change of size moves nothing and can fail nowhere. */
int screen_memory(struct screen *s, struct err *e)
{
	void *p = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return err_set(e, errno, "reserve memory for the screen");
	s->pixels = p;
	return 0;
}

bool rect_clip(struct rect *r, const struct rect *to)
{
	int left = r->x > to->x ? r->x : to->x, top = r->y > to->y ? r->y : to->y;
	int right = r->x + r->w < to->x + to->w ? r->x + r->w : to->x + to->w;
	int bottom = r->y + r->h < to->y + to->h ? r->y + r->h : to->y + to->h;

	*r = (struct rect){left, top, right - left, bottom - top};
	return r->w > 0 && r->h > 0;
}

static struct rect around(const struct rect *a, const struct rect *b)
{
	int left = a->x < b->x ? a->x : b->x, top = a->y < b->y ? a->y : b->y;
	int right = a->x + a->w > b->x + b->w ? a->x + a->w : b->x + b->w;
	int bottom = a->y + a->h > b->y + b->h ? a->y + a->h : b->y + b->h;

	return (struct rect){left, top, right - left, bottom - top};
}

void screen_damage(struct screen *s, const struct rect *r)
{
	struct rect *last = s->n_damage > 0 ? &s->damage[s->n_damage - 1] : NULL;

	/* The next band of the same columns. */
	if (last && last->x == r->x && last->w == r->w && last->y + last->h == r->y)
		last->h += r->h;
	else if (s->n_damage < SCREEN_RECTS)
		s->damage[s->n_damage++] = *r;
	else
		*last = around(last, r);
}

void screen_size(struct screen *s, int width, int height)
{
	s->width = width;
	s->height = height;
	s->stride = (size_t)width * sizeof(*s->pixels);
	s->resizes++;
	memset(s->pixels, 0, s->stride * (size_t)height);
	s->n_damage = 0;
	s->is_stale = true;
}

/* Copies the tile where it differs. */
static bool take_tile(struct screen *s, const struct rect *t, const uint8_t *from, size_t stride)
{
	uint8_t *to = (uint8_t *)s->pixels + (size_t)t->y * s->stride + (size_t)t->x * 4;
	size_t bytes = (size_t)t->w * 4;
	int y = 0;

	while (y < t->h &&
	       memcmp(to + (size_t)y * s->stride, from + (size_t)y * stride, bytes) == 0)
		y++;
	if (y == t->h)
		return false;
	for (; y < t->h; y++)
		memcpy(to + (size_t)y * s->stride, from + (size_t)y * stride, bytes);
	return true;
}

/* One row of tiles; neighbours that differ are one piece of damage. */
static void take_band(struct screen *s, const struct rect *band, const uint8_t *from, size_t stride)
{
	struct rect run = {band->x, band->y, 0, band->h};

	for (int x = band->x; x < band->x + band->w; x += TILE_W) {
		struct rect t = {x, band->y, TILE_W, band->h};

		if (t.x + t.w > band->x + band->w)
			t.w = band->x + band->w - t.x;
		if (take_tile(s, &t, from + (size_t)(x - band->x) * 4, stride)) {
			run.w += t.w;
			continue;
		}
		if (run.w > 0)
			screen_damage(s, &run);
		run.x = t.x + t.w;
		run.w = 0;
	}
	if (run.w > 0)
		screen_damage(s, &run);
}

void screen_take(struct screen *s, const struct rect *r, const uint8_t *from, size_t stride)
{
	for (int y = 0; y < r->h; y += TILE_H) {
		struct rect band = {r->x, r->y + y, r->w, r->h - y < TILE_H ? r->h - y : TILE_H};

		take_band(s, &band, from + (size_t)y * stride, stride);
	}
}

void screen_cursor(struct screen *s, const struct cursor *c)
{
	size_t bytes = (size_t)c->width * (size_t)c->height * sizeof(*c->argb);
	struct cursor *own = &s->cursor;

	if (own->serial > 0 && own->width == c->width && own->height == c->height &&
	    own->hot_x == c->hot_x && own->hot_y == c->hot_y &&
	    memcmp(own->argb, c->argb, bytes) == 0)
		return;
	own->argb = xrealloc(own->argb, bytes ? bytes : 1);
	memcpy(own->argb, c->argb, bytes);
	own->width = c->width;
	own->height = c->height;
	own->hot_x = c->hot_x;
	own->hot_y = c->hot_y;
	own->serial++;
}

int screen_init(struct screen *s, struct err *e)
{
	const char *wayland = getenv("WAYLAND_DISPLAY");

	return wayland && *wayland ? screen_wayland_init(s, NULL, e) : screen_x11_init(s, NULL, e);
}

void screen_finish(struct screen *s)
{
	if (s->ops)
		s->ops->finish(s);
	free(s->cursor.argb);
	if (s->pixels)
		munmap(s->pixels, MEMORY);
	if (s->files >= 0 && s->ops)
		close(s->files);
	*s = (struct screen){.files = -1};
}

unsigned utf8_next(const char *text, size_t len, uint32_t *code)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *p = (const unsigned char *)text;
	unsigned n = p[0] < 0x80 ? 1 : p[0] < 0xc0 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	uint32_t c = n <= 1 ? p[0] : p[0] & (0x7fu >> n);

	if (n == 0 || p[0] > 0xf4 || n > len)
		return 0;
	for (unsigned i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3fu);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*code = c;
	return n;
}

bool utf8_valid(const char *text, size_t len)
{
	uint32_t code;

	for (size_t at = 0, n; at < len; at += n) {
		n = utf8_next(text + at, len - at, &code);
		if (n == 0)
			return false;
	}
	return true;
}
