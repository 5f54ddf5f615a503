/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libmicrohttpd parses and writes HTTP; sockets are accepted here, and time is kept here: its own
 * time limit is one of idleness, so that a byte every now and then would hold a connection for
 * ever.
 */
#include "libcommon/web.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libcommon/buf.h"
#include "libcommon/own.h"
#include "libcommon/web_socket.h"

#define HEAD_MAX 32768 /* of one connection: its head, and some of its body */
#define SWEEP_MS 1000

struct web_conn {
	struct web_conn *next, **link;
	struct web *web;
	int fd;
	unsigned which;
	uint64_t due;                /* cut then; 0: not by us */
	bool is_known;               /* somebody who had logged in asked by it */
	struct web_request *request; /* at hand */
};

/* --- requests --- */

static void cut(struct web_conn *c)
{
	shutdown(c->fd, SHUT_RDWR);
	c->web->is_due = true;
}

static void end(struct web_conn *c)
{
	if (c->request)
		web_cut(c->request);
	else
		cut(c);
}

static void set_due(struct web_conn *c, uint64_t ms)
{
	c->due = c->web->loop->now_ms + ms;
}

void web_wait(struct web_request *q)
{
	if (q->waits)
		return;
	q->waits = true;
	MHD_suspend_connection(q->mhd);
}

void web_go_on(struct web_request *q)
{
	if (!q->waits)
		return;
	q->waits = false;
	q->web->is_due = true;
	MHD_resume_connection(q->mhd);
}

void web_take_time(struct web_request *q)
{
	q->conn->due = 0;
}

void web_cut(struct web_request *q)
{
	q->is_cut = true;
	if (q->socket)
		web_socket_cut(q->socket);
	cut(q->conn);
	web_go_on(q);
}

const char *web_param(struct web_request *q, const char *name)
{
	return MHD_lookup_connection_value(q->mhd, MHD_GET_ARGUMENT_KIND, name);
}

static enum MHD_Result take_field(void *arg, enum MHD_ValueKind kind, const char *name,
				  size_t name_len, const char *value, size_t len)
{
	(void)kind;
	(void)name_len;
	web_head_add(arg, name, value, len);
	return MHD_YES;
}

/* A '*' stands for what follows the last '/', which is not empty; "**" for slashes, too. */
static const char *match(const struct web_route *r, const char *path)
{
	size_t n = strlen(r->path);

	if (r->path[n - 1] != '*')
		return strcmp(r->path, path) == 0 ? path + n : NULL;
	if (n > 1 && r->path[n - 2] == '*')
		return strncmp(r->path, path, n - 2) == 0 && path[n - 2] ? path + n - 2 : NULL;
	if (strncmp(r->path, path, n - 1) != 0 || !path[n - 1] || strchr(path + n - 1, '/'))
		return NULL;
	return path + n - 1;
}

/* 404: no such path here.  405: another method. */
static int find_route(struct web_request *q)
{
	unsigned here = 1u << q->conn->which;
	int r = 404;

	for (const struct web_route *t = q->web->routes; t->path; t++) {
		const char *rest = (t->ports ? t->ports : 1) & here ? match(t, q->path) : NULL;

		if (rest && strcmp(t->method, q->method) == 0) {
			q->route = t;
			q->rest = rest;
			return 0;
		}
		r = rest ? 405 : r;
	}
	return r;
}

static void find_session(struct web_request *q)
{
	struct web *w = q->web;
	char secret[WEB_SECRET];
	const struct web_session *one = NULL;
	const char *cookies = q->head.value[WEB_COOKIE], *bearer = q->head.value[WEB_AUTHORIZATION];

	if (bearer && web_bearer(bearer, secret))
		one = web_session_find(w->sessions, secret, true, w->loop->now_ms);
	else if (!bearer && cookies && web_cookie(cookies, w->cookie, secret))
		one = web_session_find(w->sessions, secret, false, w->loop->now_ms);
	explicit_bzero(secret, sizeof(secret));
	if (!one)
		return;
	q->session = one->number;
	q->role = one->role;
	q->conn->is_known = true;
}

