/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the front, which reads HTTP and has no powers, and the runner, which has them and never
 * sees a byte of HTTP: packets of a socketpair (SOCK_SEQPACKET).  The front asks by a route's
 * number and values; the runner holds them against the table once more.  An answer brings its body
 * as a sealed file of memory, or the end of a pipe.
 */
#ifndef POD_DASH_ASK_H
#define POD_DASH_ASK_H

#include <stdint.h>
#include <sys/types.h>

#include "tools/pod-dash/route.h"

#define ASK_MAX (192 << 10) /* bytes of a packet */

struct ask {
	uint32_t id;      /* the answer brings it back */
	uint32_t session; /* who asks, for the record */
	uint16_t route;   /* index in routes[] */
	uint8_t role;     /* of the session; the runner judges by it */
	uint8_t lines;    /* a list as lines, not as an array */
	struct values values;
};

struct reply {
	uint32_t id;     /* 0: no answer, but news for everybody (what: an event of the stream) */
	uint16_t http;   /* its status */
	uint16_t answer; /* enum answer of the body */
};

void ask_pack(const struct ask *a, struct buf *b);
/* -EINVAL for what is none; the values are as they came, unchecked. */
int ask_unpack(struct ask *a, const void *data, size_t len);

/* One packet with at most one descriptor; -errno. */
int packet_send(int fd, const void *data, size_t len, int pass);
/* Its length, 0 at the end, -errno; *passed is -1 without one. */
ssize_t packet_take(int fd, void *data, size_t size, int *passed);

#endif
