/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a pod's injector asks about the bodies of requests to models.  One question at a time, as it
 * is asked: whoever waits is the pod, and memory is that of one body.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/listen.h"
#include "libcommon/lockdown.h"
#include "libcommon/loop.h"
#include "libcommon/netid.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/plan.h"
#include "libcommon/say.h"
#include "tools/pod-screen/answer.h"
#include "tools/pod-screen/choice.h"
#include "tools/pod-screen/cmds.h"

#define STALL_MS 10000 /* a question that does not go on */

struct server {
	struct pod pod;
	struct choice choice; /* all rules that come with us */
	struct ruleset set;
	struct screen screen;
	int listener, signals;
	uid_t uid, peer; /* ours; the injector's */
};

/* --- one question --- */

/* Until fd is ready; false: it takes too long, or we are to end. */
static bool ready(const struct server *s, int fd, short events)
{
	struct pollfd p[] = {{s->signals, POLLIN, 0}, {fd, events, 0}};

	return poll(p, 2, STALL_MS) > 0 && !p[0].revents;
}

/* Bytes read, 0 at the end; negative: nobody waits for an answer any more. */
static ssize_t receive(const struct server *s, int fd, char *to, size_t len)
{
	ssize_t n;

	if (!ready(s, fd, POLLIN))
		return -ETIMEDOUT;
	do
		n = recv(fd, to, len, MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

static bool receive_all(const struct server *s, int fd, char *to, size_t len)
{
	for (size_t have = 0; have < len;) {
		const ssize_t n = receive(s, fd, to + have, len - have);

		if (n <= 0)
			return false;
		have += (size_t)n;
	}
	return true;
}

static void tell(const struct server *s, int fd, const struct buf *answer)
{
	for (size_t at = 0; at < answer->len;) {
		ssize_t n;

		if (!ready(s, fd, POLLOUT))
			return;
		n = send(fd, answer->data + at, answer->len - at, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0)
			return;
		at += (size_t)n;
	}
}

/* The line, and how much of the body came with it in *have; its size, or 0. */
static size_t read_line(const struct server *s, int fd, char line[SCREEN_QUESTION * 2],
			struct screen_question *q, size_t *have)
{
	const size_t max = SCREEN_QUESTION * 2;
	ssize_t n;
	int r = -EAGAIN;

	for (*have = 0; r == -EAGAIN && *have < max; *have += (size_t)n) {
		n = receive(s, fd, line + *have, max - *have);
		if (n <= 0)
			return 0;
		r = screening_read_question(line, *have + (size_t)n, q);
	}
	return r > 0 && answer_knows(q) && *have - (size_t)r <= q->length ? (size_t)r : 0;
}

static void hear(struct server *s, int fd)
{
	char line[SCREEN_QUESTION * 2];
	struct screen_question q;
	struct screen_answer a;
	OWN_FREE char *body = NULL;
	OWN_BUF struct buf answer = BUF_INIT;
	size_t have, begun = read_line(s, fd, line, &q, &have);

	if (!begun)
		return;
	have -= begun;
	body = xcalloc(1, q.length + 1);
	memcpy(body, line + begun, have);
	if (!receive_all(s, fd, body + have, q.length - have))
		return;
	answer_of(&s->screen, &q, body, &a);
	screening_answer(&answer, &a);
	tell(s, fd, &answer);
}

static bool is_injector(const struct server *s, int fd)
{
	struct ucred who;
	socklen_t len = sizeof(who);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0 &&
	       (who.uid == s->peer || who.uid == 0);
}

static int serve(struct server *s, struct err *e)
{
	struct pollfd p[] = {{s->signals, POLLIN, 0}, {s->listener, POLLIN, 0}};

	while (poll(p, 2, -1) >= 0 || errno == EINTR) {
		int fd;

		if (p[0].revents)
			return 0;
		fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0)
			continue;
		if (is_injector(s, fd))
			hear(s, fd);
		close(fd);
	}
	return err_set(e, errno, "wait for questions");
}

/* --- beginning --- */

static int open_pod(struct server *s, const char *name, bool *is_asked, struct err *e)
{
	OWN_PLAN struct plan plan = {0};
	int r = pod_check_caller(e);

	if (r == 0)
		r = pod_open(&s->pod, name, e);
	if (r == 0)
		r = plan_open(&plan, &s->pod, e);
	*is_asked = r == 0 && plan_str(&plan, "screen.mode", NULL);
	return r;
}

static int open_socket(struct server *s, struct err *e)
{
	OWN_FD int net = openat(s->pod.run, "net", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	const int number = netid_get(&s->pod, e);

	if (number < 0)
		return number;
	if (net < 0)
		return err_set(e, errno, "open %s/net", s->pod.runpath);
	s->uid = netid_uid(number, NETID_SCREEN);
	s->peer = netid_uid(number, NETID_INJECT);
	s->listener = listen_in(net, SCREEN_SOCKET, SOCK_STREAM, s->peer, e);
	if (s->listener < 0)
		return s->listener;
	s->signals = loop_signals(e);
	return s->signals < 0 ? s->signals : 0;
}

static int begin(struct server *s, struct err *e)
{
	struct lockdown l = {.promises = PROMISE_ACCEPT};
	int r = open_socket(s, e);

	if (r == 0)
		r = choice_load(&s->choice, &s->set, &s->screen, e);
	if (r < 0)
		return r;
	seen_init(&s->screen.seen);
	l.uid = l.gid = s->uid;
	return lockdown(&l, e);
}

int cmd_serve(int argc, char **argv)
{
	static struct server s = {.pod = POD_INIT, .listener = -1, .signals = -1};
	uint64_t ready_to = UINT64_MAX, events = UINT64_MAX;
	const struct opt opts[] = {
		{OPT_U64, 0, "ready-fd", &ready_to, "N", "write a byte there when it listens"},
		{OPT_U64, 0, "event-fd", &events, "N",
		 "nothing is written there: events are the injector's"},
		{0},
	};
	const struct opt_usage usage = {
		"pod-screen serve [OPTION]... POD",
		"Answer a pod's injector about the bodies of requests, until SIGTERM.", 1, 1, 0};
	bool is_asked;
	struct err e = {0};
	int fd, r;

	opt_parse(opts, &usage, argc, argv);
	fd = opt_fd(ready_to, -1);
	r = open_pod(&s, argv[0], &is_asked, &e);
	if (r == 0 && !is_asked)
		return POD_EXIT_OK;
	if (r == 0)
		r = begin(&s, &e);
	if (r == 0 && fd >= 0 && write_full(fd, "\n", 1) == 0)
		close(fd);
	if (r == 0)
		r = serve(&s, &e);
	if (r < 0)
		return say_err(&e);
	screen_finish(&s.screen);
	rules_finish(&s.set);
	pod_finish(&s.pod);
	return POD_EXIT_OK;
}
