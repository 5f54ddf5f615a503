/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The head of an HTTP/1 request (RFC 9112), read strictly: what two parsers could read in two ways
 * is refused, so that the server sees the same host, and the same end of the request, as we do.
 */
#ifndef POD_PROXY_HEAD_H
#define POD_PROXY_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/pod-proxy/hello.h"

#define HEAD_MAX    65536
#define HEAD_FIELDS 200

/* BODY_CLOSE: of responses alone, until the connection ends. */
enum head_body { BODY_NONE, BODY_LENGTH, BODY_CHUNKED, BODY_CLOSE };

struct head {
	char host[NAME_TEXT]; /* without port */
	size_t size;          /* bytes of the head with its empty line */
	enum head_body body;
	uint64_t length; /* of BODY_LENGTH */
	bool upgrade;    /* the server may change the protocol */
};

/* 0: h is set.  -EAGAIN: more bytes are needed.  -EBADMSG: refused. */
int head_parse(const char *data, size_t len, struct head *h);

#endif
