/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mcp/queue.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "libcommon/clock.h"
#include "libcommon/jsonw.h"
#include "libcommon/own.h"

#define PATIENCE_MS 30000 /* for an answer that waits for nobody */

/* --- the connection --- */

static int reach(const char *path, struct err *e)
{
	OWN_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un at = {.sun_family = AF_UNIX};

	if (fd < 0 || strlen(path) >= sizeof(at.sun_path))
		return err_set(e, fd < 0 ? errno : ENAMETOOLONG, "reach the queue at %s", path);
	memcpy(at.sun_path, path, strlen(path));
	if (connect(fd, (const struct sockaddr *)&at, sizeof(at)) < 0)
		return err_set(e, errno,
			       "reach the queue of this pod at %s (its pod file must say "
			       "queue.socket: yes)",
			       path);
	return take_fd(&fd);
}

static void say(struct call *c, const char *text, size_t len, unsigned wait)
{
	buf_clear(&c->out);
	buf_clear(&c->in);
	buf_add(&c->out, text, len);
	c->sent = 0;
	c->until = clock_ms() + PATIENCE_MS + (int64_t)wait * 1000;
}

int call_begin(struct call *c, const char *socket, struct slice id, const struct buf *line,
	       unsigned wait, struct err *e)
{
	*c = (struct call){.fd = reach(socket, e), .wait = wait};
	if (c->fd < 0)
		return -e->code;
	memcpy(c->id, id.at, id.len); /* at most RPC_ID_MAX: rpc_parse() */
	/* wait_action waits by itself, as long as any. */
	say(c, line->data, line->len, strstr(line->data, "\"type\":\"wait\"") ? 3600 : 0);
	return 0;
}

void call_finish(struct call *c)
{
	if (c->id[0])
		own_close(&c->fd);
	buf_finish(&c->out);
	buf_finish(&c->in);
	*c = (struct call){.fd = -1};
}

short call_events(const struct call *c)
{
	return c->sent < c->out.len ? POLLOUT : POLLIN;
}

static int send_more(struct call *c, struct err *e)
{
	ssize_t n = send(c->fd, c->out.data + c->sent, c->out.len - c->sent, MSG_NOSIGNAL);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : err_set(e, errno, "ask the queue");
	c->sent += (size_t)n;
	return 0;
}

/* --- answers --- */

static bool is_status(struct slice answer, const char *const *words)
{
	char status[32];

	if (!rpc_string(answer, "status", status, sizeof(status)))
		return false;
	for (; *words; words++)
		if (strcmp(*words, status) == 0)
			return true;
	return false;
}

static bool is_ok(struct slice answer)
{
	struct slice ok = rpc_member(answer, "ok");

	return ok.len == 4 && memcmp(ok.at, "true", 4) == 0;
}

/* The action has not ended: ask once more, in words that are answered at its end. */
static bool wait_on(struct call *c)
{
	static const char *const open[] = {"queued", "running", NULL};
	const struct slice answer = {c->in.data, c->in.len};
	OWN_BUF struct buf line = BUF_INIT;
	unsigned wait = c->wait;
	char id[64];

	c->wait = 0;
	if (!wait || !is_ok(answer) || !is_status(answer, open) ||
	    !rpc_string(answer, "id", id, sizeof(id)))
		return false;
	jw_open(&line, '{');
	jw_kstr(&line, "type", "wait");
	jw_kstr(&line, "id", id);
	jw_knum(&line, "timeout", wait);
	jw_close(&line, '}');
	buf_char(&line, '\n');
	say(c, line.data, line.len, wait);
	return true;
}

static int read_more(struct call *c, struct err *e)
{
	char data[65536];
	ssize_t n = read(c->fd, data, sizeof(data));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0)
		return err_set(e, n < 0 ? errno : EPIPE, "hear what the queue answers");
	if (c->in.len + (size_t)n > ANSWER_MAX)
		return err_set(e, EFBIG, "hear what the queue answers");
	buf_add(&c->in, data, (size_t)n);
	if (c->in.data[c->in.len - 1] != '\n')
		return 0;
	c->in.data[--c->in.len] = '\0';
	return wait_on(c) ? 0 : 1;
}

int call_continue(struct call *c, short revents, struct err *e)
{
	if (clock_ms() > c->until)
		return err_set(e, ETIMEDOUT, "hear what the queue answers");
	if (!revents)
		return 0;
	return c->sent < c->out.len ? send_more(c, e) : read_more(c, e);
}

static void print(struct buf *out, const char *text, const char *object, bool failed)
{
	jw_open(out, '{');
	jw_key(out, "content");
	jw_open(out, '[');
	jw_open(out, '{');
	jw_kstr(out, "type", "text");
	jw_kstr(out, "text", text);
	jw_close(out, '}');
	jw_close(out, ']');
	if (object) {
		jw_key(out, "structuredContent");
		buf_str(out, object);
	}
	jw_kbool(out, "isError", failed);
	jw_close(out, '}');
}

void call_failed(struct buf *out, const char *message)
{
	print(out, message, NULL, true);
}

/* An action that was refused or broke is an answer, and no success: models look at isError. */
void call_result(struct buf *out, const struct buf *answer, bool structured)
{
	static const char *const bad[] = {"failed",    "denied",  "blocked",
					  "cancelled", "expired", NULL};
	const struct slice text = {answer->data, answer->len};
	struct json j;
	bool object;

	json_init(&j, text.at, text.len);
	object = json_peek(&j) == '{' && json_skip(&j) && json_end(&j);
	if (!object) {
		call_failed(out, "the queue answered what is no JSON object");
		return;
	}
	print(out, answer->data, structured ? answer->data : NULL,
	      !is_ok(text) || is_status(text, bad));
}
