/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys and text, by a virtual keyboard with a map of our own: an ordinary one, and keys of it that
 * carry no symbol lent to what it lacks, a new map at a time.  Programs of Wayland get the map and
 * the keys in one order; Xwayland's read it lazily, so a new map rests a moment before it is used,
 * and another one before it is replaced.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <wayland-client.h>
#include <xkbcommon/xkbcommon.h>

#include "libcommon/loop.h"
#include "libcommon/own.h"
#include "protocols/virtual-keyboard-unstable-v1.h"
#include "tools/pod-display/keys.h"
#include "tools/pod-display/wayland.h"

#define NEW_MS    200 /* from a new keyboard, which may be the seat's first: programs bind it now */
#define SETTLE_MS 25  /* from a new map to its first key */
#define KEEP_MS   150 /* from its last key to the next map */
#define BATCH     64  /* of the queue in one turn */
#define MAP_MAX   262144
#define EVDEV     8 /* XKB's codes are the kernel's and eight */

/* What a queue holds: a keysym has 29 bits. */
enum { TYPE = 0u << 30, PRESS = 1u << 30, RELEASE = 2u << 30 };
#define KIND(item)   ((item)&3u << 30)
#define KEYSYM(item) ((item) & ~(3u << 30))

/* --- the map --- */

static struct xkb_keymap *compile(const struct wayland_keys *k, const char *text)
{
	return xkb_keymap_new_from_string(k->context, text, XKB_KEYMAP_FORMAT_TEXT_V1,
					  XKB_KEYMAP_COMPILE_NO_FLAGS);
}

/*
 * The base with everything that it includes, as libxkbcommon prints it: once locked down, a new map
 * is text alone.  Its symbols stand last, so what is lent goes in front of the last two ends.
 */
static int make_base(struct wayland_keys *k)
{
	static const char text[] =
		"xkb_keymap { xkb_keycodes { include \"evdev\" }; xkb_types { include \"complete\" };"
		" xkb_compatibility { include \"complete\" };"
		" xkb_symbols { include \"pc+us+inet(evdev)\" }; };";
	const char *end;

	k->map = compile(k, text);
	k->base = k->map ? xkb_keymap_get_as_string(k->map, XKB_KEYMAP_FORMAT_TEXT_V1) : NULL;
	end = k->base ? strrchr(k->base, '}') : NULL;
	while (end && --end > k->base && *end != '}')
		;
	k->base_head = end ? (size_t)(end - k->base) : 0;
	return k->base_head ? 0 : -ENOENT;
}

static void print_map(const struct wayland_keys *k, struct buf *out)
{
	char name[64];

	buf_add(out, k->base, k->base_head);
	for (unsigned i = 0; i < k->n_spares; i++)
		if (k->lent[i] && xkb_keysym_get_name(k->lent[i], name, sizeof(name)) > 0)
			buf_fmt(out, "key <%s> { [ %s ] };\n",
				xkb_keymap_key_get_name(k->map, k->spare[i]), name);
	buf_str(out, k->base + k->base_head);
}

static void find_spares(struct wayland_keys *k)
{
	xkb_keycode_t least = xkb_keymap_min_keycode(k->map), most = xkb_keymap_max_keycode(k->map);

	/* X, and so Xwayland, has no code beyond 255. */
	for (xkb_keycode_t c = least; c <= most && c <= 255 && k->n_spares < WAYLAND_SPARES; c++)
		if (xkb_keymap_num_layouts_for_key(k->map, c) == 0 &&
		    xkb_keymap_key_get_name(k->map, c))
			k->spare[k->n_spares++] = c;
}

/* The base, and what is lent. */
static int use_map(struct wayland_keys *k)
{
	OWN_BUF struct buf text = BUF_INIT;
	struct xkb_keymap *map;
	struct xkb_state *state;

	print_map(k, &text);
	map = compile(k, text.data);
	state = map ? xkb_state_new(map) : NULL;

	if (!state) {
		xkb_keymap_unref(map);
		return -ENOMEM;
	}
	xkb_state_unref(k->state);
	xkb_keymap_unref(k->map);
	k->map = map;
	k->state = state;
	return 0;
}

int wayland_keys_init(struct wayland *w, struct err *e)
{
	struct wayland_keys *k = &w->keys;

	k->queue = xcalloc(TEXT_MAX, sizeof(*k->queue));
	k->context = xkb_context_new(XKB_CONTEXT_NO_ENVIRONMENT_NAMES);
	if (!k->context)
		return err_set(e, ENOMEM, "read the tables of keyboards");
	xkb_context_set_log_level(k->context, XKB_LOG_LEVEL_CRITICAL);
	if (make_base(k) < 0 || use_map(k) < 0)
		return err_set(e, ENOENT,
			       "read the tables of keyboards (the package xkb-data has them)");
	find_spares(k);
	for (int i = 0; i < WAYLAND_KEYMAPS; i++) {
		k->files[i] = memfd_create("envpod-keymap", MFD_CLOEXEC);
		if (k->files[i] < 0 || ftruncate(k->files[i], MAP_MAX) < 0)
			return err_set(e, errno, "make memory for a keyboard");
		k->maps[i] =
			mmap(NULL, MAP_MAX, PROT_READ | PROT_WRITE, MAP_SHARED, k->files[i], 0);
		if (k->maps[i] == MAP_FAILED) {
			k->maps[i] = NULL;
			return err_set(e, errno, "map memory for a keyboard");
		}
	}
	return 0;
}

