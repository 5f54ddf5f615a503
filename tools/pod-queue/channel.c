/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-queue/channel.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libcommon/own.h"

void channel_finish(struct channel *c)
{
	own_close(&c->fd);
	buf_finish(&c->in);
	buf_finish(&c->out);
	c->fd = -1;
}

int channel_read(struct channel *c)
{
	char data[65536];
	ssize_t n = recv(c->fd, data, sizeof(data), MSG_DONTWAIT);

	if (n > 0)
		buf_add(&c->in, data, (size_t)n);
	if (n == 0)
		return -EPIPE;
	return n > 0 || errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

ssize_t channel_frame(const struct channel *c, size_t head, size_t max)
{
	uint32_t len;

	if (c->in.len < sizeof(len))
		return 0;
	memcpy(&len, c->in.data, sizeof(len));
	if (len > max)
		return -EINVAL;
	return c->in.len < head + len ? 0 : (ssize_t)(head + len);
}

void channel_shift(struct channel *c, size_t n)
{
	memmove(c->in.data, c->in.data + n, c->in.len - n);
	c->in.len -= n;
}

void channel_put(struct channel *c, const void *head, size_t size, const void *data, size_t len)
{
	buf_add(&c->out, head, size);
	if (len)
		buf_add(&c->out, data, len);
}

void channel_compact(struct buf *out, size_t *sent)
{
	if (*sent < out->len - *sent)
		return;
	if (*sent < out->len)
		memmove(out->data, out->data + *sent, out->len - *sent);
	out->len -= *sent;
	*sent = 0;
}

int channel_flush(struct channel *c)
{
	while (c->sent < c->out.len) {
		ssize_t n = send(c->fd, c->out.data + c->sent, c->out.len - c->sent,
				 MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (n < 0)
			break;
		c->sent += (size_t)n;
	}
	channel_compact(&c->out, &c->sent);
	return 0;
}

size_t channel_unsent(const struct channel *c)
{
	return c->out.len - c->sent;
}

bool channel_waits(const struct channel *c)
{
	return c->sent < c->out.len;
}
