/* SPDX-License-Identifier: Apache-2.0 */
/* One who looks, what it does with keyboard, pointer and clipboard, and what is encoded for it. */
#ifndef POD_DISPLAY_VIEWER_H
#define POD_DISPLAY_VIEWER_H

#include "tools/pod-display/desk.h"

enum viewer_state {
	VIEWER_VERSION,  /* its version must come */
	VIEWER_SECURITY, /* its choice of "none" */
	VIEWER_INIT,     /* whether it shares: it does */
	VIEWER_WAIT,     /* for a screen whose size could be said */
	VIEWER_NORMAL,
	VIEWER_GONE,
};

struct viewer {
	struct viewer *next;
	struct desk *desk;
	struct watch w;
	char id[ID_MAX + 1];
	bool is_view; /* its input counts for nothing */
	enum viewer_state state;
	uint64_t since, moved; /* when it came; when it last took some of what waits for it */
	uint64_t updated;
	int waiting;     /* bytes that lay in its socket when that was looked at last */
	rfbClientPtr cl; /* the encoder's; NULL before VIEWER_NORMAL */
	struct buf in, out;
	size_t sent;         /* of out */
	const uint8_t *feed; /* what the encoder may read now */
	size_t n_feed;
	uint32_t held[HELDS];
	unsigned n_held;
	unsigned buttons;
	int x, y;          /* where it last said that its pointer is */
	bool has_extended; /* clipboard */
};

/* Takes fd; -EBUSY: there are VIEWERS_MAX.  rest: what came behind the first line. */
int viewer_new(struct desk *d, int fd, const char *id, bool is_view, const struct buf *rest);
void viewer_end(struct viewer *v); /* viewers_reap() lets go of it */
void viewers_reap(struct desk *d);
struct viewer *viewer_find(struct desk *d, const char *id);
/* Bytes for it; an end to one that takes none while more and more wait. */
int viewer_send(struct viewer *v, const void *data, size_t len);
void viewer_greet(struct viewer *v); /* in VIEWER_WAIT, once there is a screen */

/* --- encode.c: what libvncserver does --- */
int encode_init(struct desk *d, struct err *e);
void encode_finish(struct desk *d);
int encode_add(struct viewer *v);
void encode_remove(struct viewer *v);
/* A whole message; -EPROTO: it is none. */
int encode_feed(struct viewer *v, const uint8_t *data, size_t len);
void encode_size(struct desk *d);   /* the screen's, anew, to all */
void encode_pixels(struct desk *d); /* the screen's damage */
void encode_cursor(struct desk *d);
void encode_pointer(struct desk *d);
void encode_size_asked(struct viewer *v, bool is_granted);
/* What is due to viewers; milliseconds until something is again, -1: when something happens. */
int encode_update(struct desk *d, uint64_t now);

/* --- input.c --- */
void input_key(struct viewer *v, uint32_t keysym, bool down);
void input_pointer(struct viewer *v, int x, int y, unsigned buttons);
void input_release(struct viewer *v); /* all that it holds */
bool input_allowed(const struct viewer *v);

/* --- cut.c --- */
void cut_welcome(struct viewer *v); /* it knows the extended form */
void cut_message(struct viewer *v, const struct rfb_message *m);
/* The clipboard is this now; to all but the one it came from. */
void cut_offer(struct desk *d, const struct viewer *from, const char *text, size_t len);
void cut_switch(struct desk *d, bool on);
/* How much of text there is in what a viewer packed; 0: none, or more than max. */
size_t cut_unpack(const uint8_t *data, size_t len, char *out, size_t max);

#endif