static const struct {
	int status;
	const char *code, *message;
} refusals[] = {
	{400, "bad_request", "this is not one request with one end"},
	{401, "no_session", "log in by a new link"},
	{403, "forbidden", "not from there, or not with this session"},
	{404, "not_found", "there is nothing here"},
	{405, "method", "not with this method"},
	{411, "length", "a body needs a Content-Length"},
	{413, "too_large", "the body is too large"},
	{421, "not_here", "this is not the name of this front: use the link that was printed"},
	{426, "no_websocket", "this path is a WebSocket"},
	{505, "version", "HTTP/1.1 is spoken here"},
};

/* Who is nobody yet is told no more than that. */
static void refuse(struct web_request *q, int status)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if (refusals[i].status == status) {
			if (q->web->refused)
				q->web->refused(q->web, status, refusals[i].code);
			web_refuse(q, (unsigned)status, refusals[i].code, refusals[i].message);
		}
}

/* In this order: our name, whose page, who, what; 0, or the status that refuses it. */
static int judge(struct web_request *q, const char *version)
{
	struct web_place at = {.port = q->web->port[q->conn->which]};
	int there = find_route(q), status;
	unsigned want = q->route ? q->route->want : WEB_PLAIN;

	snprintf(at.label, sizeof(at.label), "%s", web_sessions_label(q->web->sessions));
	if (strcmp(version, MHD_HTTP_VERSION_1_1) != 0)
		return 505;
	MHD_get_connection_values_n(q->mhd, MHD_HEADER_KIND, take_field, &q->head);
	find_session(q);
	/* A token is sent on purpose: no page can have a browser add it. */
	if (q->head.value[WEB_AUTHORIZATION])
		want &= ~(unsigned)WEB_CHANGES;
	status = web_head_judge(&q->head, &at, want);
	if (status && (status != 426 || !q->session))
		return status == 426 ? 401 : status;
	if (!q->session && !(q->route && q->route->is_open))
		return 401;
	if (status)
		return status;
	if (there == 404 && q->web->fallback && strcmp(q->method, "GET") == 0 &&
	    q->conn->which == 0)
		return 0;
	if (there)
		return there;
	if (q->route->is_full && q->role != WEB_ROLE_FULL)
		return 403;
	q->length = web_head_length(&q->head);
	return (want & WEB_BODY) && q->length > q->route->body_max ? 413 : 0;
}

static enum MHD_Result deliver(struct web_request *q)
{
	enum MHD_Result r;

	if (q->is_cut)
		return MHD_NO;
	if (!q->response || q->is_queued)
		return MHD_YES;
	q->is_queued = true;
	if (q->conn->due)
		set_due(q->conn, WEB_ANSWER_MS);
	r = MHD_queue_response(q->mhd, q->status, q->response);
	MHD_destroy_response(q->response);
	q->response = NULL;
	return r;
}

static enum MHD_Result begin(struct web *w, struct MHD_Connection *mhd, const char *path,
			     const char *method, const char *version, void **state)
{
	struct web_request *q = xcalloc(1, sizeof(*q));
	int status;

	q->web = w;
	q->mhd = mhd;
	q->conn = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
	q->conn->request = q;
	q->path = path;
	q->method = method;
	*state = q;
	set_due(q->conn, WEB_HEAD_MS);
	status = judge(q, version);
	if (status) {
		q->route = NULL;
		refuse(q, status);
	} else if (q->route && q->route->begin) {
		q->route->begin(q);
	}
	/* A body that nobody wants is not read: libmicrohttpd then closes. */
	return q->response ? deliver(q) : MHD_YES;
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *mhd, const char *path,
				  const char *method, const char *version, const char *data,
				  size_t *len, void **state)
{
	struct web_request *q = *state;

	if (!q)
		return begin(arg, mhd, path, method, version, state);
	if (q->is_cut)
		return MHD_NO;
	if (*len) {
		/* It may be answered when all of it has come, and not before. */
		if (!q->response && q->route && q->route->data)
			*len -= q->route->data(q, data, *len);
		else
			*len = 0;
		return q->is_cut ? MHD_NO : MHD_YES;
	}
	if (!q->response && !q->is_queued && q->has_ended)
		return q->waits ? MHD_YES : MHD_NO;
	if (!q->response && !q->is_queued) {
		q->has_ended = true;
		if (!q->route)
			q->web->fallback(q);
		else if (q->route->end)
			q->route->end(q);
	}
	return deliver(q);
}

