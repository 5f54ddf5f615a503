/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What agents have asked of one screen and is still under way.  Nothing here waits or sleeps: each
 * act goes on a little at a time, so that viewers, who share the thread, lose nothing; and all of
 * them together take no more than a part of the time (ACTS_SHARE), however much is asked.
 *
 * The pod-display that serves has one of these for its agents' socket; where none serves, the
 * command has one of its own, on a screen that it opened itself.
 */
#ifndef POD_DISPLAY_ACTS_H
#define POD_DISPLAY_ACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"
#include "tools/pod-display/screen.h"
#include "tools/pod-display/wish.h"

#define ACTS_WAITS   4   /* wait-change at a time: each holds two copies of its region */
#define ACTS_RECORDS 2   /* and record */
#define ACTS_SHARE   250 /* milliseconds of a second */
#define ACTS_SLICE   4   /* milliseconds at a time */
#define DUE_NEVER    UINT64_MAX

struct act;

struct acts {
	struct screen *screen; /* NULL: there is none at the moment */
	/* Bring its pixels up to date, and tell everybody who needs to know what is new. */
	int (*fresh)(void *arg, struct err *e);
	void *arg;
	bool leased;       /* a viewer has keyboard and pointer to itself */
	bool blanked;      /* a person does not want the screen to be seen by agents */
	struct act *first; /* in the order in which they were asked for */
	int64_t credit_us; /* of ACTS_SHARE, what may be used at once */
	uint64_t credited; /* when that was reckoned */
};

struct act {
	struct acts *acts;
	struct act *next;
	struct wish wish;
	const struct deed *deed;
	void *state;  /* the deed's */
	uint64_t due; /* loop_clock() at which it goes on */
	struct buf out;
	size_t sent;    /* of out; whoever sends it counts here */
	bool finished;  /* nothing more comes */
	bool is_behind; /* act_waits() */
};

/*
 * Begin what a line asks for.  Whatever is wrong with it is its answer.  The answer, and what
 * follows it, comes into out of the act as acts_run() is called.
 */
struct act *act_new(struct acts *all, const char *line, size_t len, uint64_t now);
/* Let go of it; one that is not finished lets go of the keys and buttons that it held. */
void act_free(struct act *a);
/* So much of out has left. */
void act_sent(struct act *a, size_t n);

/* Go on with all that are due; when the next one is. */
uint64_t acts_run(struct acts *all, uint64_t now);
/* These parts of the screen's pixels are new. */
void acts_damage(struct acts *all, const struct rect *rects, size_t n, uint64_t now);
/* The screen was opened, has another size, or is gone (NULL). */
void acts_screen(struct acts *all, struct screen *screen);
/* Does any of them need to hear of damage? */
bool acts_watch(const struct acts *all);

/* --- for deeds --- */

/*
 * How one kind of wish comes true.  begin: 0, or -errno with e set, which is the answer.  step:
 * called when a->due has come; sets the next a->due or calls act_done().  damage and end may be
 * NULL; end lets go of a->state, also of one cut short.
 */
struct deed {
	int (*begin)(struct act *a, uint64_t now, struct err *e);
	void (*step)(struct act *a, uint64_t now);
	void (*damage)(struct act *a, const struct rect *r, uint64_t now);
	void (*end)(struct act *a);
};
extern const struct deed deed_tell, deed_shot, deed_watch, deed_record, deed_hand;

/* An answer is `answer_open(); jw_k…(); answer_close();`. */
void answer_open(struct act *a);
void answer_close(struct act *a);
void act_done(struct act *a);
void act_fail(struct act *a, const struct err *e);
const char *act_error(int status); /* an exit status as answers call it: "busy", … */
/* Is there an older one of the same deed?  Then it is called again when that one has ended. */
bool act_waits(struct act *a);
int acts_fresh(struct acts *all, struct err *e);
unsigned acts_count(const struct acts *all, const struct deed *deed);

/* Work that takes time is paid for: how long until there is credit, 0 for now; and the bill. */
uint64_t acts_credit(struct acts *all, uint64_t now);
uint64_t acts_clock_us(void);
void acts_charge(struct acts *all, uint64_t since_us);

/* The part of r that lies on the screen; false where there is none. */
bool rect_on(struct rect *r, const struct screen *s);
bool rect_meets(const struct rect *a, const struct rect *b);
struct rect rect_join(const struct rect *a, const struct rect *b);

#endif