void wayland_keys_finish(struct wayland *w)
{
	struct wayland_keys *k = &w->keys;

	xkb_state_unref(k->state);
	xkb_keymap_unref(k->map);
	xkb_context_unref(k->context);
	free(k->base);
	for (int i = 0; i < WAYLAND_KEYMAPS; i++) {
		if (k->maps[i])
			munmap(k->maps[i], MAP_MAX);
		own_close(&k->files[i]);
	}
	free(k->queue);
}

/* Tell the compositor; 0, or -errno. */
static int send_map(struct wayland *w)
{
	struct wayland_keys *k = &w->keys;
	OWN_BUF struct buf text = BUF_INIT;

	print_map(k, &text);
	if (text.len + 1 > MAP_MAX)
		return -EFBIG;
	k->file = (k->file + 1) % WAYLAND_KEYMAPS;
	memcpy(k->maps[k->file], text.data, text.len + 1);
	zwp_virtual_keyboard_v1_keymap(w->keyboard, WL_KEYBOARD_KEYMAP_FORMAT_XKB_V1,
				       k->files[k->file], (uint32_t)text.len + 1);
	return 0;
}

int wayland_keys_open(struct wayland *w, struct err *e)
{
	int r;

	w->keyboard =
		zwp_virtual_keyboard_manager_v1_create_virtual_keyboard(w->keyboards, w->seat);
	r = send_map(w);
	w->keys.pause = loop_clock() + NEW_MS;
	return r < 0 ? err_set(e, -r, "give the compositor a keyboard") : 0;
}

/* --- pressing --- */

static bool is_down(const struct wayland_keys *k, uint32_t code)
{
	return k->down[code / 32] >> code % 32 & 1;
}

static void strike(struct wayland *w, uint32_t code, bool down)
{
	struct wayland_keys *k = &w->keys;

	zwp_virtual_keyboard_v1_key(w->keyboard, wayland_time(), code - EVDEV, down);
	if (down)
		k->down[code / 32] |= 1u << code % 32;
	else
		k->down[code / 32] &= ~(1u << code % 32);
	xkb_state_update_key(k->state, code, down ? XKB_KEY_DOWN : XKB_KEY_UP);
	zwp_virtual_keyboard_v1_modifiers(
		w->keyboard, xkb_state_serialize_mods(k->state, XKB_STATE_MODS_DEPRESSED),
		xkb_state_serialize_mods(k->state, XKB_STATE_MODS_LATCHED),
		xkb_state_serialize_mods(k->state, XKB_STATE_MODS_LOCKED), 0);
}

static void release_all(struct wayland *w)
{
	for (uint32_t code = EVDEV; code < 256; code++)
		if (is_down(&w->keys, code))
			strike(w, code, false);
}

void wayland_keys_close(struct wayland *w)
{
	struct wayland_keys *k = &w->keys;

	if (w->keyboard) {
		release_all(w);
		zwp_virtual_keyboard_v1_destroy(w->keyboard);
	}
	w->keyboard = NULL;
	memset(k->down, 0, sizeof(k->down));
	k->head = k->n = 0;
	k->pause = 0;
}

/* The key that has it without or with Shift; false: none has. */
static bool find(const struct wayland_keys *k, uint32_t keysym, uint32_t *code, uint32_t *level)
{
	const xkb_keysym_t *syms;

	for (*level = 0; *level < 2; ++*level)
		for (*code = EVDEV; *code < 256; ++*code)
			if (xkb_keymap_key_get_syms_by_level(k->map, *code, 0, *level, &syms) ==
				    1 &&
			    syms[0] == keysym)
				return true;
	return false;
}

static uint32_t shift_code(const struct wayland_keys *k)
{
	uint32_t code, level;

	return find(k, XKB_KEY_Shift_L, &code, &level) ? code : 0;
}

static bool is_shifted(const struct wayland_keys *k)
{
	return xkb_state_mod_name_is_active(k->state, XKB_MOD_NAME_SHIFT,
					    XKB_STATE_MODS_EFFECTIVE) > 0;
}

/* With Shift where the symbol needs it and nobody holds it. */
static void strike_level(struct wayland *w, uint32_t code, uint32_t level)
{
	uint32_t shift = level == 1 && !is_shifted(&w->keys) ? shift_code(&w->keys) : 0;

	if (shift)
		strike(w, shift, true);
	strike(w, code, true);
	if (shift)
		strike(w, shift, false);
}

