/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests whose body is looked at before a byte of it goes to the server: it is kept here until it
 * is whole, pod-screen is asked about it (libcommon/screening.h), one after the other, and the
 * request goes on or is refused.  Nothing here reads a body for what it means.
 */
#ifndef POD_PROXY_SCREENER_H
#define POD_PROXY_SCREENER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcommon/buf.h"
#include "libcommon/loop.h"

#define SCREENED_ALL (64u << 20) /* bytes of all bodies that are kept */

struct exchange;
struct inject;

struct screener {
	int net;                       /* RUN/NAME/net */
	struct watch watch;            /* the question under way; fd -1: none */
	struct exchange *first, *last; /* those that wait; the first is asked about */
	size_t sent;                   /* of the question */
	struct buf question, answer;
	bool is_packed;
	struct buf text; /* of a body that came packed */
	uint64_t deadline_ms;
	size_t kept; /* bytes of all bodies */
};

/* An admitted request has begun.  true: it goes to its server now.  false: it waits for its body,
 * or was refused. */
bool screener_passes(struct exchange *x);
void screener_data(struct exchange *x, const char *data, size_t len);
/* Its body is whole. */
void screener_end(struct exchange *x);
/* It waits no more, whatever came of it. */
void screener_leave(struct exchange *x);
/* Its body is kept no more. */
void screener_forget(struct exchange *x);
/* In each turn: the next question, and those that nobody answers. */
void screener_turn(struct inject *in);
void screener_finish(struct inject *in);

#endif
