/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-proxy/control.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "libcommon/buf.h"
#include "libcommon/own.h"

#define SOCKET    "net/ports"
#define BACKLOG   8
#define ANSWER_MS 5000

static const char *const verbs[] = {"list", "open", "close"};

/* As "SCOPE PORT" stands in a line. */
static int parse_port(const char *text, struct port *p)
{
	char scope[20], port[PORT_TEXT];
	int end = 0;

	if (sscanf(text, "%19s %23s%n", scope, port, &end) != 2 || text[end])
		return -EINVAL;
	for (int i = 0; i < PORT_SCOPES; i++)
		if (strcmp(scope, port_keys[i]) == 0)
			return port_parse(p, (enum port_scope)i, port);
	return -EINVAL;
}

int control_parse(const char *text, enum control_verb *verb, struct port *p)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		size_t n = strlen(verbs[i]);

		if (strncmp(text, verbs[i], n) != 0 || (text[n] && text[n] != ' '))
			continue;
		*verb = (enum control_verb)i;
		if (*verb == CONTROL_LIST)
			return text[n] ? -EINVAL : 0;
		return text[n] ? parse_port(text + n + 1, p) : -EINVAL;
	}
	return -EINVAL;
}

/* --- in the forwarder --- */

static struct {
	struct watch listener, caller;
} control = {.caller.fd = -1};

static void list_doors(const struct relay *r, struct buf *b)
{
	char text[PORT_TEXT];

	for (size_t i = 0; i < r->ports.n; i++)
		buf_fmt(b, "%s %s\n", port_keys[r->ports.v[i].scope],
			port_text(&r->ports.v[i], text));
}

static void answer(struct relay *r, const char *text, struct door_sockets *s, struct buf *b)
{
	enum control_verb verb;
	struct err e = {0};
	struct port p;

	if (control_parse(text, &verb, &p) < 0)
		buf_str(b, "this is no request");
	else if (verb == CONTROL_LIST)
		list_doors(r, b);
	else if (verb == CONTROL_CLOSE)
		door_close(r, &p), buf_str(b, "ok");
	else
		buf_str(b, door_open(r, &p, s, &e) < 0 ? e.msg : "ok");
}

/* Nobody changes anything any more, and nothing is open: the keeper lets us rest. */
static void hang_up(struct relay *r)
{
	loop_remove(&r->loop, &control.caller);
	loop_change(&r->loop, &control.listener, EPOLLIN);
	r->loop.stop |= !r->doors;
}

static void take_sockets(struct msghdr *m, struct door_sockets *s)
{
	s->n = 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS || s->n)
			continue;
		s->n = (unsigned)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(s->fd, CMSG_DATA(c), s->n * sizeof(int));
	}
}

static void on_caller(void *arg, uint32_t events)
{
	OWN(door_sockets_finish) struct door_sockets s = {.n = 0};
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(DOOR_SOCKETS * sizeof(int))];
	} ancillary;
	OWN_BUF struct buf b = BUF_INIT;
	struct relay *r = arg;
	char text[64];
	struct iovec iov = {text, sizeof(text) - 1};
	struct msghdr m = {.msg_iov = &iov,
			   .msg_iovlen = 1,
			   .msg_control = &ancillary,
			   .msg_controllen = sizeof(ancillary)};
	ssize_t n = recvmsg(control.caller.fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	(void)events;
	if (n < 0 && errno == EAGAIN)
		return;
	if (n > 0)
		take_sockets(&m, &s);
	text[n > 0 ? n : 0] = '\0';
	if (n > 0)
		answer(r, text, &s, &b);
	if (n <= 0 || send(control.caller.fd, b.len ? b.data : "\n", b.len ? b.len : 1,
			   MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		hang_up(r);
}

/* One after the other: who waits is not listened to meanwhile. */
static void on_listener(void *arg, uint32_t events)
{
	struct relay *r = arg;
	int fd = accept4(control.listener.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)events;
	if (fd < 0)
		return;
	control.caller = (struct watch){.fd = fd, .fn = on_caller, .arg = r};
	if (loop_add(&r->loop, &control.caller, EPOLLIN) < 0) {
		close(fd);
		control.caller.fd = -1;
		return;
	}
	loop_change(&r->loop, &control.listener, 0);
}

static struct sockaddr_un place(const struct pod *p)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};

	snprintf(at.sun_path, sizeof(at.sun_path), "/proc/self/fd/%d/" SOCKET, p->run);
	return at;
}

