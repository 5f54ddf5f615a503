/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-probe/stage.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "libcommon/own.h"
#include "tools/pod-probe/bait.h"

static const in_port_t tcp_ports[] = {22, 53, 80, 443, 853, 5557};
static const in_port_t udp_ports[] = {53, 123, 443};

#define COUNT(a)   (sizeof(a) / sizeof(a[0]))
#define DOORS      (COUNT(tcp_ports) + COUNT(udp_ports) + 1)
#define PACKET_MAX 2048
#define DNS_HEAD   12
#define DNS_ANSWER                                                                    \
	"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc6\x33\x64\7" /* the same name: 198.51.100.7 \
							*/
#define ANSWER_SIZE (sizeof(DNS_ANSWER) - 1)

struct door {
	int fd, type;
	in_port_t port; /* 0: the abstract socket */
};

/* Both families: an IPv4 address comes in IPv6 dress. */
static int open_port(struct door *d, int type, in_port_t port, struct err *e)
{
	struct sockaddr_in6 at = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	int off = 0, on = 1;

	*d = (struct door){socket(AF_INET6, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), type, port};
	if (d->fd < 0 || setsockopt(d->fd, SOL_IPV6, IPV6_V6ONLY, &off, sizeof(off)) < 0 ||
	    setsockopt(d->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    setsockopt(d->fd, SOL_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on)) < 0 ||
	    setsockopt(d->fd, SOL_IPV6, IPV6_FREEBIND, &on, sizeof(on)) < 0 || /* to answer */
	    bind(d->fd, (struct sockaddr *)&at, sizeof(at)) < 0 ||
	    (type == SOCK_STREAM && listen(d->fd, 16) < 0))
		return err_set(e, errno, "listen on port %d", port);
	return 0;
}

static int open_abstract(struct door *d, struct err *e)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	const char *name = bait("abstract");
	size_t n = name ? strlen(name) : 0;

	*d = (struct door){socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0),
			   SOCK_STREAM, 0};
	if (n == 0 || n >= sizeof(at.sun_path) - 1)
		return 0;
	memcpy(at.sun_path + 1, name, n);
	if (d->fd < 0 ||
	    bind(d->fd, (struct sockaddr *)&at,
		 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + n)) < 0 ||
	    listen(d->fd, 16) < 0)
		return err_set(e, errno, "listen on @%s", name);
	return 0;
}

static int open_doors(struct door *doors, struct err *e)
{
	struct door *d = doors;
	int r = 0;

	for (size_t i = 0; i < COUNT(tcp_ports) && r == 0; i++)
		r = open_port(d++, SOCK_STREAM, tcp_ports[i], e);
	for (size_t i = 0; i < COUNT(udp_ports) && r == 0; i++)
		r = open_port(d++, SOCK_DGRAM, udp_ports[i], e);
	return r == 0 ? open_abstract(d, e) : r;
}

/* --- who comes --- */

static void tell(const char *kind, const struct in6_addr *at, in_port_t port)
{
	char text[INET6_ADDRSTRLEN], line[100];
	const char *plain = text;
	int n;

	inet_ntop(AF_INET6, at, text, sizeof(text));
	if (IN6_IS_ADDR_V4MAPPED(at))
		plain = text + 7;
	n = snprintf(line, sizeof(line), "%s %s %d\n", kind, plain, port);
	if (write(STDOUT_FILENO, line, (size_t)n) != n)
		_exit(0); /* nobody listens any more */
}

