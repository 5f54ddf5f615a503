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
#include "tools/pod-display/acts.h"
#include "tools/pod-display/rfb.h"
#include "tools/pod-display/screen.h"

/* rfb.h has these as macros of its own. */
#define VIEWERS_MAX  32
#define CONTROLS_MAX 8
#define AGENTS_MAX   16
#define HELDS        16 /* keys that one viewer holds down */
#define ID_MAX       31 /* bytes */

struct viewer;
struct control;
struct greet;
struct agent;

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
	struct watch agent_listen; /* -1: there is no directory for it */
	struct agent *agents;
	struct acts acts; /* what agents have asked for */
	unsigned n_agents;
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

/* --- greet.c: connections that have not said yet what they are --- */
enum greet_kind { GREET_CONTROL = 1, GREET_VIEWER };
/* A first line, without its newline: its kind, or -EPROTO. */
int greet_parse(const char *line, size_t len, char id[ID_MAX + 1], bool *is_view);
int greet_open(struct desk *d, int listen, struct err *e);
void greets_reap(struct desk *d);

/* --- agents.c --- */
int agents_open(struct desk *d, struct err *e); /* XDG_RUNTIME_DIR/envpod-display */
/* What is due of it; milliseconds until something is again, -1: when something happens. */
int agents_run(struct desk *d);

/* --- control.c --- */
/* Takes fd; -EBUSY: there are CONTROLS_MAX. */
int control_new(struct desk *d, int fd, const struct buf *rest);
void controls_reap(struct desk *d);

#endif
