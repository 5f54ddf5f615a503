/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-queue/reply.h"

#include <string.h>

#include "libcommon/jsonw.h"

void reply_error(struct buf *out, const char *error, const char *message)
{
	jw_open(out, '{');
	jw_kbool(out, "ok", false);
	jw_kstr(out, "error", error);
	jw_kstr(out, "message", message);
	jw_close(out, '}');
	buf_char(out, '\n');
}

const char *action_state(const struct action *a)
{
	if (*a->status)
		return a->status;
	return a->started ? "running" : "queued";
}

static void print_time(struct buf *out, const char *key, int64_t t)
{
	char text[ACTION_TIME];

	if (t)
		jw_kstr(out, key, action_time(t, text));
}

void reply_print(struct buf *out, const struct action *a)
{
	jw_open(out, '{');
	jw_kstr(out, "id", a->id);
	jw_kstr(out, "name", a->name);
	jw_kstr(out, "type", a->type);
	jw_kstr(out, "tier", tier_names[a->tier]);
	jw_kstr(out, "status", action_state(a));
	if (*a->key)
		jw_kstr(out, "key", a->key);
	print_time(out, "created", a->created);
	print_time(out, "due", a->due);
	print_time(out, "until", a->until);
	print_time(out, "started", a->started);
	print_time(out, "ended", a->ended);
	if (a->reason)
		jw_kstr(out, "reason", a->reason);
	jw_key(out, "params");
	buf_str(out, a->params);
	if (a->result) {
		jw_key(out, "result");
		buf_str(out, a->result);
	}
	jw_close(out, '}');
}

static const char *meaning(const struct action *a)
{
	if (strcmp(a->status, "blocked") == 0)
		return "actions of this name are refused in this pod";
	if (*a->status)
		return a->reason;
	if (a->started)
		return "it is being executed";
	return a->tier == TIER_STAGED ? "it waits for a person"
	       : a->tier == TIER_DELAYED
		       ? "it is executed when it is due, unless somebody cancels it"
		       : "it is executed now";
}

void reply_action(struct buf *out, const char *data, size_t len)
{
	OWN_ACTION struct action a = {.tier = TIERS};
	struct err e = {0};
	const char *message;

	if (action_parse(&a, data, len, &e) < 0) {
		reply_error(out, "failed", e.msg);
		return;
	}
	message = meaning(&a);
	jw_open(out, '{');
	jw_kbool(out, "ok", strcmp(a.status, "blocked") != 0);
	if (strcmp(a.status, "blocked") == 0)
		jw_kstr(out, "error", "blocked");
	jw_kstr(out, "id", a.id);
	jw_kstr(out, "status", action_state(&a));
	if (message)
		jw_kstr(out, "message", message);
	jw_key(out, "action");
	reply_print(out, &a);
	jw_close(out, '}');
	buf_char(out, '\n');
}
