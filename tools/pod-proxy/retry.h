/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server may answer a ClientHello by a HelloRetryRequest (RFC 8446 4.1.4), and the client then
 * says a second hello, with a name in it that a server may believe more than the first: it must be
 * the same.  Until the server has answered, the client's records pass, but for another handshake;
 * after an answer that is no such request nothing is looked at any more.
 */
#ifndef POD_PROXY_RETRY_H
#define POD_PROXY_RETRY_H

#include "tools/pod-proxy/hello.h"

#define RETRY_FLIGHT 1024 /* bytes of the server's first flight that are looked at */

enum retry_state {
	RETRY_AWAITED, /* what does the server say? */
	RETRY_ASKED,   /* the client's second hello comes next */
	RETRY_OVER,
};

struct retry {
	enum retry_state state;
	char name[NAME_TEXT]; /* of the first hello */
	bool refuses_ech;
	size_t passing; /* bytes left of a client's record that may pass */
};

/* The server's bytes from *ok on: those before *ok may pass.  0, and the state says what it was. */
void retry_server(struct retry *r, const uint8_t *data, size_t len, size_t *ok);

/* The client's, behind its first hello.  0; -EACCES: the second hello has another name, which is in
 * `other`, or none; -EPERM: it has an encrypted part; -EBADMSG: it is no hello. */
int retry_client(struct retry *r, const uint8_t *data, size_t len, size_t *ok,
		 char other[NAME_TEXT]);

#endif
