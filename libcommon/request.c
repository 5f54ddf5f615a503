/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/request.h"

#include <stdlib.h>
#include <string.h>

#include "libcommon/jsonr.h"
#include "libcommon/own.h"
#include "libcommon/path.h"

void request_finish(struct request *q)
{
	free(q->params);
	free(q->config);
	free(q->undo);
	*q = (struct request){0};
}

static bool take_raw(struct json *j, struct buf *out)
{
	const char *from;

	json_peek(j);
	from = j->p;
	if (json_skip(j))
		buf_add(out, from, (size_t)(j->p - from));
	return !j->fault;
}

static void take_object(struct json *j, char **to)
{
	struct buf b = BUF_INIT;

	if (json_peek(j) != '{')
		json_wrong(j, "an object was expected");
	take_raw(j, &b);
	free(*to);
	*to = buf_take(&b);
}

static void take_undo(struct json *j, char **to)
{
	if (json_peek(j) == 'n')
		json_skip(j);
	else
		take_object(j, to);
}

static void take_member(struct json *j, struct request *q, const char *key)
{
	if (strcmp(key, "id") == 0)
		json_string(j, q->id, sizeof(q->id));
	else if (strcmp(key, "name") == 0)
		json_string(j, q->name, sizeof(q->name));
	else if (strcmp(key, "type") == 0)
		json_string(j, q->type, sizeof(q->type));
	else if (strcmp(key, "params") == 0)
		take_object(j, &q->params);
	else if (strcmp(key, "config") == 0)
		take_object(j, &q->config);
	else if (strcmp(key, "undo") == 0)
		take_undo(j, &q->undo);
	else
		json_skip(j);
}

int request_parse(struct request *q, const char *data, size_t len, struct err *e)
{
	struct json j;
	char key[64];

	*q = (struct request){0};
	json_init(&j, data, len);
	if (json_open(&j, '{'))
		while (json_member(&j, key, sizeof(key)))
			take_member(&j, q, key);
	json_end(&j);
	if (!j.fault && !q->type[0])
		j.fault = "type is missing";
	if (j.fault)
		return err_set(e, ERR_PLAIN, "the request: %s", j.fault);
	if (!q->params)
		q->params = xstrdup("{}");
	if (!q->config)
		q->config = xstrdup("{}");
	return 0;
}

/* --- members --- */

/* Stands before the value of key: 1; 0 where there is none, or null. */
static int find(struct json *j, const char *object, const char *key)
{
	OWN_BUF struct buf name = BUF_INIT;

	json_init(j, object, strlen(object));
	if (!json_open(j, '{'))
		return 0;
	for (;;) {
		if (json_peek(j) == '}' || !json_peek(j))
			return 0;
		/* keys of any length, as json_member() has none */
		if (*j->p == ',')
			j->p++;
		buf_clear(&name);
		if (!json_text(j, &name) || json_peek(j) != ':')
			return 0;
		j->p++;
		j->is_first = false;
		if (name.len == strlen(key) && memcmp(name.data, key, name.len) == 0)
			return json_peek(j) != 'n';
		if (!json_skip(j))
			return 0;
	}
}

static int done(const struct json *j, const char *key, struct err *e)
{
	return j->fault ? err_set(e, ERR_PLAIN, "%s: %s", esc(key), j->fault) : 1;
}

int member_text(const char *object, const char *key, struct buf *out, struct err *e)
{
	struct json j;

	if (!find(&j, object, key))
		return 0;
	json_text(&j, out);
	return done(&j, key, e);
}

int member_raw(const char *object, const char *key, struct buf *out, struct err *e)
{
	struct json j;

	if (!find(&j, object, key))
		return 0;
	take_raw(&j, out);
	return done(&j, key, e);
}

static void add_text(struct json *j, struct strv *out)
{
	OWN_BUF struct buf b = BUF_INIT;

	buf_add(&b, "", 0);
	if (json_text(j, &b))
		strv_add(out, b.data ? b.data : "");
}

int member_list(const char *object, const char *key, struct strv *out, struct err *e)
{
	struct json j;

	if (!find(&j, object, key))
		return 0;
	if (json_open(&j, '['))
		while (json_element(&j))
			add_text(&j, out);
	return done(&j, key, e);
}

int member_map(const char *object, const char *key, struct strv *out, struct err *e)
{
	struct json j;
	char name[256];

	if (!find(&j, object, key))
		return 0;
	if (json_open(&j, '{'))
		while (json_member(&j, name, sizeof(name))) {
			strv_add(out, name);
			add_text(&j, out);
		}
	return done(&j, key, e);
}

int member_flag(const char *object, const char *key, bool *out, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;
	int r = member_raw(object, key, &b, e);

	if (r <= 0)
		return r;
	*out = strcmp(b.data, "true") == 0 || strcmp(b.data, "\"true\"") == 0;
	if (!*out && strcmp(b.data, "false") != 0 && strcmp(b.data, "\"false\"") != 0)
		return err_set(e, ERR_PLAIN, "%s: true or false was expected", esc(key));
	return 1;
}

int member_number(const char *object, const char *key, int64_t *out, struct err *e)
{
	struct json j;

	if (!find(&j, object, key))
		return 0;
	json_integer(&j, out);
	return done(&j, key, e);
}

char *member_may(const char *object, const char *key, struct err *e)
{
	struct buf b = BUF_INIT;
	int r = member_text(object, key, &b, e);

	if (r <= 0) {
		buf_finish(&b);
		return NULL;
	}
	return buf_take(&b);
}

char *member_need(const char *object, const char *key, struct err *e)
{
	char *text = member_may(object, key, e);

	if (!text && !e->code)
		err_set(e, ERR_PLAIN, "%s is missing", key);
	return text;
}
