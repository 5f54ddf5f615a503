/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-supervise/sockets.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libcommon/netns.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/unit.h"

#define BACKLOG 1024

static const struct {
	const char *word;
	int type;
	bool is_host;
} types[] = {
	{"tcp:", SOCK_STREAM, false}, {"udp:", SOCK_DGRAM, false}, {"own:", SOCK_STREAM, true}};

static int parse_address(struct held_socket *s, const char *address, uint64_t port)
{
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&s->at;
	struct sockaddr_in *four = (struct sockaddr_in *)&s->at;
	bool v6 = strchr(address, ':') != NULL;

	s->at.ss_family = v6 ? AF_INET6 : AF_INET;
	s->len = v6 ? sizeof(*six) : sizeof(*four);
	if (v6)
		six->sin6_port = htons((uint16_t)port);
	else
		four->sin_port = htons((uint16_t)port);
	return inet_pton(s->at.ss_family, address,
			 v6 ? (void *)&six->sin6_addr : (void *)&four->sin_addr) == 1
		       ? 0
		       : -EINVAL;
}

static int parse_one(struct held_socket *s, const char *text, size_t len)
{
	OWN_FREE char *word = xfmt("%.*s", (int)len, text);
	char *port = strchr(word, '#');
	uint64_t n;

	*s = (struct held_socket){.fd = -1};
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strncmp(word, types[i].word, 4) == 0) {
			s->type = types[i].type;
			s->is_host = types[i].is_host;
		}
	if (!s->type || !port || unit_u64(port + 1, 65535, &n) < 0 || n == 0)
		return -EINVAL;
	*port = '\0';
	return parse_address(s, word + 4, n);
}

int sockets_parse(struct sockets *s, const char *text)
{
	s->n = 0;
	for (;;) {
		size_t len = strcspn(text, ",");

		if (s->n == SOCKETS_MAX || parse_one(&s->v[s->n], text, len) < 0)
			return -EINVAL;
		s->n++;
		if (!text[len])
			return 0;
		text += len + 1;
	}
}

void sockets_finish(struct sockets *s)
{
	for (int i = 0; i < s->n; i++)
		own_close(&s->v[i].fd);
	s->n = 0;
}

static int make_one(const struct held_socket *s, int ns, struct err *e)
{
	int fd;

	if (!s->is_host)
		return netns_socket(ns, s->at.ss_family, s->type | SOCK_NONBLOCK, 0, e);
	fd = socket(s->at.ss_family, s->type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	return fd < 0 ? err_set(e, errno, "make a socket") : fd;
}

/* 1: this network has no such family. */
static int open_one(struct held_socket *s, int ns, struct err *e)
{
	int six = s->at.ss_family == AF_INET6, one = 1;
	OWN_FD int fd = make_one(s, ns, e);

	if (fd < 0)
		return six && fd == -EAFNOSUPPORT ? 1 : fd;
	/* Two UDP sockets that say so may share a port: the agent's would be one of them. */
	if (s->type == SOCK_STREAM)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (six)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&s->at, s->len) < 0)
		return six && errno == EADDRNOTAVAIL ? 1 : err_set(e, errno, "bind a port");
	if (s->type == SOCK_STREAM && listen(fd, BACKLOG) < 0)
		return err_set(e, errno, "listen");
	s->fd = take_fd(&fd);
	return 0;
}

int sockets_open(struct sockets *s, int ns, struct err *e)
{
	int r = 0;

	for (int i = 0; i < s->n && r >= 0; i++)
		r = s->v[i].fd >= 0 || (ns < 0 && !s->v[i].is_host) ? 0 : open_one(&s->v[i], ns, e);
	return r < 0 ? r : 0;
}

static bool is_it(const struct held_socket *s, int fd)
{
	struct sockaddr_storage at = {0};
	socklen_t len = sizeof(at), size = sizeof(int);
	int type = 0, listens = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0 || type != s->type ||
	    getsockname(fd, (struct sockaddr *)&at, &len) < 0 || len != s->len)
		return false;
	size = sizeof(int);
	getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size);
	return (listens || type == SOCK_DGRAM) && memcmp(&at, &s->at, len) == 0;
}

/* A daemon's sockets of its pod's side listen; of its other sockets none has such an address. */
int sockets_fetch(struct sockets *s, int pidfd, pid_t pid)
{
	OWN_FREE char *path = xfmt("/proc/%d/fd", (int)pid);
	OWN_DIR DIR *d = s->n ? opendir(path) : NULL;
	const struct dirent *ent;
	int found = 0;

	while (d && (ent = readdir(d))) {
		uint64_t n;
		OWN_FD int fd = unit_u64(ent->d_name, INT32_MAX, &n) < 0
					? -1
					: (int)syscall(SYS_pidfd_getfd, pidfd, (int)n, 0);

		for (int i = 0; fd >= 0 && i < s->n; i++)
			if (s->v[i].fd < 0 && is_it(&s->v[i], fd)) {
				s->v[i].fd = take_fd(&fd);
				found++;
			}
	}
	return found;
}

void sockets_pass(const struct sockets *s, struct strv *argv)
{
	OWN_BUF struct buf list = BUF_INIT;

	for (int i = 0; i < s->n; i++)
		if (s->v[i].fd >= 0 && fcntl(s->v[i].fd, F_SETFD, 0) == 0)
			buf_fmt(&list, "%s%d", list.len ? "," : "", s->v[i].fd);
	if (!list.len)
		return;
	strv_add(argv, "--listen-fds");
	strv_add(argv, list.data);
}
