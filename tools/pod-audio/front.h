/* SPDX-License-Identifier: Apache-2.0 */
/* The process that listeners talk to: it encodes what comes by the pipe, once for all of them. */
#ifndef POD_AUDIO_FRONT_H
#define POD_AUDIO_FRONT_H

#include <stdbool.h>

#include "libcommon/loop.h"
#include "tools/pod-audio/encode.h"
#include "tools/pod-audio/webm.h"

#define LISTENERS_MAX 32
#define LINE_MAX_LEN  512 /* of a first line, of a request */

enum listener_kind { LISTENER_NEW, LISTENER_OPUS, LISTENER_WEBM, LISTENER_CONTROL };

struct front;

struct listener {
	struct watch watch;
	struct front *front;
	enum listener_kind kind;
	struct buf in;      /* of a line that is not whole yet */
	struct buf rest;    /* of what the socket took a part of: this goes first */
	uint64_t zero_usec; /* webm: of its first packet */
	uint64_t moved_ms;  /* when the socket took something last, or something came */
	bool is_begun, is_gone;
};

struct front {
	struct loop loop;
	struct watch socket, pipe;
	struct encoder encoder;
	struct listener *v[LISTENERS_MAX];
	size_t n;
	int wish; /* "1" or "0" goes there: is sound wanted? */
	bool is_wanted;
	uint64_t heard_ms; /* the last frame that sounded */
	uint64_t frames, packets;
};

/* Lock down and serve: socket listens, frames come by the pipe.  Until the pipe ends. */
int front_run(int socket, int pipe, int wish, struct err *e);

/* --- listeners (listener.c) --- */

void listener_add(struct front *f, int fd);
void listener_finish(struct listener *l);
/* To each whom it concerns; one who has not taken all of what came before goes without. */
void listener_packet(struct listener *l, uint64_t usec, const void *data, size_t n);
/* Nothing sounds any more. */
void listener_pause(struct listener *l, uint64_t usec);
/* Whose patience has ended, ours with him or his with us. */
bool listener_is_late(const struct listener *l, uint64_t now_ms);

/* --- requests (control.c) --- */

/* One line of a control connection; the answer is appended. */
void control_answer(struct front *f, const char *line, size_t len, struct buf *answer);

/* How many are there who hear, and is sound wanted? */
size_t front_hearers(const struct front *f);
void front_look(struct front *f);

#endif