/* --- lending --- */

/* Of what waits, as many as there are keys to lend, and a map that has them. */
static bool lend(struct wayland *w, uint64_t now)
{
	struct wayland_keys *k = &w->keys;
	uint32_t code, level;
	unsigned lent = 0;

	memset(k->lent, 0, sizeof(k->lent));
	for (unsigned i = 0; i < k->n && lent < k->n_spares; i++) {
		uint32_t keysym = KEYSYM(k->queue[(k->head + i) % TEXT_MAX]);
		bool known =
			find(k, keysym, &code, &level) && xkb_keymap_key_get_name(k->map, code);

		for (unsigned n = 0; n < k->n_spares; n++)
			known = known && k->spare[n] != code; /* what is lent now is lent no more */
		for (unsigned n = 0; n < lent; n++)
			known |= k->lent[n] == keysym;
		if (!known)
			k->lent[lent++] = keysym;
	}
	release_all(w);
	if (lent == 0 || use_map(k) < 0 || send_map(w) < 0)
		return false;
	k->pause = now + SETTLE_MS;
	return true;
}

static void release(struct wayland *w, uint32_t keysym)
{
	struct wayland_keys *k = &w->keys;
	uint32_t code, level;

	for (code = EVDEV; code < 256; code++)
		if (is_down(k, code) && k->held[code] == keysym)
			strike(w, code, false);
	/* 'a' was pressed, then Shift, and 'A' is let go: the same key. */
	if (find(k, keysym, &code, &level) && is_down(k, code))
		strike(w, code, false);
}

/* One of the queue; false: there is a pause first. */
static bool play(struct wayland *w, uint32_t item, uint64_t now)
{
	struct wayland_keys *k = &w->keys;
	uint32_t keysym = KEYSYM(item), code, level;

	if (KIND(item) == RELEASE) {
		release(w, keysym);
		return true;
	}
	if (KIND(item) == TYPE) /* what somebody holds would make something else of it */
		release_all(w);
	if (!find(k, keysym, &code, &level)) {
		if (now < k->pause) /* what was lent is being read still */
			return false;
		/* What no map can have is left out. */
		return !lend(w, now);
	}
	strike_level(w, code, level);
	k->held[code] = keysym;
	if (KIND(item) == TYPE)
		strike(w, code, false);
	return true;
}

int wayland_keys_tick(struct wayland *w, uint64_t now)
{
	struct wayland_keys *k = &w->keys;
	bool lent = false;

	if (k->n > 0 && now < k->pause)
		return (int)(k->pause - now);
	for (int i = 0; i < BATCH && k->n > 0; i++) {
		if (!play(w, k->queue[k->head], now))
			return k->pause > now ? (int)(k->pause - now) : 1;
		k->head = (k->head + 1) % TEXT_MAX;
		k->n--;
		for (unsigned n = 0; n < k->n_spares; n++)
			lent |= k->lent[n] != 0;
	}
	/* The next map waits until this one's keys are read. */
	if (lent)
		k->pause = k->n > 0 ? k->pause : now + KEEP_MS;
	w->s->is_typing = k->n > 0;
	return k->n > 0 ? 1 : -1;
}

static void put(struct wayland_keys *k, uint32_t item)
{
	k->queue[(k->head + k->n++) % TEXT_MAX] = item;
}

int wayland_key(struct screen *s, uint32_t keysym, bool down)
{
	struct wayland *w = s->priv;

	if (!w->display)
		return -ENOTCONN;
	if (keysym == 0 || keysym > 0x1fffffff || keysym == XKB_KEY_Caps_Lock ||
	    keysym == XKB_KEY_Num_Lock)
		return 0;
	if (w->keys.n == TEXT_MAX)
		return -EAGAIN;
	put(&w->keys, (down ? PRESS : RELEASE) | keysym);
	s->is_typing = true; /* until tick() finds nothing left */
	wayland_keys_tick(w, loop_clock());
	wl_display_flush(w->display);
	return 0;
}

int wayland_text(struct screen *s, const char *utf8, size_t len)
{
	struct wayland *w = s->priv;
	size_t n = 0, step;
	uint32_t c;

	if (!w->display)
		return -ENOTCONN;
	for (size_t at = 0; at < len; at += step, n++) {
		step = utf8_next(utf8 + at, len - at, &c);
		if (step == 0 || key_of_char(c) == 0)
			return -EINVAL;
	}
	if (n > TEXT_MAX - w->keys.n)
		return -EAGAIN;
	for (size_t at = 0; at < len;) {
		at += utf8_next(utf8 + at, len - at, &c);
		put(&w->keys, TYPE | key_of_char(c));
	}
	s->is_typing = w->keys.n > 0;
	wayland_keys_tick(w, loop_clock());
	wl_display_flush(w->display);
	return 0;
}
