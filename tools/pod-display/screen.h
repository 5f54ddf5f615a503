/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A screen as everybody here sees it: its pixels, kept up to date by looking, its pointer's shape,
 * its size, and what can be done to it.  A backend (x11.c) is a table of operations.
 *	screen_x11_init(&s, where, e)	before lock-down: memory, nothing foreign is read
 *	s.ops->open(&s, e)		connect; again after a loss, also when locked down
 *	poll s.ops->fd(&s): s.ops->dispatch(&s, e), then s.ops->tick(&s, now)
 *	s.is_stale: s.ops->look(&s, e), then s.damage tells which pixels are others now
 * Every operation that answers with an int returns 0 or -errno; -ENOTCONN when the screen is gone:
 * close(), and open() anew.
 */
#ifndef POD_DISPLAY_SCREEN_H
#define POD_DISPLAY_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcommon/err.h"

#define SCREEN_MAX_WIDTH  3840
#define SCREEN_MAX_HEIGHT 2160
#define SCREEN_MIN        64 /* pixels in either direction */
#define SCREEN_RECTS      64
#define CURSOR_MAX        128 /* pixels in either direction */
#define CLIPBOARD_MAX     (1u << 20)
#define TEXT_MAX          65536 /* characters that wait to be typed */

struct rect {
	int x, y, w, h;
};

struct cursor {
	unsigned serial; /* grows with each other shape; 0: none yet */
	int width, height, hot_x, hot_y;
	uint32_t *argb; /* width * height, premultiplied */
};

struct screen {
	int width, height; /* 0 before the first open() */
	size_t stride;     /* bytes from one line to the next */
	uint32_t *pixels;  /* XRGB8888; the address stays for the life of the screen */
	unsigned resizes;  /* grows with each other size: then all pixels are others */
	struct rect damage[SCREEN_RECTS]; /* what the last look() found to be different */
	unsigned n_damage;
	bool is_stale; /* something happened since the last look(): pixels, pointer or shape */
	struct cursor cursor;
	int pointer_x, pointer_y; /* as of the last look() or pointer() */
	unsigned buttons;         /* as pointer() last left them */
	bool is_typing;           /* keys or text have not gone out in full yet: tick() goes on */
	/* Of others' text that becomes the clipboard; NULL: nobody reads it.  UTF-8, checked. */
	void (*on_clipboard)(void *arg, const char *text, size_t len);
	void *arg;
	unsigned promises; /* what the backend does besides, once locked down (lockdown.h) */
	int files; /* an open directory that open() must go on reading (lockdown.h); -1: none */
	const struct screen_ops *ops;
	void *priv;
};

struct screen_ops {
	const char *name;
	int (*open)(struct screen *s, struct err *e);
	void (*close)(struct screen *s);  /* may be opened again; pixels stay */
	void (*finish)(struct screen *s); /* close, and let go of all memory */
	int (*fd)(const struct screen *s);
	int (*dispatch)(struct screen *s, struct err *e); /* take in what has come; never waits */
	/* What is due; milliseconds until the next time, -1: none. */
	int (*tick)(struct screen *s, uint64_t now_ms);
	int (*look)(struct screen *s, struct err *e);
	/* Buttons as in RFB: bit 0 is the left one, 3 and 4 the wheel up and down, 5 and 6 left and
	 * right.  Where it is held, it is held until another call says otherwise. */
	int (*pointer)(struct screen *s, int x, int y, unsigned buttons);
	/* A keysym of X.  What the keyboard lacks is given to a spare key. */
	int (*key)(struct screen *s, uint32_t keysym, bool down);
	/* Type it: a newline is Return, a tab Tab.  Queued behind keys and texts before it;
	 * -EAGAIN: TEXT_MAX wait already, -EINVAL: not UTF-8, or a control character. */
	int (*text)(struct screen *s, const char *utf8, size_t len);
	/* What it becomes tells width and height, some dispatch() later. */
	int (*resize)(struct screen *s, int width, int height, struct err *e);
	int (*set_clipboard)(struct screen *s, const char *text, size_t len);
};

/* The X display of that name (":99"; NULL: DISPLAY); -EINVAL for one that is not on this machine.
 */
int screen_x11_init(struct screen *s, const char *where, struct err *e);
/* The Wayland display of that name or path (NULL: WAYLAND_DISPLAY), of a compositor of wlroots. */
int screen_wayland_init(struct screen *s, const char *where, struct err *e);
/* The backend that the environment names: Wayland by WAYLAND_DISPLAY, else X11 by DISPLAY. */
int screen_init(struct screen *s, struct err *e);
void screen_finish(struct screen *s);

/* For backends.  The pixels' memory, for the largest size there is. */
int screen_memory(struct screen *s, struct err *e);
/* Another size: pixels are black. */
void screen_size(struct screen *s, int width, int height);
/* Pixels of r as they are now, lines stride bytes apart: where they differ, pixels and damage
 * follow.
 */
void screen_take(struct screen *s, const struct rect *r, const uint8_t *from, size_t stride);
void screen_damage(struct screen *s, const struct rect *r);
void screen_cursor(struct screen *s, const struct cursor *c); /* copies; serial is ours */

/* The common part; false: none. */
bool rect_clip(struct rect *r, const struct rect *to);
/* The next code point of text[0..len) and how many bytes it takes, 0: not UTF-8. */
unsigned utf8_next(const char *text, size_t len, uint32_t *code);
bool utf8_valid(const char *text, size_t len);

#endif
