/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a session is MCP's: initialize, then requests in any number at a time, until the
 * client closes its end.  Calls are in flight beside each other, so that a ping is answered and a
 * call cancelled while another waits for a person.
 */
#include "tools/pod-mcp/session.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "libcommon/io.h"
#include "libcommon/jsonw.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-mcp/queue.h"
#include "tools/pod-mcp/rpc.h"
#include "tools/pod-mcp/tools.h"

#define CALLS_MAX 16
#define TICK_MS   1000

/* The newest first: what a client asks for that is none of them gets that. */
static const char *const versions[] = {"2025-11-25", "2025-06-18", "2024-11-05", NULL};

struct session {
	int in, out;
	const char *socket;
	const char *version; /* NULL: not initialized yet */
	struct buf line;     /* what has come of the next message */
	bool skips;          /* the rest of a line that was too long */
	bool ended;          /* the client says no more */
	struct call calls[CALLS_MAX];
	int broken; /* -errno of a write to the client */
};

static void session_finish(struct session *s)
{
	for (size_t i = 0; i < CALLS_MAX; i++)
		call_finish(&s->calls[i]);
	buf_finish(&s->line);
}

/* --- to the client --- */

static void send(struct session *s, const struct buf *line)
{
	int r = s->broken ? 0 : write_full(s->out, line->data, line->len);

	if (r < 0)
		s->broken = r;
}

static void send_result(struct session *s, struct slice id, const char *result)
{
	OWN_BUF struct buf line = BUF_INIT;

	rpc_result(&line, id, result);
	send(s, &line);
}

static void send_error(struct session *s, struct slice id, enum rpc_error code, const char *message)
{
	OWN_BUF struct buf line = BUF_INIT;

	rpc_error(&line, id, code, message);
	send(s, &line);
}

static void send_failure(struct session *s, struct slice id, const char *message)
{
	OWN_BUF struct buf result = BUF_INIT;

	call_failed(&result, message);
	send_result(s, id, result.data);
}

/* --- methods --- */

static const char *choose_version(struct slice params)
{
	char asked[32];

	for (const char *const *v = versions;
	     *v && rpc_string(params, "protocolVersion", asked, sizeof(asked)); v++)
		if (strcmp(*v, asked) == 0)
			return *v;
	return versions[0];
}

static void do_initialize(struct session *s, const struct rpc *m)
{
	OWN_BUF struct buf b = BUF_INIT;

	if (s->version) {
		send_error(s, m->id, RPC_REQUEST, "it was initialized before");
		return;
	}
	if (!rpc_member(m->params, "protocolVersion").len) {
		send_error(s, m->id, RPC_PARAMS, "initialize: protocolVersion is missing");
		return;
	}
	s->version = choose_version(m->params);
	jw_open(&b, '{');
	jw_kstr(&b, "protocolVersion", s->version);
	jw_key(&b, "capabilities");
	buf_str(&b, "{\"tools\":{\"listChanged\":false}}");
	jw_key(&b, "serverInfo");
	jw_open(&b, '{');
	jw_kstr(&b, "name", "envpod");
	jw_kstr(&b, "title", "envpod: what governs this pod");
	jw_kstr(&b, "version", ENVPOD_VERSION);
	jw_close(&b, '}');
	jw_kstr(&b, "instructions",
		"You work in a pod: what you change is reviewed by a person before it reaches the "
		"host. Ask here for what the pod may not do by itself: list_actions says what "
		"there is, call_action asks for it, and diff shows what you have changed so far. "
		"Where the network refuses a name, why says which rule did, and request_domain "
		"asks for it.");
	jw_close(&b, '}');
	send_result(s, m->id, b.data);
}

static void do_ping(struct session *s, const struct rpc *m)
{
	send_result(s, m->id, "{}");
}

static void do_list(struct session *s, const struct rpc *m)
{
	OWN_BUF struct buf b = BUF_INIT;

	jw_open(&b, '{');
	jw_key(&b, "tools");
	tools_print(&b);
	jw_close(&b, '}');
	send_result(s, m->id, b.data);
}

static struct call *free_place(struct session *s)
{
	for (size_t i = 0; i < CALLS_MAX; i++)
		if (!s->calls[i].id[0])
			return &s->calls[i];
	return NULL;
}

static void do_call(struct session *s, const struct rpc *m)
{
	OWN_BUF struct buf line = BUF_INIT;
	struct call *c = free_place(s);
	const struct tool *t;
	struct err e = {0};
	unsigned wait;
	char name[64];

	if (!rpc_string(m->params, "name", name, sizeof(name)) || !(t = tool_find(name))) {
		send_error(s, m->id, RPC_PARAMS, "tools/call: there is no such tool");
		return;
	}
	/* Wrong arguments are for the model to read, and to do better. */
	if (!c)
		err_set(&e, ERR_PLAIN, "%d calls are under way: wait for one of them", CALLS_MAX);
	if (c && tool_compose(t, rpc_member(m->params, "arguments"), &line, &wait, &e) == 0)
		call_begin(c, s->socket, m->id, &line, wait, &e);
	if (e.msg[0])
		send_failure(s, m->id, e.msg);
}

