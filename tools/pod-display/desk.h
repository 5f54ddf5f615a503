/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `pod-display serve` has: one screen, those who look at it, those who control it.  One
 * thread, one loop; nobody in it ever waits for one of them.
 */
#ifndef POD_DISPLAY_DESK_H
#define POD_DISPLAY_DESK_H

#include <rfb/rfb.h>

#include "libcommon/buf.h"
#include "libcommon/loop.h"
#include "tools/pod-display/rfb.h"
#include "tools/pod-display/screen.h"

/* rfb.h has these as macros of its own. */
#define VIEWERS_MAX  32
#define CONTROLS_MAX 8
#define HELDS        16 /* keys that one viewer holds down */
#define ID_MAX       31 /* bytes */

struct viewer;
struct control;
struct greet;

struct desk {
	struct loop loop;
	struct watch listen, x; /* x: the screen's connection; -1 while there is none */
	struct screen screen;
	bool is_up;
	bool was_up;                 /* at any time: its size is known */
	int want_width, want_height; /* at the first opening; 0: as it comes */
	uint64_t retry;              /* when to try to open it again */
	unsigned tries;
	uint64_t looked;          /* when the screen was last looked at */
	unsigned resizes, cursor; /* of the screen, as viewers know it */
	rfbScreenInfoPtr rfb;
	struct rfbCursor shapes[2]; /* the present one, and the one before */
	struct buf clip;            /* the clipboard, as viewers may ask for it */
	struct viewer *viewers;
	struct control *controls;
	struct greet *greets;
	unsigned n_viewers, n_controls, n_greets;
	bool has_clipboard; /* both ways */
	bool is_blank;
	char lease[ID_MAX + 1]; /* of whom; "": nobody */
	uint64_t lease_end;
	uint64_t resized;            /* when a viewer last changed the size */
	int next_width, next_height; /* that is still due; 0: none */
};

int desk_init(struct desk *d, struct err *e);
void desk_close(struct desk *d); /* viewers and screen */
void desk_finish(struct desk *d);
/* Until the loop is told to stop. */
int desk_run(struct desk *d, struct err *e);
/* Now, unless it has just been; viewers learn what is new. */
int desk_look(struct desk *d, struct err *e);
/* Another size, now or in a moment: storms of them become a few.  -ERANGE, -ENOTCONN with e set. */
int desk_resize(struct desk *d, int width, int height, struct err *e);
bool desk_is_leased(const struct desk *d, uint64_t now);
void desk_lease(struct desk *d, const char *id, uint64_t seconds);

/* --- viewer.c --- */

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

/* --- greet.c: connections that have not said yet what they are --- */
enum greet_kind { GREET_CONTROL = 1, GREET_VIEWER };
/* A first line, without its newline: its kind, or -EPROTO. */
int greet_parse(const char *line, size_t len, char id[ID_MAX + 1], bool *is_view);
int greet_open(struct desk *d, int listen, struct err *e);
void greets_reap(struct desk *d);

/* --- control.c --- */
/* Takes fd; -EBUSY: there are CONTROLS_MAX. */
int control_new(struct desk *d, int fd, const struct buf *rest);
void controls_reap(struct desk *d);

#endif
