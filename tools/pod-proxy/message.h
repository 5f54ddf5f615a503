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
};

struct message {
	struct buf text;      /* names (lower case), values, and the words below */
	struct field *fields; /* MESSAGE_FIELDS of them at most, in the order they came */
	size_t n, cap;
	uint32_t method, authority, target; /* of a request; target: path and query, or "*" */
	int status;                         /* of a response */
	enum head_body body;
	uint64_t length; /* of BODY_LENGTH */
	bool upgrade, expect,
		close; /* Upgrade: websocket; Expect: 100-continue; Connection: close */
};

void message_finish(struct message *m);
void message_clear(struct message *m);
const char *message_text(const struct message *m, uint32_t at);
uint32_t message_store(struct message *m, const char *s, size_t len);
/* -EMSGSIZE: too many fields, or too long together. */
int message_add(struct message *m, const char *name, const char *value);
/* The first value of that name (lower case), or NULL. */
const char *message_get(const struct message *m, const char *name);
/* Remove all of that name; how many there were. */
size_t message_remove(struct message *m, const char *name);

#endif
