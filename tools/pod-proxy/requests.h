/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Following the requests of one connection, so that each head is judged, not the first alone: a
 * connection that began with an allowed host could else ask for any other one afterwards.
 */
#ifndef POD_PROXY_REQUESTS_H
#define POD_PROXY_REQUESTS_H

#include "tools/pod-proxy/head.h"

#define CHUNK_LINE 1024 /* bytes of a chunk's size with its extensions, or of a trailer field */

enum requests_state {
	REQ_HEAD,
	REQ_LENGTH,  /* `left` bytes of body */
	REQ_SIZE,    /* a chunk's size */
	REQ_DATA,    /* `left` bytes of a chunk */
	REQ_DATAEND, /* the CRLF behind it */
	REQ_TRAILER,
};

struct requests {
	enum requests_state state;
	uint64_t left;
	uint64_t heads; /* so far */
	size_t trailers;
};

/*
 * Go on by these bytes, *at of which have been gone by before.  0: all that can be, *at says how
 * far; the rest waits for more.  1: a head stands at *at, h is what it says; if it may pass, call
 * requests_pass() and go on.  -EBADMSG: no HTTP that we understand.
 */
int requests_follow(struct requests *q, const char *data, size_t len, size_t *at, struct head *h);
void requests_pass(struct requests *q, const struct head *h, size_t *at);

#endif