static void answer_stream(const struct door *d)
{
	int fd = accept4(d->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct sockaddr_in6 here;
	socklen_t len = sizeof(here);

	if (fd < 0)
		return;
	if (d->port && getsockname(fd, (struct sockaddr *)&here, &len) == 0)
		tell("tcp", &here.sin6_addr, d->port);
	send(fd, bait("secret"), strlen(bait("secret")), MSG_NOSIGNAL);
	shutdown(fd, SHUT_WR);
	close(fd);
}

/* The question with an answer behind it.  Its length; 0: this is no question. */
static size_t make_answer(unsigned char *packet, size_t n, size_t size)
{
	if (n < DNS_HEAD + 5 || n + ANSWER_SIZE > size || packet[2] & 0x80)
		return 0;
	packet[2] |= 0x80;
	packet[3] = 0x80;
	memcpy(packet + 6, "\0\1\0\0\0\0", 6);
	memcpy(packet + n, DNS_ANSWER, ANSWER_SIZE);
	return n + ANSWER_SIZE;
}

/* Questions are told by their names, whoever asked them. */
static void tell_name(const unsigned char *packet, size_t n)
{
	char line[300] = "name ";
	size_t at = DNS_HEAD, out = 5;

	while (at < n && packet[at] && packet[at] < 64 && at + packet[at] < n && out < 230) {
		for (size_t i = 1; i <= packet[at]; i++)
			line[out++] = isalnum(packet[at + i]) ? (char)tolower(packet[at + i]) : '-';
		at += packet[at] + 1u;
		line[out++] = '.';
	}
	line[out - 1] = '\n'; /* in the place of the last dot */
	if (out > 5 && write(STDOUT_FILENO, line, out) < 0)
		_exit(0);
}

static const struct in6_addr *destination(struct msghdr *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c))
		if (c->cmsg_level == SOL_IPV6 && c->cmsg_type == IPV6_PKTINFO)
			return &((const struct in6_pktinfo *)CMSG_DATA(c))->ipi6_addr;
	return &in6addr_any;
}

/* The answer comes from the address that was asked: the message's control data are sent back. */
static void answer_datagram(const struct door *d)
{
	unsigned char packet[PACKET_MAX];
	char control[CMSG_SPACE(sizeof(struct in6_pktinfo))];
	struct sockaddr_in6 from;
	struct iovec v = {packet, sizeof(packet) - ANSWER_SIZE};
	struct msghdr m = {.msg_name = &from,
			   .msg_namelen = sizeof(from),
			   .msg_iov = &v,
			   .msg_iovlen = 1,
			   .msg_control = control,
			   .msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(d->fd, &m, 0);

	if (n < 0)
		return;
	tell("udp", destination(&m), d->port);
	if (d->port == 53)
		tell_name(packet, (size_t)n);
	v.iov_len = d->port == 53 ? make_answer(packet, (size_t)n, sizeof(packet)) : 0;
	if (v.iov_len == 0)
		v = (struct iovec){(void *)bait("secret"), strlen(bait("secret"))};
	if (sendmsg(d->fd, &m, MSG_NOSIGNAL) < 0) {
		m.msg_controllen = 0;
		sendmsg(d->fd, &m, MSG_NOSIGNAL);
	}
}

static bool has_ended(void)
{
	char buf[64];

	return read(STDIN_FILENO, buf, sizeof(buf)) <= 0;
}

static void serve(const struct door *doors)
{
	struct pollfd p[DOORS + 1] = {[DOORS] = {.fd = STDIN_FILENO, .events = POLLIN}};

	for (size_t i = 0; i < DOORS; i++)
		p[i] = (struct pollfd){.fd = doors[i].fd, .events = POLLIN};
	for (;;) {
		if (poll(p, DOORS + 1, -1) < 0)
			continue;
		if (p[DOORS].revents && has_ended())
			return;
		for (size_t i = 0; i < DOORS; i++)
			if (p[i].revents)
				(doors[i].type == SOCK_STREAM ? answer_stream
							      : answer_datagram)(&doors[i]);
	}
}

int stage_serve(struct err *e)
{
	struct door doors[DOORS];
	int r;

	prctl(PR_SET_NAME, STAGE_NAME);
	if (!bait("secret"))
		return err_set(e, ERR_PLAIN, "--stage: the bait has no secret");
	r = open_doors(doors, e);
	if (r == 0 && write(STDOUT_FILENO, "ready\n", 6) == 6)
		serve(doors);
	return r;
}
