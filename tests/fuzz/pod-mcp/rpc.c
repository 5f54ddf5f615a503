/* SPDX-License-Identifier: Apache-2.0 */
/* A client's line: what is taken for a message, and what a call makes of it for the queue. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tools/pod-mcp/queue.h"
#include "tools/pod-mcp/rpc.h"
#include "tools/pod-mcp/tools.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void compose(const struct rpc *m)
{
	OWN_BUF struct buf line = BUF_INIT;
	struct err e = {0};
	unsigned wait;
	char name[64];
	const struct tool *t = NULL;
	struct json j;

	if (rpc_string(m->params, "name", name, sizeof(name)))
		t = tool_find(name);
	if (!t)
		return;
	if (tool_compose(t, rpc_member(m->params, "arguments"), &line, &wait, &e) < 0) {
		if (!e.msg[0])
			abort();
		return;
	}
	/* One line, one object. */
	json_init(&j, line.data, line.len);
	if (memchr(line.data, '\n', line.len) != line.data + line.len - 1 || wait > 3600 ||
	    json_peek(&j) != '{' || !json_skip(&j) || !json_end(&j))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN_BUF struct buf out = BUF_INIT, text = BUF_INIT;
	struct rpc m;
	int code;

	if (memchr(data, '\n', size) || memchr(data, '\0', size))
		return 0; /* the reader of lines takes care of the one, no JSON has the other */
	buf_add(&text, data, size);
	if (!text.data)
		return 0;
	code = rpc_parse(&m, text.data, text.len);
	if (m.id.len > RPC_ID_MAX || (code && code != RPC_PARSE && code != RPC_REQUEST))
		abort();
	if (code == 0 && strcmp(m.method, "tools/call") == 0)
		compose(&m);
	rpc_error(&out, m.id, RPC_INTERNAL, "x");
	call_result(&out, &text, true);
	return 0;
}
