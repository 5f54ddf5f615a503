/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-proxy/door.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "libcommon/io.h"
#include "libcommon/own.h"

#define BACKLOG 256

/* --- as root --- */

void door_sockets_finish(struct door_sockets *s)
{
	while (s->n)
		own_close(&s->fd[--s->n]);
}

struct place {
	const char *address;
	int family;
};

static socklen_t name_of(const struct place *at, uint16_t port, struct sockaddr_storage *to)
{
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)to;
	struct sockaddr_in *four = (struct sockaddr_in *)to;

	*to = (struct sockaddr_storage){.ss_family = (sa_family_t)at->family};
	if (at->family == AF_INET6) {
		inet_pton(AF_INET6, at->address, &six->sin6_addr);
		six->sin6_port = htons(port);
		return sizeof(*six);
	}
	inet_pton(AF_INET, at->address, &four->sin_addr);
	four->sin_port = htons(port);
	return sizeof(*four);
}

static int listen_at(const struct place *at, const struct port *p, const char *pod, struct err *e)
{
	int type = (p->udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, one = 1;
	bool six = at->family == AF_INET6;
	struct sockaddr_storage to;
	socklen_t len = name_of(at, p->host, &to);
	OWN_FD int fd = socket(at->family, type, 0);

	if (fd < 0)
		return six && errno == EAFNOSUPPORT ? -ENOENT : err_set(e, errno, "make a socket");
	if (!p->udp)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (six)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&to, len) < 0 || (!p->udp && listen(fd, BACKLOG) < 0)) {
		if (six && errno == EADDRNOTAVAIL)
			return -ENOENT; /* a host without IPv6 */
		return err_set(e, errno, "open port %u%s of %s (for port %u of pod %s)", p->host,
			       p->udp ? "/udp" : "", at->address, p->pod, pod);
	}
	return take_fd(&fd);
}

int door_sockets(struct door_sockets *s, const struct port *p, const char *pod, struct err *e)
{
	static const struct place own[] = {{"127.0.0.1", AF_INET}, {"::1", AF_INET6}},
				  all[] = {{"0.0.0.0", AF_INET}, {"::", AF_INET6}};
	const struct place *at = p->scope == PORT_PUBLIC ? all : own;

	s->n = 0;
	for (unsigned i = 0; i < DOOR_SOCKETS; i++) {
		int fd = listen_at(&at[i], p, pod, e);

		if (fd >= 0)
			s->fd[s->n++] = fd;
		else if (fd != -ENOENT) {
			door_sockets_finish(s);
			return fd;
		}
	}
	return 0;
}

/* The pod's own address names the socket. */
static int inbound_name(const struct pod *p, struct sockaddr_un *at, struct err *e)
{
	char up[256];
	int r = read_line_at(p->run, "net/up", up, sizeof(up));

	*at = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (r < 0)
		return err_set(e, -r, "read %s/net/up (pod-net up %s makes it)", p->runpath,
			       p->name);
	if (sscanf(up, "%*s %15[0-9.]", at->sun_path) != 1)
		return err_set(e, ERR_PLAIN, "%s/net/up: what is '%s'?", p->runpath, up);
	return 0;
}

/* What another forwarder of this pod left goes. */
int door_inbound(struct door_sockets *s, const struct pod *p, struct err *e)
{
	OWN_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct sockaddr_un at;
	int r = serve_inbound(p, e);

	s->n = 0;
	if (r == 0)
		r = inbound_name(p, &at, e);
	if (r < 0)
		return r;
	if (fd < 0 || (unlink(at.sun_path) < 0 && errno != ENOENT) ||
	    bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || chmod(at.sun_path, 0666) < 0 ||
	    listen(fd, BACKLOG) < 0)
		return err_set(e, errno, "open the door of pod %s for other pods", p->name);
	s->fd[s->n++] = take_fd(&fd);
	return 0;
}

void door_inbound_remove(const struct pod *p)
{
	struct sockaddr_un at;
	struct err e = {0};

	if (serve_inbound(p, &e) == 0 && inbound_name(p, &at, &e) == 0)
		unlink(at.sun_path);
}

/* --- in the forwarder --- */

static void on_tcp(void *arg, uint32_t events)
{
	struct door *d = arg;
	int fd;

	(void)events;
	while ((fd = accept4(d->watch.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
		conn_forward(d, fd);
}

static int add(struct relay *r, const struct port *p, int *fd, struct err *e)
{
	struct door *d = xcalloc(1, sizeof(*d));
	const struct port any = {.scope = PORT_INTERNAL};

	*d = (struct door){.r = r, .port = p->scope == PORT_INTERNAL ? any : *p};
	d->watch = (struct watch){.fd = *fd, .fn = p->udp ? on_datagram : on_tcp, .arg = d};
	if (loop_add(&r->loop, &d->watch, EPOLLIN) < 0) {
		free(d);
		return err_set(e, EMFILE, "watch a port");
	}
	d->next = r->doors;
	r->doors = d;
	take_fd(fd);
	return 0;
}

int door_open(struct relay *r, const struct port *p, struct door_sockets *s, struct err *e)
{
	if (ports_add(&r->ports, p) < 0)
		return err_set(e, ENOSPC, "open port %u of pod %s", p->pod, r->pod.name);
	if (p->scope == PORT_EXPOSE)
		return 0;
	for (; s->n; s->n--)
		if (add(r, p, &s->fd[s->n - 1], e) < 0) {
			door_close(r, p);
			return -e->code;
		}
	note_port(&r->notes, "port_open", p);
	return 0;
}

static void remove_one(struct relay *r, struct door **at)
{
	struct door *d = *at;

	*at = d->next;
	guests_finish(d);
	loop_remove(&r->loop, &d->watch);
	free(d);
}

/* The door of other pods stays as long as one of them may come in. */
void door_close(struct relay *r, const struct port *p)
{
	bool internal = p->scope == PORT_INTERNAL, last;

	if (!ports_drop(&r->ports, p) || p->scope == PORT_EXPOSE)
		return;
	last = !internal || !ports_any(&r->ports, PORT_INTERNAL);
	for (struct door **at = &r->doors; *at;) {
		struct door *d = *at;
		bool is_it = internal ? d->port.scope == PORT_INTERNAL : port_equal(&d->port, p);

		if (is_it)
			conns_cut_door(r, d, p->pod);
		if (is_it && last)
			remove_one(r, at);
		else
			at = &d->next;
	}
	note_port(&r->notes, "port_close", p);
}

void doors_finish(struct relay *r)
{
	while (r->ports.n) {
		const struct port p = r->ports.v[r->ports.n - 1];

		door_close(r, &p);
	}
}