static void on_completed(void *arg, struct MHD_Connection *mhd, void **state,
			 enum MHD_RequestTerminationCode why)
{
	struct web_request *q = *state;

	(void)arg;
	(void)mhd;
	(void)why;
	if (!q)
		return;
	if (q->route && q->route->finish)
		q->route->finish(q);
	web_socket_free(q->socket);
	if (q->response)
		MHD_destroy_response(q->response);
	q->conn->request = NULL;
	set_due(q->conn, WEB_KEEP_MS);
	free(q);
	*state = NULL;
}

/* --- connections --- */

static void on_connection(void *arg, struct MHD_Connection *mhd, void **state,
			  enum MHD_ConnectionNotificationCode what)
{
	struct web *w = arg;
	struct web_conn *c = *state;

	if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
		if (!c)
			return;
		*c->link = c->next;
		if (c->next)
			c->next->link = c->link;
		w->n_conns--;
		free(c);
		*state = NULL;
		return;
	}
	c = xcalloc(1, sizeof(*c));
	c->web = w;
	c->fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	c->which = w->accepting;
	set_due(c, WEB_HEAD_MS);
	c->next = w->conns;
	c->link = &w->conns;
	if (c->next)
		c->next->link = &c->next;
	w->conns = c;
	w->n_conns++;
	*state = c;
}

/* The one that came first of those by which nobody asked who had logged in. */
static void make_room(struct web *w)
{
	struct web_conn *first = NULL;

	for (struct web_conn *c = w->conns; c; c = c->next)
		if (!c->is_known)
			first = c;
	if (first)
		cut(first);
}

static void on_listener(void *arg, uint32_t events)
{
	struct web_listener *l = arg;
	struct web *w = l->web;
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);
	int fd, one = 1;

	(void)events;
	fd = accept4(l->w.fd, (struct sockaddr *)&from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return;
	if (w->n_conns + 1 >= WEB_CONNS)
		make_room(w);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	w->accepting = l->which;
	w->is_due = true;
	if (w->n_conns >= WEB_CONNS)
		close(fd);
	else
		MHD_add_connection(w->daemon, fd, (struct sockaddr *)&from, len);
}

/* What waits for something else than its client is not looked at by libmicrohttpd. */
static bool is_gone(const struct web_conn *c)
{
	struct pollfd p = {.fd = c->fd, .events = POLLRDHUP};

	return poll(&p, 1, 0) > 0 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR));
}

static bool has_ended(const struct web_request *q)
{
	return q->session && !web_session_of(q->web->sessions, q->session, q->web->loop->now_ms);
}

void web_cut_ended(struct web *w)
{
	for (struct web_conn *c = w->conns; c; c = c->next)
		if (c->request && has_ended(c->request))
			web_cut(c->request);
}

static void sweep(struct web *w)
{
	w->swept_ms = w->loop->now_ms;
	for (struct web_conn *c = w->conns; c; c = c->next) {
		struct web_request *q = c->request;

		if (q && q->socket)
			web_socket_tick(q->socket, w->loop->now_ms);
		if (q && has_ended(q))
			web_cut(q);
		if (c->due && c->due < w->loop->now_ms)
			end(c);
		else if (q && q->waits && is_gone(c))
			web_cut(q);
	}
}

