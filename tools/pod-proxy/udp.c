/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Datagrams to a port of the pod: each guest outside has a socket of its own inside, so that
 * answers find their way.  There is no end to see: who was silent longest makes room.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libcommon/buf.h"
#include "tools/pod-proxy/door.h"

#define GUESTS   256
#define DATAGRAM 65535
#define BATCH    64

struct guest {
	struct guest *next;
	struct door *door;
	struct watch inside;
	struct sockaddr_storage from;
	socklen_t len;
};

static void on_answer(void *arg, uint32_t events)
{
	static char data[DATAGRAM];
	struct guest *g = arg;

	(void)events;
	for (int i = 0; i < BATCH; i++) {
		ssize_t n = recv(g->inside.fd, data, sizeof(data), MSG_DONTWAIT);

		if (n < 0)
			return; /* nothing more, or nobody listens there */
		sendto(g->door->watch.fd, data, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL,
		       (struct sockaddr *)&g->from, g->len);
	}
}

static void drop_last(struct door *d)
{
	struct guest **at = &d->guests;

	while ((*at)->next)
		at = &(*at)->next;
	loop_remove(&d->r->loop, &(*at)->inside);
	free(*at);
	*at = NULL;
	d->n_guests--;
}

void guests_finish(struct door *d)
{
	while (d->guests)
		drop_last(d);
}

static int connect_inside(uint16_t port)
{
	const struct sockaddr_in to = {.sin_family = AF_INET,
				       .sin_port = htons(port),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static struct guest *admit(struct door *d, const struct sockaddr_storage *from, socklen_t len)
{
	struct guest *g;
	int fd;

	if (d->n_guests == GUESTS)
		drop_last(d);
	fd = connect_inside(d->port.pod);
	if (fd < 0)
		return NULL;
	g = xcalloc(1, sizeof(*g));
	*g = (struct guest){.door = d, .from = *from, .len = len, .next = d->guests};
	g->inside = (struct watch){.fd = fd, .fn = on_answer, .arg = g};
	if (loop_add(&d->r->loop, &g->inside, EPOLLIN) < 0) {
		close(fd);
		free(g);
		return NULL;
	}
	d->guests = g;
	d->n_guests++;
	return g;
}

/* The guest of that address, moved to the front. */
static struct guest *find(struct door *d, const struct sockaddr_storage *from, socklen_t len)
{
	for (struct guest **at = &d->guests, *g; (g = *at); at = &g->next)
		if (g->len == len && memcmp(&g->from, from, len) == 0) {
			*at = g->next;
			g->next = d->guests;
			d->guests = g;
			return g;
		}
	return admit(d, from, len);
}

void on_datagram(void *arg, uint32_t events)
{
	static char data[DATAGRAM];
	struct door *d = arg;

	(void)events;
	for (int i = 0; i < BATCH; i++) {
		struct sockaddr_storage from = {0};
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(d->watch.fd, data, sizeof(data), MSG_DONTWAIT,
				     (struct sockaddr *)&from, &len);
		struct guest *g;

		if (n < 0)
			return;
		g = find(d, &from, len);
		if (g)
			send(g->inside.fd, data, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
	}
}
