/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of /api/v1: read here, answered by the runner. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcommon/io.h"
#include "libcommon/own.h"
#include "tools/pod-dash/body.h"
#include "tools/pod-dash/front.h"

struct pending {
	struct web_request *q;
	struct pending *next;
	const struct route *route;
	struct values values;
	struct buf body;
	uint32_t id; /* 0: not asked yet */
};

static void refuse(struct web_request *q, unsigned status, const char *why)
{
	OWN_BUF struct buf b = BUF_INIT;

	body_error(&b, why, 64);
	web_answer(q, status, "application/json", b.data, b.len, NULL);
}

void api_begin(struct web_request *q)
{
	struct front *f = q->web->arg;
	struct pending *p = xcalloc(1, sizeof(*p));

	q->state = p;
	p->q = q;
	p->next = f->pending;
	f->pending = p;
	switch (route_find(q->method, q->path, &p->route, &p->values)) {
	case ROUTE_NONE:
		refuse(q, 404, "there is nothing here");
		break;
	case ROUTE_OTHER_METHOD:
		refuse(q, 405, "not with this method");
		break;
	case ROUTE_FOUND:
		if (role_of(q->role) < p->route->role)
			refuse(q, 403, "your login may not do that");
		break;
	}
}

size_t api_data(struct web_request *q, const char *data, size_t len)
{
	struct pending *p = q->state;

	buf_add(&p->body, data, len);
	return len;
}

static enum MHD_Result take_argument(void *arg, enum MHD_ValueKind kind, const char *name,
				     size_t name_len, const char *value, size_t len)
{
	struct buf *query = arg;

	(void)kind;
	(void)name_len;
	(void)len;
	buf_fmt(query, "%s%s=%s", query->len ? "&" : "", name, value ? value : "");
	return MHD_YES;
}

/* The query of a question, the body of a change. */
static int take_values(struct pending *p, struct err *e)
{
	OWN_BUF struct buf query = BUF_INIT;
	int r = 0;

	MHD_get_connection_values_n(p->q->mhd, MHD_GET_ARGUMENT_KIND, take_argument, &query);
	if (query.len)
		r = values_query(&p->values, query.data, e);
	if (r == 0 && p->body.len)
		r = values_json(&p->values, p->route, p->body.data, p->body.len, e);
	return r == 0 ? route_check(p->route, &p->values, e) : r;
}

/* Does it want the lines as they are? */
static bool wants_lines(struct web_request *q)
{
	const char *accept = MHD_lookup_connection_value(q->mhd, MHD_HEADER_KIND, "Accept");

	return accept && strcmp(accept, "application/x-ndjson") == 0;
}

static int send_ask(struct front *f, struct pending *p)
{
	struct ask a = {.id = ++f->asked ? f->asked : ++f->asked,
			.session = p->q->session,
			.route = (uint16_t)(p->route - routes),
			.role = (uint8_t)role_of(p->q->role),
			.lines = wants_lines(p->q),
			.values = p->values};
	OWN_BUF struct buf b = BUF_INIT;

	ask_pack(&a, &b);
	p->id = a.id;
	return b.len > ASK_MAX ? -EMSGSIZE : packet_send(f->runner.fd, b.data, b.len, -1);
}

void api_end(struct web_request *q)
{
	struct front *f = q->web->arg;
	struct pending *p = q->state;
	struct err e = {0};
	int r;

	if (take_values(p, &e) < 0) {
		refuse(q, 400, e.msg);
		return;
	}
	r = send_ask(f, p);
	explicit_bzero(p->body.data, p->body.len);
	if (r == -EMSGSIZE)
		refuse(q, 413, "that is too much at once");
	else if (r < 0)
		refuse(q, 503, "too much is being asked at once");
	else {
		web_take_time(q);
		web_wait(q);
	}
}

void api_finish(struct web_request *q)
{
	struct front *f = q->web->arg;
	struct pending *p = q->state;

	for (struct pending **at = &f->pending; *at; at = &(*at)->next)
		if (*at == p) {
			*at = p->next;
			break;
		}
	if (!p)
		return;
	values_finish(&p->values);
	buf_finish(&p->body);
	free(p);
}

static const char *type_of(const struct pending *p, const struct reply *r)
{
	if (r->http < 400 && p->route->answer == ANSWER_TEXT)
		return "text/plain; charset=utf-8";
	return r->http < 400 && p->route->answer == ANSWER_LIST && wants_lines(p->q)
		       ? "application/x-ndjson"
		       : "application/json";
}

/* Its asker may be gone. */
void api_answered(struct front *f, const struct reply *r, int fd)
{
	OWN_BUF struct buf body = BUF_INIT;
	struct pending *p = f->pending;

	while (p && p->id != r->id)
		p = p->next;
	if (!p)
		return;
	if (fd < 0 || lseek(fd, 0, SEEK_SET) < 0 || read_fd(fd, &body, 32u << 20) < 0)
		refuse(p->q, 500, "the answer was lost");
	else
		web_answer(p->q, r->http, type_of(p, r), body.data ? body.data : "", body.len,
			   NULL);
}
