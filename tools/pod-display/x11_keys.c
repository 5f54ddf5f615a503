/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys and text, by XTEST.  A symbol that the keyboard has is pressed there, with Shift where it
 * takes one; any other is lent a key that carries no symbol.  Toolkits read the map lazily: a key
 * that was lent just now is pressed a moment later, and what was pressed is not lent to another
 * symbol for a while.  So all of it goes through one queue.
 */
#include <stdlib.h>
#include <string.h>
#include <xcb/xtest.h>

#include "libcommon/loop.h"
#include "libcommon/own.h"
#include "tools/pod-display/x11.h"

#define SETTLE_MS 25  /* from lending a key to pressing it */
#define KEEP_MS   250 /* from pressing it to lending it to another */
#define BATCH     64  /* of the queue in one turn */
#define LATIN_MAX 0xff
#define UNICODE   0x1000000u

/* What a queue holds: a keysym has 29 bits. */
enum { TYPE = 0u << 30, PRESS = 1u << 30, RELEASE = 2u << 30 };
#define KIND(item)   ((item)&3u << 30)
#define KEYSYM(item) ((item) & ~(3u << 30))

enum {
	XK_BACKSPACE = 0xff08,
	XK_TAB = 0xff09,
	XK_RETURN = 0xff0d,
	XK_SHIFT_L = 0xffe1,
	XK_SHIFT_R = 0xffe2,
	XK_CAPS_LOCK = 0xffe5,
	XK_SHIFT_LOCK = 0xffe6,
	XK_NUM_LOCK = 0xff7f,
	XK_MODE_SWITCH = 0xff7e,
	XK_LEVEL3 = 0xfe03,
};

/* A keysym says already what these would do; a lock that is left on garbles all that follows. */
static bool is_idle_key(uint32_t keysym)
{
	static const uint32_t idle[] = {XK_CAPS_LOCK, XK_SHIFT_LOCK, XK_NUM_LOCK, XK_MODE_SWITCH,
					XK_LEVEL3};

	for (size_t i = 0; i < sizeof(idle) / sizeof(idle[0]); i++)
		if (keysym == idle[i])
			return true;
	return false;
}

static bool is_printable(uint32_t keysym)
{
	return (keysym >= 0x20 && keysym <= LATIN_MAX) || keysym >= UNICODE;
}

static struct x11_spare *spare_of_code(struct x11_keys *k, unsigned code)
{
	for (unsigned i = 0; i < k->n_spares; i++)
		if (k->spare[i].code == code)
			return &k->spare[i];
	return NULL;
}

/* Keys that a pod-display lent which did not live to take them back. */
static void reclaim(struct x11 *x)
{
	OWN_FREE xcb_get_property_reply_t *p = xcb_get_property_reply(
		x->c,
		xcb_get_property(x->c, 0, x->root->root, x->atoms[ATOM_SPARES], XCB_ATOM_CARDINAL,
				 0, X11_SPARES),
		NULL);
	const uint32_t *codes = p && p->format == 32 ? xcb_get_property_value(p) : NULL;
	unsigned n = codes ? (unsigned)xcb_get_property_value_length(p) / 4 : 0;
	static const xcb_keysym_t none[2];

	for (unsigned i = 0; i < n; i++)
		if (codes[i] >= x->keys.min && codes[i] <= x->keys.max)
			xcb_change_keyboard_mapping(x->c, 1, (uint8_t)codes[i], 2, none);
}

void x11_keys_read(struct x11 *x)
{
	struct x11_keys *k = &x->keys;
	OWN_FREE xcb_get_keyboard_mapping_reply_t *m = xcb_get_keyboard_mapping_reply(
		x->c, xcb_get_keyboard_mapping(x->c, k->min, (uint8_t)(k->max - k->min + 1)), NULL);
	const xcb_keysym_t *row = m ? xcb_get_keyboard_mapping_keysyms(m) : NULL;
	unsigned columns = m ? m->keysyms_per_keycode : 0;

	x->map_stale = false;
	memset(k->map, 0, sizeof(k->map));
	if (columns == 0 ||
	    xcb_get_keyboard_mapping_keysyms_length(m) < (int)columns * (k->max - k->min + 1))
		return;
	k->shift[0] = k->shift[1] = 0;
	for (unsigned code = k->min; code <= k->max; code++, row += columns) {
		k->map[code][0] = row[0];
		k->map[code][1] = columns > 1 && row[1] != 0 ? row[1] : row[0];
		if (row[0] >= XK_SHIFT_L && row[0] <= XK_SHIFT_R && !k->shift[row[0] - XK_SHIFT_L])
			k->shift[row[0] - XK_SHIFT_L] = (uint8_t)code;
	}
}

