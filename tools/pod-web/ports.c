/* SPDX-License-Identifier: Apache-2.0 */
/*
 * On loopback, both families.  A port that the pod file names is that one or none; another is the
 * one it had before a restart, else the usual one, else any that is free.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libcommon/own.h"
#include "tools/pod-web/front.h"

#define BACKLOG 128
#define TRIES   16

static const struct {
	const char *key;
	uint16_t usual;
} ports[FRONT_PORTS] = {
	[PORT_DISPLAY] = {"web.port", 6080},
	[PORT_AUDIO] = {"web.audio_port", 6081},
	[PORT_UPLOAD] = {"web.upload_port", 5080},
};

/* -EADDRNOTAVAIL: this host has no such family. */
static int listen_at(int family, uint16_t port)
{
	const struct sockaddr_in four = {.sin_family = AF_INET,
					 .sin_port = htons(port),
					 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const struct sockaddr_in6 six = {.sin6_family = AF_INET6,
					 .sin6_port = htons(port),
					 .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	bool v6 = family == AF_INET6;
	OWN_FD int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int one = 1;

	if (fd < 0)
		return errno == EAFNOSUPPORT ? -EADDRNOTAVAIL : -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (v6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (bind(fd, v6 ? (const void *)&six : (const void *)&four,
		 v6 ? sizeof(six) : sizeof(four)) < 0 ||
	    listen(fd, BACKLOG) < 0)
		return -errno;
	return take_fd(&fd);
}

static uint16_t port_of(int fd)
{
	struct sockaddr_in6 at = {0}; /* both families have it at the same place */
	socklen_t len = sizeof(at);

	return getsockname(fd, (struct sockaddr *)&at, &len) == 0 ? ntohs(at.sin6_port) : 0;
}

/* Both families on one port (0: any): fds[1] is -1 where there is no IPv6. */
static int listen_both(uint16_t port, int fds[2])
{
	OWN_FD int four = listen_at(AF_INET, port);
	int six = four < 0 ? four : listen_at(AF_INET6, port ? port : port_of(four));

	if (six < 0 && six != -EADDRNOTAVAIL)
		return six;
	fds[0] = take_fd(&four);
	fds[1] = six < 0 ? -1 : six;
	return 0;
}

static int listen_somewhere(struct front *f, unsigned which, int fds[2], struct err *e)
{
	const char *said = plan_str(&f->plan, ports[which].key, NULL);
	uint16_t named = (uint16_t)plan_u64(&f->plan, ports[which].key, 0),
		 had = web_sessions_port(&f->sessions, which);
	int r = named || !had ? -EADDRINUSE : listen_both(had, fds);

	if (r < 0 && (named || !said))
		r = listen_both(named ? named : ports[which].usual, fds);
	for (int i = 0; r == -EADDRINUSE && !named && i < TRIES; i++)
		r = listen_both(0, fds);
	return r < 0 ? err_set(e, -r, "listen on port %u of 127.0.0.1 and ::1 (%s)",
			       named ? named : ports[which].usual, ports[which].key)
		     : 0;
}

static int open_one(struct front *f, unsigned which, struct err *e)
{
	int fds[2], r = listen_somewhere(f, which, fds, e);

	for (int i = 0; i < 2 && r == 0; i++)
		r = fds[i] < 0 ? 0 : web_listen(&f->web, fds[i], which, e);
	return r;
}

static uint16_t wanted_port(const struct front *f, unsigned which)
{
	return (uint16_t)plan_u64(&f->plan, ports[which].key, ports[which].usual);
}

static int family_of(int fd)
{
	int family = AF_UNSPEC;
	socklen_t len = sizeof(family);

	getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &len);
	return family;
}

/*
 * Both families of a port, or it is not taken: who has the other one would be sent our links by a
 * browser that prefers it.
 */
static int take_pair(struct front *f, unsigned which, int fds[2], struct err *e)
{
	int has = fds[0] >= 0 ? 0 : 1, r = 0;

	if (fds[!has] < 0)
		fds[!has] = listen_at(has ? AF_INET : AF_INET6, port_of(fds[has]));
	if (fds[!has] < 0 && fds[!has] != -EADDRNOTAVAIL) {
		own_close(&fds[has]);
		return 0;
	}
	for (int i = 0; i < 2 && r == 0; i++)
		r = fds[i] < 0 ? 0 : web_listen(&f->web, fds[i], which, e);
	return r;
}

/* Which is which they say themselves; what was not to be had is not among them. */
static int take_given(struct front *f, const int *given, unsigned n, struct err *e)
{
	int fds[FRONT_PORTS][2], r = 0;

	memset(fds, -1, sizeof(fds));
	for (unsigned i = 0; i < n; i++) {
		unsigned which = PORT_DISPLAY, port = port_of(given[i]);

		while (which < FRONT_PORTS && wanted_port(f, which) != port)
			which++;
		if (which == FRONT_PORTS)
			return err_set(e, ERR_PLAIN, "--listen-fds: %u is none of our ports", port);
		fds[which][family_of(given[i]) == AF_INET6] = given[i];
	}
	for (unsigned i = 0; i < FRONT_PORTS && r == 0; i++)
		if (fds[i][0] >= 0 || fds[i][1] >= 0)
			r = take_pair(f, i, fds[i], e);
	return r;
}

int ports_open(struct front *f, const int *given, unsigned n_given, struct err *e)
{
	const bool wanted[FRONT_PORTS] = {true, f->has_audio, f->has_upload};
	int r = n_given ? take_given(f, given, n_given, e) : 0;

	for (unsigned i = 0; i < FRONT_PORTS && r == 0; i++) {
		if (wanted[i] && !f->web.port[i])
			r = open_one(f, i, e);
		web_sessions_set_port(&f->sessions, i, f->web.port[i]);
	}
	return r;
}
