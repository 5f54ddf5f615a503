/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-exec/note.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int note_pair(int *ours, int *theirs)
{
	int pair[2], on = 1;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	*ours = pair[0];
	*theirs = pair[1];
	return setsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0 ? -errno : 0;
}

int note_send(int sock, enum note_kind kind, int value, int fd)
{
	int body[2] = {(int)kind, value};
	struct iovec io = {body, sizeof(body)};
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct msghdr msg = {.msg_iov = &io, .msg_iovlen = 1};

	if (fd >= 0) {
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
		control.head = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int)),
						.cmsg_level = SOL_SOCKET,
						.cmsg_type = SCM_RIGHTS};
		memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
	}
	return sendmsg(sock, &msg, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static void take_control(struct msghdr *msg, struct note *n)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		struct ucred who;

		if (c->cmsg_level != SOL_SOCKET)
			continue;
		if (c->cmsg_type == SCM_RIGHTS && n->fd < 0)
			memcpy(&n->fd, CMSG_DATA(c), sizeof(n->fd));
		if (c->cmsg_type == SCM_CREDENTIALS) {
			memcpy(&who, CMSG_DATA(c), sizeof(who));
			n->sender = who.pid;
		}
	}
}

int note_receive(int sock, struct note *n, int wait)
{
	int body[2];
	struct iovec io = {body, sizeof(body)};
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
	} control;
	struct msghdr msg = {.msg_iov = &io,
			     .msg_iovlen = 1,
			     .msg_control = &control,
			     .msg_controllen = sizeof(control)};
	ssize_t got;

	*n = (struct note){.fd = -1};
	do
		got = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC | (wait ? 0 : MSG_DONTWAIT));
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno == ECONNRESET ? 0 : -errno;
	take_control(&msg, n);
	if (got != (ssize_t)sizeof(body))
		return 0;
	n->kind = body[0];
	n->value = body[1];
	return 1;
}
