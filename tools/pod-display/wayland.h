/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Wayland backend, for compositors of wlroots (sway): pictures by wlr-screencopy, a virtual
 * pointer and keyboard, the clipboard by wlr-data-control, sizes by wlr-output-management.  All of
 * them are made before anything is locked down or shown, files of shared memory included.
 */
#ifndef POD_DISPLAY_WAYLAND_H
#define POD_DISPLAY_WAYLAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcommon/buf.h"
#include "tools/pod-display/screen.h"

#define WAYLAND_SPARES 32 /* keys lent to symbols that the keyboard lacks */
#define WAYLAND_KEYMAPS                                                           \
	4 /* files of keymaps: a compositor reads one some time after it was told \
	   */
#define WAYLAND_HEADS 4
#define WAYLAND_MODES 64 /* of outputs that are remembered, to free them */
#define WAYLAND_SENDS 4  /* of the clipboard at a time */

struct xkb_context;
struct xkb_keymap;
struct xkb_state;

struct wayland_keys {
	struct xkb_context *context;
	struct xkb_keymap *map; /* the base, or the base and what is lent */
	struct xkb_state *state;
	char *base; /* its text, and where in it symbols can be added */
	size_t base_head;
	uint32_t spare[WAYLAND_SPARES]; /* codes of keys without a symbol in the base */
	uint32_t lent[WAYLAND_SPARES];  /* to which keysyms; 0: to none */
	unsigned n_spares, next;
	int files[WAYLAND_KEYMAPS];
	char *maps[WAYLAND_KEYMAPS]; /* the same as memory: locked down, no file is written */
	unsigned file;
	uint32_t down[256 / 32]; /* codes that we hold */
	uint32_t held[256];      /* by which keysym */
	uint32_t *queue;         /* a ring of TEXT_MAX */
	unsigned head, n;
	uint64_t pause; /* nothing goes out before */
};

struct wayland_send {
	int fd;
	struct buf text;
	size_t sent;
	uint64_t until;
};

struct wayland_clip {
	struct zwlr_data_control_manager_v1 *manager;
	struct zwlr_data_control_device_v1 *device;
	struct zwlr_data_control_source_v1 *source; /* ours; NULL: another's, or none */
	struct zwlr_data_control_offer_v1 *offered; /* told of, and not yet chosen */
	bool has_utf8;                              /* the one told of */
	struct buf own, in;
	int from; /* a pipe that another's text comes by; -1: none */
	uint64_t until;
	struct wayland_send sends[WAYLAND_SENDS];
};

struct wayland_head {
	struct zwlr_output_head_v1 *head; /* NULL: a free place */
	bool is_enabled;
};

struct wayland {
	struct screen *s;
	char *path;                 /* of the compositor's socket */
	int poll;                   /* an epoll of all that is waited for */
	struct wl_display *display; /* NULL: not connected */
	struct wl_registry *registry;
	struct wl_seat *seat;
	struct wl_output *output;
	uint32_t output_name; /* in the registry */
	struct wl_shm *shm;
	struct zwlr_screencopy_manager_v1 *copies;
	struct zwlr_virtual_pointer_manager_v1 *pointers;
	struct zwlr_virtual_pointer_v1 *pointer;
	struct zwp_virtual_keyboard_manager_v1 *keyboards;
	struct zwp_virtual_keyboard_v1 *keyboard;
	struct zwlr_output_manager_v1 *outputs;
	struct wayland_head heads[WAYLAND_HEADS];
	struct zwlr_output_mode_v1 *modes[WAYLAND_MODES];
	uint32_t serial; /* of the outputs' state */
	bool is_ready;   /* the globals are all told */

	int memory; /* a file that the compositor copies pictures into */
	uint8_t *pixels;
	struct wl_shm_pool *pool;
	struct wl_buffer *buffer;
	uint32_t format, width, height, stride; /* of the buffer */
	uint32_t next_format, next_width, next_height, next_stride;
	struct zwlr_screencopy_frame_v1 *frame; /* under way */
	bool is_taken, is_flipped;              /* a picture is there; it is upside down */
	bool is_first;                          /* none was taken yet: do not wait for damage */
	struct rect damage;
	struct wayland_keys keys;
	struct wayland_clip clip;
};

int wayland_gone(struct err *e);
/* Have poll tell of fd, or no more. */
void wayland_watch(struct wayland *w, int fd, uint32_t events);
void wayland_unwatch(struct wayland *w, int fd);
uint32_t wayland_time(void); /* milliseconds, as events have them */

int wayland_grab_init(struct wayland *w, struct err *e); /* before lock-down */
void wayland_grab_open(struct wayland *w);
void wayland_grab_close(struct wayland *w);
void wayland_grab_finish(struct wayland *w);
int wayland_look(struct screen *s, struct err *e);

int wayland_pointer(struct screen *s, int x, int y, unsigned buttons);

int wayland_keys_init(struct wayland *w, struct err *e);
int wayland_keys_open(struct wayland *w, struct err *e);
void wayland_keys_close(struct wayland *w);
void wayland_keys_finish(struct wayland *w);
int wayland_key(struct screen *s, uint32_t keysym, bool down);
int wayland_text(struct screen *s, const char *utf8, size_t len);
int wayland_keys_tick(struct wayland *w, uint64_t now);

void wayland_clip_open(struct wayland *w);
void wayland_clip_close(struct wayland *w);
void wayland_clip_turn(struct wayland *w, uint64_t now); /* what can be read or written */
int wayland_clip_tick(struct wayland *w, uint64_t now);
int wayland_set_clipboard(struct screen *s, const char *text, size_t len);

void wayland_size_open(struct wayland *w);
void wayland_size_close(struct wayland *w);
int wayland_resize(struct screen *s, int width, int height, struct err *e);

#endif
