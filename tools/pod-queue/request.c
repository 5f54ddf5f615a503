/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-queue/request.h"

#include <stdlib.h>
#include <string.h>

#include "libcommon/jsonr.h"
#include "libcommon/jsonw.h"
#include "libcommon/own.h"
#include "tools/pod-queue/canon.h"

enum needs { NEEDS_ID = 1, NEEDS_NAME = 2, NEEDS_HOST = 4, NEEDS_WORDS = 8 };

static const struct {
	const char *type;
	enum op op;
	unsigned needs;
} ops[] = {
	{"list_actions", OP_LIST_ACTIONS, 0},
	{"call", OP_CALL, NEEDS_NAME},
	{"submit", OP_SUBMIT, NEEDS_WORDS},
	{"poll", OP_POLL, NEEDS_ID},
	{"wait", OP_WAIT, NEEDS_ID},
	{"cancel", OP_CANCEL, NEEDS_ID},
	{"list", OP_LIST, 0},
	{"diff", OP_DIFF, 0},
	{"why", OP_WHY, NEEDS_HOST},
};

struct parts {
	char type[32], tier[16];
	bool has_type;
	char description[4096];
};

void request_finish(struct request *r)
{
	free(r->params);
	r->params = NULL;
}

static void read_params(struct json *j, struct request *r)
{
	const char *from;

	if (json_peek(j) != '{') {
		json_wrong(j, "params: an object was expected");
		return;
	}
	from = j->p;
	if (!json_skip(j))
		return;
	free(r->params);
	r->params = strndup(from, (size_t)(j->p - from));
}

static void read_timeout(struct json *j, struct request *r)
{
	int64_t n;

	if (!json_integer(j, &n))
		return;
	if (n < 0 || n > WAIT_MAX)
		json_wrong(j, "timeout: 0 to 3600 seconds");
	r->timeout = (uint32_t)n;
}

/* Unknown ones are errors: who misspells "key" must not believe that it was heard. */
static void read_member(struct json *j, struct request *r, struct parts *p, const char *key)
{
	if (strcmp(key, "type") == 0)
		p->has_type = json_string(j, p->type, sizeof(p->type));
	else if (strcmp(key, "action") == 0 || strcmp(key, "name") == 0)
		json_string(j, r->name, sizeof(r->name));
	else if (strcmp(key, "id") == 0)
		json_string(j, r->id, sizeof(r->id));
	else if (strcmp(key, "key") == 0)
		json_string(j, r->key, sizeof(r->key));
	else if (strcmp(key, "tier") == 0)
		json_string(j, p->tier, sizeof(p->tier));
	else if (strcmp(key, "description") == 0)
		json_string(j, p->description, sizeof(p->description));
	else if (strcmp(key, "timeout") == 0)
		read_timeout(j, r);
	else if (strcmp(key, "params") == 0)
		read_params(j, r);
	else
		json_wrong(j, "unknown member: a request has type, action, name, id, key, params, "
			      "description, tier, timeout");
}

static bool is_host(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:");

	return n > 0 && n < 254 && s[n] == '\0' && s[0] != '-';
}

static const char *lacks(const struct request *r, const struct parts *p, unsigned needs)
{
	if ((needs & NEEDS_ID) && !action_is_id(r->id))
		return "id: 16 letters and digits, as an answer gave them";
	if ((needs & NEEDS_NAME) && !action_is_name(r->name))
		return "action: the name of an action was expected";
	if ((needs & NEEDS_HOST) && !is_host(r->name))
		return "name: a domain or an address was expected";
	if ((needs & NEEDS_WORDS) && !*p->description)
		return "description: some words were expected";
	if (*p->tier && tier_of(p->tier) == TIERS)
		return "tier: none of immediate, delayed, staged, blocked";
	if (*r->key && !action_is_name(r->key))
		return "key: letters, digits, '.', '_' and '-', at most 63";
	return NULL;
}

static const char *complete(struct request *r, const struct parts *p)
{
	if (!p->has_type)
		return "type is missing";
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		if (strcmp(ops[i].type, p->type) == 0) {
			r->op = ops[i].op;
			return lacks(r, p, ops[i].needs);
		}
	return "type: none of list_actions, call, submit, poll, wait, cancel, list, diff, why";
}

/* A request in words is an action like any other, with the words as its parameter. */
static void take_words(struct request *r, const char *description)
{
	OWN_BUF struct buf b = BUF_INIT;

	jw_open(&b, '{');
	jw_kstr(&b, "description", description);
	jw_close(&b, '}');
	free(r->params);
	r->params = buf_take(&b);
	memcpy(r->name, "request", sizeof("request"));
}

int request_parse(struct request *r, const char *line, size_t len, struct err *e)
{
	OWN_BUF struct buf text = BUF_INIT;
	struct parts p = {.type = ""};
	const char *fault = NULL;
	struct json j;
	char key[32];
	size_t at;

	*r = (struct request){.op = OPS, .timeout = 60};
	if (canon_value(&text, line, len, &fault, &at) < 0)
		return err_set(e, ERR_PLAIN, "column %zu: %s", at + 1, fault);
	json_init(&j, text.data, text.len);
	if (json_open(&j, '{'))
		while (json_member(&j, key, sizeof(key)))
			read_member(&j, r, &p, key);
	json_end(&j);
	fault = j.fault ? j.fault : complete(r, &p);
	if (fault)
		return err_set(e, ERR_PLAIN, "%s", fault);
	if (r->op == OP_SUBMIT)
		take_words(r, p.description);
	else if (!r->params)
		r->params = xstrdup("{}");
	return 0;
}
