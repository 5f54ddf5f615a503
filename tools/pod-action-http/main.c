/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pod-action-http: the executor of http actions and webhooks.  It works in the pod's network and
 * outside of its view (outside.h): the pod's egress policy says whom it reaches, and of keys it has
 * the dummies alone, which the pod's way out replaces for the domain that each is bound to.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/jsonw.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/reply.h"
#include "libcommon/request.h"
#include "libcommon/say.h"
#include "tools/pod-action-http/exchange.h"
#include "tools/pod-action-http/headers.h"
#include "tools/pod-action-http/outside.h"

static const struct http_type {
	const char *name, *method;
	const char *body; /* its parameter; NULL: it has none */
} types[] = {
	{"http_get", "GET", NULL},       {"http_post", "POST", "body"},
	{"http_put", "PUT", "body"},     {"http_patch", "PATCH", "body"},
	{"http_delete", "DELETE", NULL}, {"webhook", "POST", "payload"},
};

static struct outside outside;
static bool is_outside;

/* A text is sent as it is, any other value as the JSON that it is. */
static int take_body(const struct request *q, const char *key, struct buf *out, struct err *e)
{
	OWN_BUF struct buf raw = BUF_INIT;
	int r = member_raw(q->params, key, &raw, e);

	if (r <= 0)
		return r;
	if (raw.data[0] == '"')
		return member_text(q->params, key, out, e);
	buf_add(out, raw.data, raw.len);
	return 1;
}

static int add_headers(const struct request *q, struct strv *out, struct err *e)
{
	OWN_STRV struct strv pairs = {0};
	int r = member_map(q->params, "headers", &pairs, e);

	for (size_t i = 0; r >= 0 && i + 1 < pairs.n; i += 2)
		r = header_add(out, pairs.v[i], pairs.v[i + 1], e);
	return r;
}

static bool has_header(const struct strv *headers, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < headers->n; i++)
		if (strncasecmp(headers->v[i], name, n) == 0 && headers->v[i][n] == ':')
			return true;
	return false;
}

static int add_type(const struct request *q, struct strv *out, struct err *e)
{
	OWN_FREE char *asked = member_may(q->params, "content_type", e);
	OWN_FREE char *set = asked || e->code ? NULL : member_may(q->config, "content_type", e);
	const char *type = asked ? asked : set ? set : "application/json";

	if (e->code)
		return -e->code;
	return has_header(out, "Content-Type") ? 0 : header_add(out, "Content-Type", type, e);
}

/* What the agent says of the key's own header does not count. */
static int add_auth(const struct request *q, struct strv *out, struct err *e)
{
	OWN_FREE char *key = member_may(q->config, "auth_vault_key", e);
	OWN_FREE char *scheme = key ? member_may(q->config, "auth_scheme", e) : NULL;
	const char *dummy = key ? getenv(key) : NULL;

	if (e->code || !key)
		return -e->code;
	if (!dummy)
		return err_set(
			e, ERR_PLAIN,
			"auth_vault_key: the pod has no binding of %s (envpod vault bind makes one)",
			esc(key));
	if (has_header(out, "Authorization"))
		return err_set(e, ERR_PLAIN,
			       "headers: Authorization is what this action's key is for");
	return header_auth(out, scheme, dummy, e);
}

/*
 * The header that proves to a receiver who sends: its value is in the vault, bound to the receiver
 * as this very header.  No process of ours has it; a signature, which is made with the secret
 * itself, nobody here could make.
 */
static int add_secret(const struct request *q, const char *url, struct strv *out, struct err *e)
{
	OWN_FREE char *header = member_may(q->params, "secret_header", e);
	OWN_BUF struct buf dummy = BUF_INIT;
	int r;

	if (!header)
		return -e->code;
	if (has_header(out, header))
		return err_set(e, ERR_PLAIN, "headers: %s is what secret_header is for",
			       esc(header));
	r = is_outside ? outside_secret(&outside, url, header, &dummy, e)
		       : err_set(e, ERR_PLAIN, "secret_header: this is for --pod to know");
	return r < 0 ? r : header_add(out, header, dummy.data, e);
}

