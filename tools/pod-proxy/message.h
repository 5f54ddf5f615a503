/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The head of an HTTP request or response as a list of fields, whichever version of HTTP it came
 * by: heads are read, checked and written anew, never forwarded (RFC 9110; RFC 9112; RFC 9113).
 */
#ifndef POD_PROXY_MESSAGE_H
#define POD_PROXY_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcommon/buf.h"
#include "tools/pod-proxy/head.h"

#define MESSAGE_FIELDS HEAD_FIELDS
#define MESSAGE_MAX    HEAD_MAX

struct field {
	uint32_t name, value; /* where they begin in text, each NUL-terminated */
	bool secret;          /* it stays out of the tables of header compression */
};

struct message {
	struct buf text;      /* names (lower case), values, and the words below */
	struct field *fields; /* MESSAGE_FIELDS of them at most, in the order they came */
	size_t n, cap;
	uint32_t method, authority, target; /* of a request; target: path and query, or "*" */
	int status;                         /* of a response */
	enum head_body body;
	uint64_t length;  /* of BODY_LENGTH; also said where none comes (HEAD, 304) */
	bool upgrade;     /* Upgrade: websocket */
	bool expect;      /* Expect: 100-continue */
	bool close;       /* Connection: close */
	uint64_t keep_ms; /* of a response: Keep-Alive: timeout, less half a second; 0: not said */
	bool trailers;    /* TE: trailers, by HTTP/2: they are understood */
};

/*
 * What belongs to one connection, and the framing, is no field: host, content-length, transfer-
 * encoding, connection and what it names, keep-alive, proxy-connection, te, trailer, upgrade and
 * expect are in the members above, or gone.  A message may hold credentials: it is wiped.
 */
void message_finish(struct message *m);
void message_clear(struct message *m); /* memory is kept */
/* The string that begins there; "" for 0. */
const char *message_text(const struct message *m, uint32_t at);
/* Pointers into text are void afterwards. */
uint32_t message_store(struct message *m, const char *s, size_t len);
/* -EMSGSIZE: too many fields, or too long together.  The name is made lower case. */
int message_add(struct message *m, const char *name, const char *value);
int message_put(struct message *m, const char *name, size_t name_len, const char *value,
		size_t len);
/* Copies of all its fields; to is empty. */
void message_copy(struct message *to, const struct message *from);
/* The first value of that name (lower case), or NULL. */
const char *message_get(const struct message *m, const char *name);
/* Remove all of that name; how many there were. */
size_t message_remove(struct message *m, const char *name);

/* Of a trailer: what could change the meaning of a message that has been passed on, or where it
 * goes, and comes too late for that (RFC 9110 6.5.1). */
bool message_is_late(const char *name, size_t len);

#endif
