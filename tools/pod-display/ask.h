/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other end of the agent's socket: one line, its answer, and what follows that.  Where no
 * pod-display serves this desktop, the screen is opened here and the same is done in this process.
 */
#ifndef POD_DISPLAY_ASK_H
#define POD_DISPLAY_ASK_H

#include <stdint.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"
#include "libcommon/opt.h"
#include "tools/pod-display/acts.h"
#include "tools/pod-display/wish.h"

#define ANSWER_LINE_MAX  65536
#define ANSWER_BYTES_MAX (64u << 20)

struct ask {
	int fd; /* -1: in this process */
	struct screen screen;
	struct acts acts;
	struct act *act;
	int signals;   /* where this process has keys and buttons to let go of: signalfd(2) */
	struct buf in; /* what has come and was not taken */
	size_t at;
};

/* An answer's members that are of use here; those that were not there are 0. */
struct answer {
	bool ok, changed;
	int status;
	int64_t x, y, width, height, bytes, at, pixels, waited;
	struct rect rects[WISH_RECTS];
	size_t n_rects;
	char message[256];
};

/* The line that is asked, begun: {"do":KIND; who calls adds members and ask_begin() ends it. */
void ask_line(struct buf *line, enum wish_kind kind);
void ask_region(struct buf *line, const char *key, const struct rect *r);

/*
 * Ask at socket (NULL: where it is by default).  77 where there is neither a pod-display that
 * serves nor a screen to open.
 */
int ask_begin(struct ask *k, const char *socket, struct buf *line, struct err *e);
void ask_finish(struct ask *k);
/*
 * The next answer; line has it as it came.  0 with a->ok; one that says no is -errno, with its
 * message and status in e; -EPIPE at the end.
 */
int ask_answer(struct ask *k, struct answer *a, struct buf *line, struct err *e);
int ask_bytes(struct ask *k, struct buf *out, uint64_t n, struct err *e);
/*
 * Until something has come (1), at most ms milliseconds (0); -EINTR when other can be read, which
 * is what signals come by (loop_signals()).
 */
int ask_wait(struct ask *k, int other, int ms, struct err *e);

/* All of it for an act whose answer is that it is done: the exit status.  Ends the line. */
int ask_do(const char *socket, struct buf *line);

/* Words of a command line: "X,Y,W,H" and whole numbers; whatever else ends the program (64). */
struct rect word_rect(const char *word);
int64_t word_number(const char *what, const char *word, int64_t least, int64_t most);

#define OPT_SOCKET(to)                                                          \
	{                                                                       \
		OPT_STR, 0, "socket", &(to), "PATH", "where pod-display serves" \
	}

int answer_parse(struct answer *a, const char *line, size_t len, struct err *e);

#endif
