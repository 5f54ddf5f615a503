/* SPDX-License-Identifier: Apache-2.0 */
/* JSON-RPC 2.0, one message a line: what a client sends, what goes back. */
#ifndef POD_MCP_RPC_H
#define POD_MCP_RPC_H

#include <stdbool.h>
#include <stddef.h>

#include "libcommon/buf.h"
#include "libcommon/jsonr.h"

#define RPC_LINE_MAX 131072 /* bytes of a line; a longer one is refused and passed over */
#define RPC_ID_MAX   256

enum rpc_error {
	RPC_PARSE = -32700,
	RPC_REQUEST = -32600,
	RPC_METHOD = -32601,
	RPC_PARAMS = -32602,
	RPC_INTERNAL = -32603,
};

/* A piece of the message's own text. */
struct slice {
	const char *at;
	size_t len;
};

struct rpc {
	struct slice id;     /* a string or a number, as it stands there; len 0: a notification */
	char method[64];     /* "": it is an answer, which nobody waits for */
	struct slice params; /* an object; len 0: none */
};

/* 0, or the error that the message gets; then id is what could be made out of it. */
int rpc_parse(struct rpc *m, const char *data, size_t len);

/* The next value, whatever it is, as its text; false at a fault. */
bool rpc_take(struct json *j, struct slice *value);
/* The value of a member of an object; len 0 where there is none. */
struct slice rpc_member(struct slice object, const char *name);
/* The same as a string; false where it is none, or longer. */
bool rpc_string(struct slice object, const char *name, char *out, size_t size);

/* One line each, with its newline.  result is the text of a JSON value. */
void rpc_result(struct buf *out, struct slice id, const char *result);
void rpc_error(struct buf *out, struct slice id, enum rpc_error code, const char *message);

#endif