int web_patience_ms(struct web *w)
{
	MHD_UNSIGNED_LONG_LONG ms = 0;

	if (w->is_due)
		return 0;
	if (MHD_get_timeout(w->daemon, &ms) == MHD_YES && ms < SWEEP_MS)
		return (int)ms;
	return w->n_conns ? SWEEP_MS : -1;
}

int web_turn(struct web *w, struct err *e)
{
	MHD_UNSIGNED_LONG_LONG ms = 1;

	if (w->n_conns && w->loop->now_ms - w->swept_ms >= SWEEP_MS)
		sweep(w);
	if (!w->is_due && (MHD_get_timeout(w->daemon, &ms) != MHD_YES || ms > 0))
		return 0;
	w->is_due = false;
	return MHD_run(w->daemon) == MHD_YES ? 0 : err_set(e, ERR_PLAIN, "run libmicrohttpd");
}

/* --- the daemon --- */

static void on_poll(void *arg, uint32_t events)
{
	struct web *w = arg;

	(void)events;
	w->is_due = true;
}

/* Paths are compared as they were sent. */
static size_t no_unescape(void *arg, struct MHD_Connection *mhd, char *text)
{
	(void)arg;
	(void)mhd;
	return strlen(text);
}

/* It would print a line for each client that walks away. */
static void no_log(void *arg, const char *fmt, va_list ap)
{
	(void)arg;
	(void)fmt;
	(void)ap;
}

int web_init(struct web *w, struct loop *l, struct err *e)
{
	const union MHD_DaemonInfo *info;
	int r;

	w->loop = l;
	w->poll = (struct watch){.fd = -1};
	w->daemon = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_UPGRADE |
			MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG,
		0, NULL, NULL, on_request, w, MHD_OPTION_EXTERNAL_LOGGER, no_log, NULL,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, w, MHD_OPTION_NOTIFY_COMPLETED,
		on_completed, w, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEAD_MAX,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)WEB_CONNS + 8, MHD_OPTION_CONNECTION_TIMEOUT,
		0u, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_UNESCAPE_CALLBACK, no_unescape,
		NULL, MHD_OPTION_END);
	info = w->daemon ? MHD_get_daemon_info(w->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
	if (!info)
		return err_set(e, ERR_PLAIN, "start libmicrohttpd");
	w->poll = (struct watch){.fd = info->epoll_fd, .fn = on_poll, .arg = w};
	r = loop_add(l, &w->poll, EPOLLIN);
	return r < 0 ? err_set(e, -r, "watch libmicrohttpd") : 0;
}

int web_listen(struct web *w, int fd, unsigned which, struct err *e)
{
	struct sockaddr_in6 at = {0}; /* both families have their port at the same place */
	struct web_listener *l = &w->listener[w->n_listeners];
	socklen_t len = sizeof(at);

	if (w->n_listeners == WEB_LISTENERS || which >= WEB_PORTS)
		return err_set(e, ENOSPC, "listen");
	if (getsockname(fd, (struct sockaddr *)&at, &len) < 0)
		return err_set(e, errno, "ask for the port of descriptor %d", fd);
	*l = (struct web_listener){
		.w = {.fd = fd, .fn = on_listener, .arg = l}, .web = w, .which = which};
	if (loop_add(w->loop, &l->w, EPOLLIN) < 0)
		return err_set(e, errno, "watch a port");
	w->n_listeners++;
	w->port[which] = ntohs(at.sin6_port);
	if (which == 0)
		snprintf(w->cookie, sizeof(w->cookie), "envpod_%u", w->port[0]);
	return 0;
}

void web_finish(struct web *w)
{
	for (unsigned i = 0; i < w->n_listeners; i++)
		loop_remove(w->loop, &w->listener[i].w);
	w->n_listeners = 0;
	for (struct web_conn *c = w->conns; c; c = c->next)
		if (c->request)
			web_cut(c->request);
	if (w->daemon) {
		MHD_run(w->daemon);
		loop_forget(w->loop, &w->poll);
		MHD_stop_daemon(w->daemon);
	}
	w->daemon = NULL;
}