static char *find_url(const struct request *q, struct err *e)
{
	OWN_FREE char *fixed = member_may(q->config, "url", e);
	OWN_FREE char *base = e->code ? NULL : member_may(q->config, "base_url", e);
	OWN_FREE char *asked = e->code ? NULL : member_may(q->params, "url", e);

	if (e->code)
		return NULL;
	if (fixed && asked && strcmp(fixed, asked) != 0) {
		err_set(e, ERR_PLAIN, "url: this action is for %s alone", esc(fixed));
		return NULL;
	}
	if (!fixed && !asked)
		err_set(e, ERR_PLAIN, "url is missing");
	return e->code ? NULL : url_of(fixed ? NULL : base, fixed ? fixed : asked, e);
}

static void say_answer(const struct exchange *x, struct reply *y)
{
	jw_knum(&y->result, "status", x->status);
	if (*x->type)
		jw_kstr(&y->result, "content_type", x->type);
	jw_knum(&y->result, "bytes", (int64_t)x->answer.len);
	jw_kbool(&y->result, "truncated", x->truncated);
	jw_kstr(&y->result, "body", x->answer.len ? x->answer.data : "");
}

/* Outside, nothing else may look for them. */
static int exchange(struct exchange *x, struct err *e)
{
	OWN_BUF struct buf resolve = BUF_INIT;
	int r = is_outside ? outside_resolve(&outside, x->url, &resolve, e) : 0;

	if (r < 0)
		return err_wrap(e, "%s %s", x->method, x->url);
	x->ca = is_outside ? &outside.ca : NULL;
	x->resolve = resolve.len ? resolve.data : NULL;
	return exchange_run(x, e);
}

/* An answer with an error status is an answer: what was asked may have been done. */
static int send_it(const struct request *q, const struct http_type *t, struct reply *y,
		   struct err *e)
{
	OWN_STRV struct strv headers = {0};
	OWN_BUF struct buf body = BUF_INIT;
	OWN_FREE char *url = find_url(q, e);
	struct exchange x __attribute__((cleanup(exchange_finish))) = {
		.method = t->method, .url = url, .headers = &headers, .seconds = 50};
	int r = url ? add_headers(q, &headers, e) : -e->code;

	if (r >= 0)
		r = add_secret(q, url, &headers, e);
	if (r >= 0 && t->body)
		r = take_body(q, t->body, &body, e);
	if (r == 0 && t->body && strcmp(t->name, "webhook") == 0)
		r = err_set(e, ERR_PLAIN, "payload is missing");
	if (r >= 0 && t->body) {
		x.body = &body;
		r = add_type(q, &headers, e);
	}
	if (r >= 0)
		r = add_auth(q, &headers, e);
	if (r >= 0)
		r = exchange(&x, e);
	if (r >= 0)
		say_answer(&x, y);
	return r < 0 ? r : 0;
}

static int run(const struct request *q, struct reply *y, struct err *e)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(types[i].name, q->type) != 0)
			continue;
		if (q->undo)
			return err_set(e, ERR_PLAIN, "what was sent cannot be taken back");
		reply_never(
			y,
			strcmp(types[i].method, "GET") == 0
				? "it asked, and changed nothing in the pod; what the server made of "
				  "it is the server's"
				: "what was sent cannot be taken back: only its receiver could undo it");
		return send_it(q, &types[i], y, e);
	}
	return err_set(e, ERR_PLAIN, "%s is no type of this executor", esc(q->type));
}

/* The answer to whatever was asked, which is not read then. */
static int refuse(const struct err *e)
{
	OWN(reply_finish) struct reply y;
	OWN_BUF struct buf out = BUF_INIT;

	reply_init(&y);
	reply_print(&y, e, &out);
	write_full(STDOUT_FILENO, out.data, out.len);
	return say_err(e);
}

int main(int argc, char **argv)
{
	const char *pod = NULL;
	const struct opt opts[] = {
		{OPT_STR, 0, "pod", &pod, "POD",
		 "work in this pod's network, and outside of its view"},
		{0},
	};
	const struct opt_usage usage = {"pod-action-http [OPTION]... [TYPE] < REQUEST",
					"Send a request as an action says.", 0, 1, 0};
	struct err e = {0};

	say_name("pod-action-http");
	opt_parse(opts, &usage, argc, argv);
	if (pod && outside_enter(&outside, pod, &e) < 0)
		return refuse(&e);
	is_outside = pod != NULL;
	return reply_serve(run);
}
