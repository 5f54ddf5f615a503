/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-proxy/handoff.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define MAGIC 0x31485050u /* "PPH1" */

struct handoff_head {
	uint32_t magic;
	uint16_t port;
	uint8_t tls, name_len;
	struct in6_addr address;
};

union control {
	char data[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

int handoff_send(int to, int fd, const struct handoff *h)
{
	struct handoff_head head = {.magic = MAGIC,
				    .port = h->port,
				    .tls = h->tls,
				    .name_len = (uint8_t)strlen(h->name),
				    .address = h->address};
	struct iovec v[3] = {{&head, sizeof(head)},
			     {(void *)(uintptr_t)h->name, head.name_len},
			     {(void *)(uintptr_t)h->data, h->len}};
	union control control = {{0}};
	struct msghdr m = {.msg_iov = v,
			   .msg_iovlen = 3,
			   .msg_control = &control,
			   .msg_controllen = sizeof(control)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	*c = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int)),
			      .cmsg_level = SOL_SOCKET,
			      .cmsg_type = SCM_RIGHTS};
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	return sendmsg(to, &m, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

int handoff_parse(const char *packet, size_t len, struct handoff *h)
{
	struct handoff_head head;

	if (len < sizeof(head) || len > HANDOFF_PACKET)
		return -EBADMSG;
	memcpy(&head, packet, sizeof(head));
	if (head.magic != MAGIC || head.port == 0 || head.tls > 1 ||
	    len < sizeof(head) + head.name_len)
		return -EBADMSG;
	*h = (struct handoff){.address = head.address, .port = head.port, .tls = head.tls};
	if (name_copy(h->name, packet + sizeof(head), head.name_len) < 0)
		return -EBADMSG;
	h->data = packet + sizeof(head) + head.name_len;
	h->len = len - sizeof(head) - head.name_len;
	return 0;
}

/* Our side of a hostile peer: it may send several descriptors, or none. */
static int take_fd_of(struct msghdr *m)
{
	int fd = -1;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
		    c->cmsg_len == CMSG_LEN(sizeof(int)) && fd < 0)
			memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

int handoff_receive(int from, char *buffer, struct handoff *h)
{
	struct iovec v = {buffer, HANDOFF_PACKET};
	union control control = {{0}}; /* room for one: the kernel closes the others */
	struct msghdr m = {.msg_iov = &v,
			   .msg_iovlen = 1,
			   .msg_control = &control,
			   .msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(from, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	int fd;

	if (n <= 0)
		return n == 0 ? -ENODATA : -errno;
	fd = take_fd_of(&m);
	if (fd >= 0 && !(m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) &&
	    handoff_parse(buffer, (size_t)n, h) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -EBADMSG;
}