static void find_spares(struct x11 *x)
{
	struct x11_keys *k = &x->keys;
	uint32_t codes[X11_SPARES];

	k->n_spares = 0;
	for (unsigned code = k->min; code <= k->max && k->n_spares < X11_SPARES; code++) {
		if (k->map[code][0] != 0 || k->map[code][1] != 0)
			continue;
		codes[k->n_spares] = code;
		k->spare[k->n_spares++] = (struct x11_spare){.code = (uint8_t)code};
	}
	xcb_change_property(x->c, XCB_PROP_MODE_REPLACE, x->root->root, x->atoms[ATOM_SPARES],
			    XCB_ATOM_CARDINAL, 32, k->n_spares, codes);
}

void x11_keys_open(struct x11 *x)
{
	const xcb_setup_t *setup = xcb_get_setup(x->c);
	struct x11_keys *k = &x->keys;

	*k = (struct x11_keys){
		.min = setup->min_keycode, .max = setup->max_keycode, .queue = k->queue};
	free(xcb_test_get_version_reply(x->c, xcb_test_get_version(x->c, 2, 2), NULL));
	reclaim(x);
	x11_keys_read(x);
	find_spares(x);
}

void x11_keys_close(struct x11 *x)
{
	static const xcb_keysym_t none[2];
	struct x11_keys *k = &x->keys;

	for (unsigned code = k->min; code <= k->max; code++)
		if (k->is_down[code])
			x11_test(x, XCB_KEY_RELEASE, (uint8_t)code, 0, 0);
	for (unsigned i = 0; i < k->n_spares; i++)
		if (k->spare[i].keysym)
			xcb_change_keyboard_mapping(x->c, 1, k->spare[i].code, 2, none);
	xcb_delete_property(x->c, x->root->root, x->atoms[ATOM_SPARES]);
	free(xcb_get_input_focus_reply(x->c, xcb_get_input_focus(x->c), NULL)); /* all arrived */
}

static void strike(struct x11 *x, unsigned code, bool down)
{
	if (code == 0)
		return;
	x11_test(x, down ? XCB_KEY_PRESS : XCB_KEY_RELEASE, (uint8_t)code, 0, 0);
	x->keys.is_down[code] = down;
}

/* The key that has it, on which level; false: none has. */
static bool find(struct x11_keys *k, uint32_t keysym, unsigned *code, unsigned *level)
{
	for (*level = 0; *level < 2; ++*level)
		for (*code = k->min; *code <= k->max; ++*code)
			if (k->map[*code][*level] == keysym && !spare_of_code(k, *code))
				return true;
	return false;
}

/* A lent key for it, ready to be pressed; NULL: *until is when to ask again. */
static struct x11_spare *lend(struct x11 *x, uint32_t keysym, uint64_t now, uint64_t *until)
{
	struct x11_keys *k = &x->keys;
	struct x11_spare *oldest = NULL;

	*until = 0;
	for (unsigned i = 0; i < k->n_spares; i++) {
		struct x11_spare *s = &k->spare[i];

		if (s->keysym == keysym) {
			*until = s->bound + SETTLE_MS;
			return now >= *until ? s : NULL;
		}
		if (!k->is_down[s->code] && (!oldest || s->used < oldest->used))
			oldest = s;
	}
	if (!oldest)
		return NULL;
	if (oldest->keysym != 0 && now < oldest->used + KEEP_MS) {
		*until = oldest->used + KEEP_MS;
		return NULL;
	}
	*oldest = (struct x11_spare){oldest->code, keysym, now, now};
	xcb_change_keyboard_mapping(x->c, 1, oldest->code, 2, (xcb_keysym_t[]){keysym, keysym});
	*until = now + SETTLE_MS;
	return NULL;
}

/* The next symbols of the queue are lent keys in the same turn: one wait for all of them. */
static void lend_ahead(struct x11 *x, uint64_t now)
{
	struct x11_keys *k = &x->keys;
	unsigned code, level;
	uint64_t until;

	for (unsigned i = 0; i < k->n && i < k->n_spares; i++) {
		uint32_t keysym = KEYSYM(k->queue[(k->head + i) % TEXT_MAX]);

		if (!find(k, keysym, &code, &level))
			lend(x, keysym, now, &until);
	}
}

/* With Shift as that symbol needs it, whatever is held; as it was afterwards. */
static void strike_shifted(struct x11 *x, unsigned code, unsigned level)
{
	struct x11_keys *k = &x->keys;
	const uint32_t *row = k->map[code];
	bool was[2] = {k->is_down[k->shift[0]], k->is_down[k->shift[1]]};
	bool is_held = was[0] || was[1];

	if (level == 1 && !is_held) {
		strike(x, k->shift[0], true);
		strike(x, code, true);
		strike(x, k->shift[0], false);
	} else if (level == 0 && is_held && is_printable(row[0]) && row[0] != row[1]) {
		for (int i = 0; i < 2; i++)
			if (was[i])
				strike(x, k->shift[i], false);
		strike(x, code, true);
		for (int i = 0; i < 2; i++)
			if (was[i])
				strike(x, k->shift[i], true);
	} else {
		strike(x, code, true);
	}
}