int control_open(struct relay *r, struct err *e)
{
	OWN_FD int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	const struct sockaddr_un at = place(&r->pod);

	if (fd < 0 || (unlinkat(r->pod.run, SOCKET, 0) < 0 && errno != ENOENT) ||
	    bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, BACKLOG) < 0)
		return err_set(e, errno, "listen at %s/" SOCKET, r->pod.runpath);
	control.listener = (struct watch){.fd = take_fd(&fd), .fn = on_listener, .arg = r};
	return loop_add(&r->loop, &control.listener, EPOLLIN) < 0
		       ? err_set(e, EMFILE, "watch %s/" SOCKET, r->pod.runpath)
		       : 0;
}

/* --- the other side --- */

int control_connect(const struct pod *p, struct err *e)
{
	OWN_FD int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	const struct timeval wait = {.tv_sec = ANSWER_MS / 1000};
	const struct sockaddr_un at = place(p);

	if (fd < 0)
		return err_set(e, errno, "make a socket");
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
	if (connect(fd, (const struct sockaddr *)&at, sizeof(at)) == 0)
		return take_fd(&fd);
	if (errno == ENOENT || errno == ECONNREFUSED)
		return -ENOENT;
	return err_set(e, errno, "connect to %s/" SOCKET, p->runpath);
}

static int send_request(int fd, const char *text, const struct door_sockets *s)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(DOOR_SOCKETS * sizeof(int))];
	} ancillary = {.space = {0}};
	struct iovec iov = {(char *)text, strlen(text)};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
	struct cmsghdr *c;

	if (s && s->n) {
		m.msg_control = &ancillary;
		m.msg_controllen = CMSG_SPACE(s->n * sizeof(int));
		c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(s->n * sizeof(int));
		memcpy(CMSG_DATA(c), s->fd, s->n * sizeof(int));
	}
	return sendmsg(fd, &m, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static int exchange(int fd, const char *request, const struct door_sockets *s,
		    char answer_text[CONTROL_MAX], struct err *e)
{
	int r = send_request(fd, request, s);
	ssize_t n = r < 0 ? r : recv(fd, answer_text, CONTROL_MAX - 1, 0);

	if (n <= 0)
		return err_set(e,
			       r < 0   ? -r
			       : n < 0 ? errno
				       : ECONNRESET,
			       "ask the pod's forwarder");
	answer_text[n] = '\0';
	return 0;
}

int control_list(int fd, struct ports *all, struct err *e)
{
	char text[CONTROL_MAX];
	struct port p;
	int r = exchange(fd, verbs[CONTROL_LIST], NULL, text, e);

	*all = (struct ports){.n = 0};
	for (char *line = text, *end; r == 0 && (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		if (*line && (parse_port(line, &p) < 0 || ports_add(all, &p) < 0))
			return err_set(e, ERR_PLAIN, "the pod's forwarder speaks of '%.40s'", line);
	}
	return r;
}

int control_ask(int fd, enum control_verb verb, const struct port *p, const struct door_sockets *s,
		struct err *e)
{
	char request[64], port[PORT_TEXT], text[CONTROL_MAX];
	int r;

	snprintf(request, sizeof(request), "%s %s %s", verbs[verb], port_keys[p->scope],
		 port_text(p, port));
	r = exchange(fd, request, s, text, e);
	if (r < 0)
		return r;
	return strcmp(text, "ok") == 0 ? 0 : err_set(e, ERR_PLAIN, "%s", text);
}
