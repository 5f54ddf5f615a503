/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a client may call.  Each tool is one line to the queue's socket: there is nothing here that
 * the agent could not ask for by `pod-queue` itself.
 */
#ifndef POD_MCP_TOOLS_H
#define POD_MCP_TOOLS_H

#include "libcommon/buf.h"
#include "libcommon/err.h"
#include "tools/pod-mcp/rpc.h"

#define TOOL_ARGS 4

enum arg_kind { ARG_TEXT, ARG_OBJECT, ARG_SECONDS };

struct arg {
	const char *name;
	enum arg_kind kind;
	bool required;
	const char *help;
};

struct tool {
	const char *name, *title, *help;
	const char *request; /* members of the line that are always the same */
	bool nested;         /* its arguments are the params of an action */
	bool read_only;      /* for clients that ask before what is not */
	struct arg args[TOOL_ARGS];
};
extern const struct tool tools[]; /* ended by {0} */

const struct tool *tool_find(const char *name);

/* The array of tools/list: names, descriptions, schemas made of the table above. */
void tools_print(struct buf *out);

/*
 * The line, with its newline, that asks the queue for it; in *wait how many seconds to wait for an
 * action's end.  -EINVAL with what is wrong with the arguments.
 */
int tool_compose(const struct tool *t, struct slice arguments, struct buf *line, unsigned *wait,
		 struct err *e);

#endif
