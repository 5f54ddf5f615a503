/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mcp/rpc.h"

#include <string.h>

#include "libcommon/jsonw.h"

bool rpc_take(struct json *j, struct slice *value)
{
	json_peek(j);
	value->at = j->p;
	if (!json_skip(j))
		return false;
	value->len = (size_t)(j->p - value->at);
	return true;
}

struct slice rpc_member(struct slice object, const char *name)
{
	struct slice value, found = {"", 0};
	struct json j;
	char key[64];

	if (!object.len)
		return found;
	json_init(&j, object.at, object.len);
	if (!json_open(&j, '{'))
		return found;
	while (json_member(&j, key, sizeof(key)) && rpc_take(&j, &value))
		if (strcmp(key, name) == 0)
			found = value;
	return found;
}

bool rpc_string(struct slice object, const char *name, char *out, size_t size)
{
	struct slice value = rpc_member(object, name);
	struct json j;

	json_init(&j, value.at, value.len);
	return value.len && json_string(&j, out, size);
}

/* A number or a string, and short: it is echoed. */
static bool is_id(struct slice v)
{
	return v.len && v.len <= RPC_ID_MAX && (v.at[0] == '"' || strchr("-0123456789", v.at[0]));
}

struct seen {
	bool version, id, params, outcome;
};

static void read_member(struct json *j, struct rpc *m, struct seen *s, const char *key)
{
	struct slice v;
	char text[8];

	if (strcmp(key, "jsonrpc") == 0) {
		s->version = json_string(j, text, sizeof(text)) && strcmp(text, "2.0") == 0;
	} else if (strcmp(key, "method") == 0) {
		json_string(j, m->method, sizeof(m->method));
	} else if (strcmp(key, "id") == 0) {
		s->id = rpc_take(j, &v);
		if (s->id && is_id(v))
			m->id = v;
	} else if (strcmp(key, "params") == 0) {
		s->params = rpc_take(j, &m->params);
	} else {
		s->outcome |= strcmp(key, "result") == 0 || strcmp(key, "error") == 0;
		json_skip(j);
	}
}

/* Text that is no JSON is one error, JSON that is no message another. */
static bool is_json(const char *data, size_t len)
{
	struct json j;

	json_init(&j, data, len);
	return json_skip(&j) && json_end(&j);
}

int rpc_parse(struct rpc *m, const char *data, size_t len)
{
	struct seen s = {.version = false};
	struct json j;
	char key[64];

	*m = (struct rpc){.id = {"", 0}, .params = {"", 0}};
	if (!is_json(data, len))
		return RPC_PARSE;
	json_init(&j, data, len);
	if (!json_open(&j, '{'))
		return RPC_REQUEST;
	while (json_member(&j, key, sizeof(key)))
		read_member(&j, m, &s, key);
	if (j.fault || !s.version || (s.id && !m->id.len))
		return RPC_REQUEST;
	if (s.params && m->params.at[0] != '{')
		return RPC_REQUEST;
	return m->method[0] || (s.outcome && m->id.len) ? 0 : RPC_REQUEST;
}

static void begin(struct buf *out, struct slice id)
{
	jw_open(out, '{');
	jw_kstr(out, "jsonrpc", "2.0");
	jw_key(out, "id");
	if (id.len)
		buf_add(out, id.at, id.len);
	else
		buf_str(out, "null");
}

void rpc_result(struct buf *out, struct slice id, const char *result)
{
	begin(out, id);
	jw_key(out, "result");
	buf_str(out, result);
	jw_close(out, '}');
	buf_char(out, '\n');
}

void rpc_error(struct buf *out, struct slice id, enum rpc_error code, const char *message)
{
	begin(out, id);
	jw_key(out, "error");
	jw_open(out, '{');
	jw_knum(out, "code", code);
	jw_kstr(out, "message", message);
	jw_close(out, '}');
	jw_close(out, '}');
	buf_char(out, '\n');
}
