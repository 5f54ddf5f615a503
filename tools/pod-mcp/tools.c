/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mcp/tools.h"

#include <errno.h>
#include <string.h>

#include "libcommon/jsonw.h"
#include "libcommon/path.h"

#define WAIT_DEFAULT 30
#define WAIT_MAX     3600

#define WAITS                                                                               \
	{                                                                                   \
		"wait", ARG_SECONDS, false, "wait so long for its end (30); 0: do not wait" \
	}
#define KEY                                                                                       \
	{                                                                                         \
		"key", ARG_TEXT, false, "your own word for it: sent again, it is the same action" \
	}

/* clang-format off */
const struct tool tools[] = {
	{"list_actions", "List actions",
	 "Which actions this pod may ask for, their parameters, and whether they run at once, after a "
	 "delay, or when a person has approved them.",
	 "\"type\":\"list_actions\"", false, true, {{0}}},
	{"call_action", "Call an action",
	 "Ask for an action by its name. The answer has its id and status: executed, failed, denied, "
	 "blocked, or queued while it waits for its time or for a person.",
	 "\"type\":\"call\"", false, false,
	 {{"action", ARG_TEXT, true, "a name from list_actions"},
	  {"params", ARG_OBJECT, false, "its parameters"}, KEY, WAITS}},
	{"request", "Ask a person",
	 "Ask the person who governs this pod for something, in words. It executes nothing.",
	 "\"type\":\"submit\",\"tier\":\"staged\"", false, false,
	 {{"description", ARG_TEXT, true, "what you need, and why"}, WAITS}},
	{"action_status", "Status of an action", "What has become of an action.",
	 "\"type\":\"poll\"", false, true, {{"id", ARG_TEXT, true, "as an answer gave it"}}},
	{"wait_action", "Wait for an action", "Wait until an action has ended.",
	 "\"type\":\"wait\"", false, true,
	 {{"id", ARG_TEXT, true, "as an answer gave it"},
	  {"timeout", ARG_SECONDS, false, "at most so long"}}},
	{"cancel_action", "Cancel an action", "Take back an action that has not begun.",
	 "\"type\":\"cancel\"", false, false, {{"id", ARG_TEXT, true, "as an answer gave it"}}},
	{"list_requests", "List what was asked for", "The actions of this pod, the newest first.",
	 "\"type\":\"list\"", false, true, {{0}}},
	{"diff", "Changes so far",
	 "What this pod has changed: what a person will review before it reaches the host.",
	 "\"type\":\"diff\"", false, true, {{0}}},
	{"why", "Why was it refused", "What the network wall says to a name or an address, and why.",
	 "\"type\":\"why\"", false, true,
	 {{"name", ARG_TEXT, true, "a domain or an address"}}},
	{"request_domain", "Ask for a domain", "Ask that this pod may resolve and reach a domain.",
	 "\"type\":\"call\",\"action\":\"domain\"", true, false,
	 {{"name", ARG_TEXT, true, "the domain"},
	  {"for", ARG_TEXT, false, "how long, as in 1h30m; else for good"}, KEY, WAITS}},
	{"take_snapshot", "Take a snapshot", "Keep the pod's state as it is now.",
	 "\"type\":\"call\",\"action\":\"snapshot\"", true, false,
	 {{"name", ARG_TEXT, false, "a name for it"}, KEY, WAITS}},
	{0},
};
/* clang-format on */

const struct tool *tool_find(const char *name)
{
	for (const struct tool *t = tools; t->name; t++)
		if (strcmp(t->name, name) == 0)
			return t;
	return NULL;
}

/* --- the list --- */

static const struct arg *arg_of(const struct tool *t, size_t i)
{
	return i < TOOL_ARGS && t->args[i].name ? &t->args[i] : NULL;
}

static void print_arg(struct buf *out, const struct arg *a)
{
	static const char *const types[] = {"string", "object", "integer"};

	jw_key(out, a->name);
	jw_open(out, '{');
	jw_kstr(out, "type", types[a->kind]);
	if (a->kind == ARG_SECONDS) {
		jw_knum(out, "minimum", 0);
		jw_knum(out, "maximum", WAIT_MAX);
	}
	jw_kstr(out, "description", a->help);
	jw_close(out, '}');
}

static void print_schema(struct buf *out, const struct tool *t)
{
	jw_open(out, '{');
	jw_kstr(out, "type", "object");
	jw_key(out, "properties");
	jw_open(out, '{');
	for (size_t i = 0; arg_of(t, i); i++)
		print_arg(out, &t->args[i]);
	jw_close(out, '}');
	jw_key(out, "required");
	jw_open(out, '[');
	for (size_t i = 0; arg_of(t, i); i++)
		if (t->args[i].required)
			jw_string(out, t->args[i].name);
	jw_close(out, ']');
	jw_kbool(out, "additionalProperties", false);
	jw_close(out, '}');
}