static void release(struct x11 *x, uint32_t keysym)
{
	struct x11_keys *k = &x->keys;

	for (unsigned code = k->min; code <= k->max; code++)
		if (k->is_down[code] && k->held[code] == keysym)
			strike(x, code, false);
}

/* 'a' was pressed, then Shift, and 'A' is let go: the same key. */
static void release_like(struct x11 *x, uint32_t keysym)
{
	unsigned code, level;

	release(x, keysym);
	if (find(&x->keys, keysym, &code, &level) && x->keys.is_down[code])
		strike(x, code, false);
}

static void release_all(struct x11 *x)
{
	for (unsigned code = x->keys.min; code <= x->keys.max; code++)
		if (x->keys.is_down[code])
			strike(x, code, false);
}

/* One of the queue; false: not before *until. */
static bool play(struct x11 *x, uint32_t item, uint64_t now, uint64_t *until)
{
	struct x11_keys *k = &x->keys;
	uint32_t keysym = KEYSYM(item);
	struct x11_spare *spare;
	unsigned code, level = 0;

	if (KIND(item) == RELEASE) {
		release_like(x, keysym);
		return true;
	}
	if (KIND(item) == TYPE) /* what somebody holds would make something else of it */
		release_all(x);
	if (find(k, keysym, &code, &level)) {
		strike_shifted(x, code, level);
	} else {
		spare = lend(x, keysym, now, until);
		if (!spare)
			return *until == 0; /* there is no spare key at all: left out */
		code = spare->code;
		spare->used = now;
		strike(x, code, true);
	}
	k->held[code] = keysym;
	if (KIND(item) == TYPE)
		strike(x, code, false);
	return true;
}

int x11_keys_tick(struct x11 *x, uint64_t now)
{
	struct x11_keys *k = &x->keys;
	uint64_t until = 0;

	if (k->n > 0 && now < k->pause)
		return (int)(k->pause - now);
	for (int i = 0; i < BATCH && k->n > 0; i++) {
		uint32_t item = k->queue[k->head];

		if (!play(x, item, now, &until)) {
			lend_ahead(x, now);
			k->pause = until;
			return until > now ? (int)(until - now) : 1;
		}
		k->head = (k->head + 1) % TEXT_MAX;
		k->n--;
	}
	x->s->is_typing = k->n > 0;
	return k->n > 0 ? 1 : -1;
}

static void put(struct x11_keys *k, uint32_t item)
{
	k->queue[(k->head + k->n++) % TEXT_MAX] = item;
}

int x11_key(struct screen *s, uint32_t keysym, bool down)
{
	struct x11 *x = s->priv;

	if (!x->c)
		return -ENOTCONN;
	if (keysym == 0 || keysym > 0x1fffffff || is_idle_key(keysym))
		return 0;
	if (x->keys.n == TEXT_MAX)
		return -EAGAIN;
	put(&x->keys, (down ? PRESS : RELEASE) | keysym);
	s->is_typing = true; /* until tick() finds nothing left */
	x11_keys_tick(x, loop_clock());
	xcb_flush(x->c);
	return 0;
}

static int keysym_of(uint32_t code, uint32_t *keysym)
{
	if (code == '\n' || code == '\r')
		*keysym = XK_RETURN;
	else if (code == '\t')
		*keysym = XK_TAB;
	else if (code == '\b')
		*keysym = XK_BACKSPACE;
	else if (code < 0x20 || (code >= 0x7f && code < 0xa0))
		return -EINVAL;
	else
		*keysym = code <= LATIN_MAX ? code : UNICODE | code;
	return 0;
}

int x11_text(struct screen *s, const char *utf8, size_t len)
{
	struct x11 *x = s->priv;
	uint32_t code, keysym;
	size_t n = 0;

	if (!x->c)
		return -ENOTCONN;
	for (size_t at = 0, step; at < len; at += step, n++) {
		step = utf8_next(utf8 + at, len - at, &code);
		if (step == 0 || keysym_of(code, &keysym) < 0)
			return -EINVAL;
	}
	if (n > TEXT_MAX - x->keys.n)
		return -EAGAIN;
	for (size_t at = 0; at < len;) {
		at += utf8_next(utf8 + at, len - at, &code);
		keysym_of(code, &keysym);
		put(&x->keys, TYPE | keysym);
	}
	s->is_typing = x->keys.n > 0;
	x11_keys_tick(x, loop_clock());
	xcb_flush(x->c);
	return 0;
}
