/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The X11 backend, by libxcb: its requests fail one by one, and a lost connection is a state, where
 * Xlib would end the program.
 */
#ifndef POD_DISPLAY_X11_H
#define POD_DISPLAY_X11_H

#include <xcb/damage.h>
#include <xcb/randr.h>
#include <xcb/shm.h>
#include <xcb/xcb.h>
#include <xcb/xfixes.h>

#include "libcommon/buf.h"
#include "tools/pod-display/screen.h"

/* Keys that carry no symbol of their own and are lent to symbols that the keyboard lacks. */
#define X11_SPARES 64

struct x11_spare {
	uint8_t code;
	uint32_t keysym; /* 0: free */
	uint64_t bound;  /* when; programs read the map lazily */
	uint64_t used;   /* last; not lent to another for a while */
};

struct x11_keys {
	uint8_t min, max, columns;
	uint32_t map[256][2]; /* keysyms without and with Shift */
	uint8_t shift[2];     /* codes of Shift_L and Shift_R; 0: none */
	bool is_down[256];    /* codes that we hold */
	uint32_t held[256];   /* by which keysym */
	struct x11_spare spare[X11_SPARES];
	unsigned n_spares;
	uint32_t *queue; /* a ring of TEXT_MAX: what is to be pressed and typed, in order */
	unsigned head, n;
	uint64_t pause; /* nothing goes out before */
};

struct x11_clip {
	xcb_window_t window;
	struct buf own; /* what we offer */
	bool is_ours;
	xcb_timestamp_t since;
	bool is_asked, is_wanted; /* a conversion is under way; another one is due */
	uint64_t asked;
	bool is_incr;
	struct buf in;
};

enum x11_atom {
	ATOM_CLIPBOARD,
	ATOM_PRIMARY,
	ATOM_UTF8_STRING,
	ATOM_TARGETS,
	ATOM_TIMESTAMP,
	ATOM_INCR,
	ATOM_TEXT_UTF8,
	ATOM_PROPERTY, /* where conversions are put, on our window */
	ATOM_SPARES,   /* on the root window: the keys we lend; read again after a crash */
	ATOMS,
};

struct x11 {
	struct screen *s;
	unsigned number; /* of the display */
	char *cookies;   /* path of the file of cookies; NULL: none */
	int shm_id;      /* a segment of SysV; -1: none, pixels come by the connection */
	uint8_t *shm;
	xcb_connection_t *c; /* NULL: not connected */
	const xcb_screen_t *root;
	xcb_shm_seg_t seg; /* 0: none */
	uint8_t damage_event, fixes_event, randr_event;
	bool has_randr;
	xcb_damage_damage_t damage;
	xcb_xfixes_region_t region;
	bool all_stale, cursor_stale, map_stale;
	xcb_atom_t atoms[ATOMS];
	struct x11_keys keys;
	struct x11_clip clip;
};

int x11_gone(struct err *e); /* -ENOTCONN, said */
void x11_test(struct x11 *x, uint8_t type, uint8_t detail, int root_x, int root_y); /* XTEST */

int x11_grab_open(struct x11 *x, struct err *e);
int x11_look(struct screen *s, struct err *e);

void x11_keys_open(struct x11 *x);
void x11_keys_close(struct x11 *x);
void x11_keys_read(struct x11 *x); /* the server's map, anew */
int x11_key(struct screen *s, uint32_t keysym, bool down);
int x11_text(struct screen *s, const char *utf8, size_t len);
int x11_keys_tick(struct x11 *x, uint64_t now);

void x11_clip_open(struct x11 *x);
void x11_clip_event(struct x11 *x, const xcb_generic_event_t *ev);
int x11_set_clipboard(struct screen *s, const char *text, size_t len);
int x11_clip_tick(struct x11 *x, uint64_t now);

int x11_resize(struct screen *s, int width, int height, struct err *e);

/* An entry of a file of cookies for a display of this machine; false: none. */
struct x11_cookie {
	char name[32], data[64];
	int name_len, data_len;
};
bool x11_cookie_find(struct x11_cookie *k, const char *file, size_t len, unsigned number);

#endif