void tools_print(struct buf *out)
{
	jw_open(out, '[');
	for (const struct tool *t = tools; t->name; t++) {
		jw_open(out, '{');
		jw_kstr(out, "name", t->name);
		jw_kstr(out, "title", t->title);
		jw_kstr(out, "description", t->help);
		jw_key(out, "inputSchema");
		print_schema(out, t);
		jw_key(out, "annotations");
		jw_open(out, '{');
		jw_kbool(out, "readOnlyHint", t->read_only);
		jw_close(out, '}');
		jw_close(out, '}');
	}
	jw_close(out, ']');
}

/* --- a call --- */

static int wrong(struct err *e, const struct tool *t, const char *name, const char *what)
{
	return err_set(e, ERR_PLAIN, "%s: %s %s", t->name, esc(name), what);
}

static bool is_kind(const struct arg *a, struct slice v)
{
	return v.at[0] == (a->kind == ARG_OBJECT ? '{' : '"');
}

static int read_seconds(struct slice v, unsigned *seconds)
{
	struct json j;
	int64_t n;

	json_init(&j, v.at, v.len);
	if (!json_integer(&j, &n) || n < 0 || n > WAIT_MAX)
		return -EINVAL;
	*seconds = (unsigned)n;
	return 0;
}

/* Where the arguments of a call go: "wait" stays here, "key" is the queue's, the rest its action's.
 */
struct call {
	const struct tool *tool;
	struct buf outer, inner;
	unsigned *wait;
	bool seen[TOOL_ARGS];
};

static int take_arg(struct call *c, size_t i, struct slice v, struct err *e)
{
	const struct arg *a = &c->tool->args[i];
	bool inside = c->tool->nested && strcmp(a->name, "key") != 0;
	struct buf *to = inside ? &c->inner : &c->outer;

	if (c->seen[i])
		return wrong(e, c->tool, a->name, "is given twice");
	c->seen[i] = true;
	if (a->kind == ARG_SECONDS) {
		unsigned seconds;

		if (read_seconds(v, &seconds) < 0)
			return wrong(e, c->tool, a->name, "is a number of seconds from 0 to 3600");
		if (strcmp(a->name, "wait") == 0) {
			*c->wait = seconds;
			return 0;
		}
	} else if (!is_kind(a, v))
		return wrong(e, c->tool, a->name,
			     a->kind == ARG_OBJECT ? "is an object" : "is a string");
	buf_fmt(to, ",\"%s\":", a->name);
	buf_add(to, v.at, v.len);
	return 0;
}

static int read_args(struct call *c, struct slice arguments, struct err *e)
{
	struct slice v;
	struct json j;
	char key[64];

	if (!arguments.len)
		return 0;
	json_init(&j, arguments.at, arguments.len);
	if (!json_open(&j, '{'))
		return wrong(e, c->tool, "arguments", "must be an object");
	while (json_member(&j, key, sizeof(key)) && rpc_take(&j, &v)) {
		size_t i = 0;
		int r;

		while (arg_of(c->tool, i) && strcmp(c->tool->args[i].name, key) != 0)
			i++;
		if (!arg_of(c->tool, i))
			return wrong(e, c->tool, key, "is no argument of it");
		r = take_arg(c, i, v, e);
		if (r < 0)
			return r;
	}
	return j.fault ? wrong(e, c->tool, "arguments", j.fault) : 0;
}

static int check_required(const struct call *c, struct err *e)
{
	for (size_t i = 0; arg_of(c->tool, i); i++)
		if (c->tool->args[i].required && !c->seen[i])
			return wrong(e, c->tool, c->tool->args[i].name, "is missing");
	return 0;
}

static void write_line(const struct call *c, struct buf *line)
{
	buf_fmt(line, "{%s", c->tool->request);
	if (c->tool->nested)
		buf_fmt(line, ",\"params\":{%s}", c->inner.len ? c->inner.data + 1 : "");
	if (c->outer.len)
		buf_add(line, c->outer.data, c->outer.len);
	buf_str(line, "}\n");
}

int tool_compose(const struct tool *t, struct slice arguments, struct buf *line, unsigned *wait,
		 struct err *e)
{
	struct call c = {.tool = t, .wait = wait};
	int r;

	*wait = 0;
	for (size_t i = 0; arg_of(t, i); i++)
		if (strcmp(t->args[i].name, "wait") == 0)
			*wait = WAIT_DEFAULT;
	r = read_args(&c, arguments, e);
	if (r == 0)
		r = check_required(&c, e);
	if (r == 0)
		write_line(&c, line);
	buf_finish(&c.outer);
	buf_finish(&c.inner);
	return r;
}
