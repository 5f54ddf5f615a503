/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pod-proxy forward: ports of the pod that others may reach.  The listeners are made where the
 * others are; then the process moves into the pod's network for good, so that what it connects to
 * can be nothing but the pod's.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/netns.h"
#include "libcommon/own.h"
#include "libcommon/unit.h"
#include "tools/pod-proxy/cmds.h"
#include "tools/pod-proxy/forward.h"

#define BACKLOG 256

static void on_tcp(void *arg, uint32_t events)
{
	const struct door *d = arg;
	int fd;

	(void)events;
	while ((fd = accept4(d->watch.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
		if (d->to)
			conn_forward(d->r, fd, d->to);
		else
			conn_inbound(d->r, fd);
}

struct door *door_new(struct relay *r, int fd, uint16_t to)
{
	struct door *d = xcalloc(1, sizeof(*d));

	*d = (struct door){.r = r, .to = to, .watch = {.fd = fd, .fn = on_tcp, .arg = d}};
	return d;
}

/* "8080:80/tcp" */
static int parse(const char *text, uint16_t *host, uint16_t *to, bool *udp)
{
	unsigned h, c;
	char word[4], extra;

	if (sscanf(text, "%5u:%5u/%3s%c", &h, &c, word, &extra) != 3 || h < 1 || h > 65535 ||
	    c < 1 || c > 65535 || (strcmp(word, "tcp") != 0 && strcmp(word, "udp") != 0))
		return -EINVAL;
	*host = (uint16_t)h;
	*to = (uint16_t)c;
	*udp = word[0] == 'u';
	return 0;
}

/* expose lists the only ports that answer at all; without it every one does. */
static bool is_exposed(const struct relay *r, uint16_t port)
{
	const char *text;
	bool any = false;
	uint64_t n;

	for (size_t i = 0; (text = plan_next(&r->plan, "expose", &i)); any = true)
		if (unit_u64(text, 65535, &n) == 0 && n == port)
			return true;
	return !any;
}

bool is_internal(const struct relay *r, uint16_t port)
{
	const char *text;

	for (size_t i = 0; (text = plan_next(&r->plan, "internal_port", &i));) {
		unsigned n = 0;

		if (sscanf(text, "%5u/tcp", &n) == 1 && n == port)
			return port && is_exposed(r, port);
	}
	return false;
}

static int listen_at(struct relay *r, const char *address, uint16_t port, uint16_t to, bool udp,
		     struct err *e)
{
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port)};
	bool v6 = inet_pton(AF_INET6, address, &six.sin6_addr) == 1;
	const struct sockaddr *at = v6 ? (const void *)&six : (const void *)&four;
	OWN_FD int fd = socket(v6 ? AF_INET6 : AF_INET,
			       (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct door *d;
	int one = 1;

	if (fd < 0)
		return v6 && errno == EAFNOSUPPORT ? 0 : err_set(e, errno, "make a socket");
	if (!v6)
		inet_pton(AF_INET, address, &four.sin_addr);
	if (!udp)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (v6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (bind(fd, at, v6 ? sizeof(six) : sizeof(four)) < 0) {
		if (v6 && errno == EADDRNOTAVAIL)
			return 0; /* a host without IPv6 */
		return err_set(e, errno, "open port %u of %s (for port %u of pod %s)", port,
			       address, to, r->pod.name);
	}
	if (!udp && listen(fd, BACKLOG) < 0)
		return err_set(e, errno, "listen on port %u", port);
	d = door_new(r, take_fd(&fd), to);
	if (udp)
		d->watch.fn = on_datagram;
	if (loop_add(&r->loop, &d->watch, EPOLLIN) < 0)
		return err_set(e, EMFILE, "listen on port %u", port);
	return 0;
}

static int open_doors(struct relay *r, const char *key, const char *const at[2], struct err *e)
{
	const char *text;
	uint16_t host, to;
	bool udp;

	for (size_t i = 0; (text = plan_next(&r->plan, key, &i));) {
		if (parse(text, &host, &to, &udp) < 0)
			return err_status(e, POD_EXIT_CONFIG, ERR_PLAIN, "plan: %s %s", key, text);
		if (!is_exposed(r, to))
			return err_status(e, POD_EXIT_CONFIG, ERR_PLAIN,
					  "port %u of pod %s is to be opened, but is not in "
					  "network.expose",
					  to, r->pod.name);
		for (int n = 0; n < 2; n++)
			if (listen_at(r, at[n], host, to, udp, e) < 0)
				return -e->code;
	}
	return 0;
}

/* The pod's own address names the socket; what another forwarder of this pod left goes. */
static int open_inbound(struct relay *r, struct err *e)
{
	OWN_BUF struct buf up = BUF_INIT;
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	OWN_FD int fd = -1;
	struct door *d;
	int x;

	if (!plan_str(&r->plan, "internal_port", NULL))
		return 0;
	x = read_file_at(r->pod.run, "net/up", &up, 256);
	if (x < 0)
		return err_set(e, -x, "read %s/net/up (pod-net up %s makes it)", r->pod.runpath,
			       r->pod.name);
	if (sscanf(up.data, "%*s %15[0-9.]", at.sun_path) != 1)
		return err_set(e, ERR_PLAIN, "%s/net/up: what is '%s'?", r->pod.runpath, up.data);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || (unlink(at.sun_path) < 0 && errno != ENOENT) ||
	    bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || chmod(at.sun_path, 0666) < 0 ||
	    listen(fd, BACKLOG) < 0)
		return err_set(e, errno, "open the door of pod %s for other pods", r->pod.name);
	d = door_new(r, take_fd(&fd), 0);
	return loop_add(&r->loop, &d->watch, EPOLLIN) < 0
		       ? err_set(e, EMFILE, "open the door of pod %s", r->pod.name)
		       : 0;
}

static int forward_open(struct relay *r, struct err *e)
{
	static const char *const own[] = {"127.0.0.1", "::1"}, *const all[] = {"0.0.0.0", "::"};
	OWN_FD int ns = netns_open(&r->pod);

	if (ns < 0)
		return err_set(e, -ns, "open the network of pod %s (pod-net up %s makes it)",
			       r->pod.name, r->pod.name);
	if (open_doors(r, "port", own, e) < 0 || open_doors(r, "public_port", all, e) < 0 ||
	    serve_inbound(r, e) < 0 || open_inbound(r, e) < 0)
		return -EINVAL;
	return setns(ns, CLONE_NEWNET) < 0
		       ? err_set(e, errno, "enter the network of pod %s", r->pod.name)
		       : 0;
}

int cmd_forward(int argc, char **argv)
{
	return serve_main(argc, argv, "Carry connections to a pod's open ports, until SIGTERM.",
			  forward_open, 0);
}
