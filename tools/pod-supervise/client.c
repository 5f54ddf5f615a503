/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-supervise/client.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

bool client_accept(struct client *c, int fd, uid_t owner)
{
	struct ucred who = {0};
	socklen_t len = sizeof(who);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) < 0 || who.pid == 0 ||
	    (who.uid != 0 && who.uid != owner)) {
		close(fd);
		return false;
	}
	c->fd = fd;
	c->in_len = 0;
	c->skipped = 0;
	return true;
}

void client_drop(struct client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	fifo_finish(&c->out);
	c->fd = -1;
}

static void add_frames(struct client *c, const char *data, size_t len)
{
	while (len > 0) {
		size_t n = len < FRAME_MAX ? len : FRAME_MAX;

		frame_add(&c->out.b, FRAME_OUTPUT, data, n);
		data += n;
		len -= n;
	}
}

static void add_remark(struct client *c)
{
	char text[96];
	int n = snprintf(text, sizeof(text),
			 "\r\n[%" PRIu64 " bytes skipped; the log has them]\r\n", c->skipped);

	add_frames(c, text, (size_t)n);
	c->skipped = 0;
}

/* Once something was skipped, output goes on when half of the queue is free again: a reader that is
 * merely slow gets long pieces and few remarks. */
void client_output(struct client *c, const char *data, size_t len)
{
	size_t limit = c->skipped ? CLIENT_QUEUE / 2 : CLIENT_QUEUE;

	if (fifo_len(&c->out) + len + FRAME_HEAD > limit) {
		c->skipped += len;
		return;
	}
	if (c->skipped)
		add_remark(c);
	add_frames(c, data, len);
}

void client_exit(struct client *c, unsigned char status)
{
	if (c->skipped)
		add_remark(c);
	frame_add(&c->out.b, FRAME_EXIT, &status, 1);
}

static bool is_passing(void)
{
	return errno == EAGAIN || errno == EINTR;
}

void client_send(struct client *c)
{
	while (c->fd >= 0 && fifo_len(&c->out) > 0) {
		ssize_t n = send(c->fd, fifo_head(&c->out), fifo_len(&c->out),
				 MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && is_passing())
			return;
		if (n < 0)
			client_drop(c);
		else
			fifo_drop(&c->out, (size_t)n);
	}
}

void client_receive(struct client *c)
{
	size_t room = sizeof(c->in) - c->in_len;
	/* Without room it was not asked for input: that it is here means that it has hung up. */
	ssize_t n = room ? recv(c->fd, c->in + c->in_len, room, MSG_DONTWAIT) : 0;

	if (n > 0)
		c->in_len += (size_t)n;
	else if (n == 0 || !is_passing())
		client_drop(c);
}

bool client_frame(struct client *c, struct frame *f)
{
	int n = c->fd < 0 ? 0 : frame_parse(f, c->in, c->in_len);

	if (n > 0 && (f->type == FRAME_INPUT || f->type == FRAME_SIZE))
		return true;
	if (n != 0)
		client_drop(c);
	return false;
}

void client_frame_done(struct client *c, const struct frame *f)
{
	size_t n = FRAME_HEAD + f->len;

	c->in_len -= n;
	memmove(c->in, c->in + n, c->in_len);
}