static const struct method {
	const char *name;
	void (*run)(struct session *s, const struct rpc *m);
	bool early; /* also before initialize */
} methods[] = {
	{"initialize", do_initialize, true},
	{"ping", do_ping, true},
	{"tools/list", do_list, false},
	{"tools/call", do_call, false},
	{0},
};

static void answer(struct session *s, const struct rpc *m)
{
	const struct method *to = methods;

	while (to->name && strcmp(to->name, m->method) != 0)
		to++;
	if (!to->name)
		send_error(s, m->id, RPC_METHOD, "there is no such method");
	else if (!s->version && !to->early)
		send_error(s, m->id, RPC_REQUEST, "initialize first");
	else
		to->run(s, m);
}

/* A call that nobody waits for any more; its action goes on, as far as it has got. */
static void forget(struct session *s, struct slice id)
{
	for (size_t i = 0; i < CALLS_MAX; i++)
		if (id.len && strlen(s->calls[i].id) == id.len &&
		    memcmp(s->calls[i].id, id.at, id.len) == 0)
			call_finish(&s->calls[i]);
}

static void take_message(struct session *s, const char *data, size_t len)
{
	struct rpc m;
	int code;

	if (strspn(data, " \t\r") >= len)
		return;
	code = rpc_parse(&m, data, len);
	if (code)
		send_error(s, m.id, (enum rpc_error)code,
			   code == RPC_PARSE ? "this is no JSON" : "this is no message");
	else if (m.method[0] && m.id.len)
		answer(s, &m);
	else if (strcmp(m.method, "notifications/cancelled") == 0)
		forget(s, rpc_member(m.params, "requestId"));
}

/* --- from the client --- */

static void too_long(struct session *s)
{
	if (!s->skips)
		send_error(s, (struct slice){"", 0}, RPC_REQUEST, "the line is too long");
	s->skips = true;
	buf_clear(&s->line);
}

static void take_bytes(struct session *s, const char *data, size_t len)
{
	while (len > 0) {
		const char *eol = memchr(data, '\n', len);
		size_t n = eol ? (size_t)(eol - data) : len;

		if (s->line.len + n > RPC_LINE_MAX)
			too_long(s);
		else if (!s->skips)
			buf_add(&s->line, data, n);
		if (eol && !s->skips)
			take_message(s, s->line.data ? s->line.data : "", s->line.len);
		if (eol) {
			s->skips = false;
			buf_clear(&s->line);
		}
		data += n + (eol ? 1 : 0);
		len -= n + (eol ? 1 : 0);
	}
}

static int hear_client(struct session *s, struct err *e)
{
	char data[65536];
	ssize_t n = read(s->in, data, sizeof(data));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n < 0)
		return err_set(e, errno, "hear the client");
	s->ended = n == 0;
	take_bytes(s, data, (size_t)n);
	return 0;
}

/* --- the loop --- */

static void go_on(struct session *s, struct call *c, short revents)
{
	OWN_BUF struct buf result = BUF_INIT;
	struct err e = {0};
	int r = call_continue(c, revents, &e);

	if (r == 0)
		return;
	if (r > 0)
		call_result(&result, &c->in, strcmp(s->version, "2024-11-05") != 0);
	else
		call_failed(&result, e.msg);
	send_result(s, (struct slice){c->id, strlen(c->id)}, result.data);
	call_finish(c);
}

static bool is_busy(const struct session *s)
{
	for (size_t i = 0; i < CALLS_MAX; i++)
		if (s->calls[i].id[0])
			return true;
	return false;
}

static int turn(struct session *s, struct err *e)
{
	struct pollfd fds[CALLS_MAX + 1] = {{.fd = s->ended ? -1 : s->in, .events = POLLIN}};

	for (size_t i = 0; i < CALLS_MAX; i++) {
		const struct call *c = &s->calls[i];

		fds[i + 1] = (struct pollfd){.fd = c->id[0] ? c->fd : -1, .events = call_events(c)};
	}
	if (poll(fds, CALLS_MAX + 1, is_busy(s) ? TICK_MS : -1) < 0)
		return errno == EINTR ? 0 : err_set(e, errno, "wait for the client");
	for (size_t i = 0; i < CALLS_MAX; i++)
		if (s->calls[i].id[0])
			go_on(s, &s->calls[i], fds[i + 1].revents);
	if (fds[0].revents && hear_client(s, e) < 0)
		return -e->code;
	return s->broken ? err_set(e, -s->broken, "answer the client") : 0;
}

int session_serve(int in, int out, const char *socket, struct err *e)
{
	OWN(session_finish) struct session s = {.in = in, .out = out, .socket = socket};
	int r = 0;

	for (size_t i = 0; i < CALLS_MAX; i++)
		s.calls[i].fd = -1;
	while (r == 0 && (!s.ended || is_busy(&s)))
		r = turn(&s, e);
	return r;
}
