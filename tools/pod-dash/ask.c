/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-dash/ask.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libcommon/own.h"

struct head {
	uint32_t id, session, n_values, input;
	uint16_t route;
	uint8_t role, lines;
};

static void add_text(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s) + 1);
}

void ask_pack(const struct ask *a, struct buf *b)
{
	const struct head h = {.id = a->id,
			       .session = a->session,
			       .n_values = (uint32_t)a->values.names.n,
			       .input = (uint32_t)a->values.input.len,
			       .route = a->route,
			       .role = a->role,
			       .lines = a->lines};

	buf_add(b, &h, sizeof(h));
	for (size_t i = 0; i < a->values.names.n; i++) {
		add_text(b, a->values.names.v[i]);
		add_text(b, a->values.values.v[i]);
	}
	if (a->values.input.len)
		buf_add(b, a->values.input.data, a->values.input.len);
}

/* The next text of the packet, or NULL when it has no end there. */
static const char *take_text(const char **p, const char *end)
{
	const char *text = *p, *nul = memchr(text, '\0', (size_t)(end - text));

	if (!nul)
		return NULL;
	*p = nul + 1;
	return text;
}

int ask_unpack(struct ask *a, const void *data, size_t len)
{
	const char *p = data, *end = p + len;
	struct head h;

	*a = (struct ask){0};
	if (len < sizeof(h) || len > ASK_MAX)
		return -EINVAL;
	memcpy(&h, data, sizeof(h));
	p += sizeof(h);
	if (h.route >= routes_count() || h.role >= ROLES || h.n_values > LIST_MAX || !h.id)
		return -EINVAL;
	a->id = h.id;
	a->session = h.session;
	a->route = h.route;
	a->role = h.role;
	a->lines = h.lines;
	for (uint32_t i = 0; i < h.n_values; i++) {
		const char *name = take_text(&p, end), *value = name ? take_text(&p, end) : NULL;

		if (!value)
			return -EINVAL;
		values_add(&a->values, name, value);
	}
	if ((size_t)(end - p) != h.input)
		return -EINVAL;
	if (h.input)
		buf_add(&a->values.input, p, h.input);
	return 0;
}

int packet_send(int fd, const void *data, size_t len, int pass)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {{0}};
	struct iovec iov = {(void *)data, len};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};

	if (pass >= 0) {
		m.msg_control = control.room;
		m.msg_controllen = sizeof(control.room);
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.head), &pass, sizeof(int));
	}
	return sendmsg(fd, &m, MSG_NOSIGNAL) == (ssize_t)len ? 0 : -errno;
}

ssize_t packet_take(int fd, void *data, size_t size, int *passed)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {{0}};
	struct iovec iov = {data, size};
	struct msghdr m = {.msg_iov = &iov,
			   .msg_iovlen = 1,
			   .msg_control = control.room,
			   .msg_controllen = sizeof(control.room)};
	ssize_t n = recvmsg(fd, &m, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	struct cmsghdr *c = n < 0 ? NULL : CMSG_FIRSTHDR(&m);

	*passed = -1;
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
	    c->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(passed, CMSG_DATA(c), sizeof(int));
	if (n >= 0 && (m.msg_flags & (MSG_TRUNC | MSG_CTRUNC))) {
		own_close(passed);
		*passed = -1;
		return -EMSGSIZE;
	}
	return n < 0 ? -errno : n;
}
