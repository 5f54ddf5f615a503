/* SPDX-License-Identifier: Apache-2.0 */
/* Doors into a pod: sockets that wait outside of it for one of its ports. */
#ifndef POD_PROXY_DOOR_H
#define POD_PROXY_DOOR_H

#include "tools/pod-proxy/relay.h"

struct door {
	struct watch watch;
	struct door *next;
	struct relay *r;
	struct port port;     /* its pod is 0 where the other side says it: for other pods */
	struct guest *guests; /* of a UDP door: who spoke lately, newest first (udp.c) */
	unsigned n_guests;
};

/* --- as root, on the host's side: sockets --- */

#define DOOR_SOCKETS 2 /* IPv4 and IPv6, or one for all internal ports */
struct door_sockets {
	int fd[DOOR_SOCKETS];
	unsigned n;
};

/* Listeners for a port of the pod; a host without IPv6 has none for it.  EADDRINUSE names the
 * port.  Nothing stays open on failure. */
int door_sockets(struct door_sockets *s, const struct port *p, const char *pod, struct err *e);
/* The one that all internal ports share: RUN/.inbound/ADDRESS, by the pod's net/up. */
int door_inbound(struct door_sockets *s, const struct pod *p, struct err *e);
/* Where its name is, and nobody listens any more. */
void door_inbound_remove(const struct pod *p);
void door_sockets_finish(struct door_sockets *s);

/* --- in the forwarder --- */

/* Take the sockets over and watch them; an internal port may come without one. */
int door_open(struct relay *r, const struct port *p, struct door_sockets *s, struct err *e);
/* Close it, cut what came through it. */
void door_close(struct relay *r, const struct port *p);
void doors_finish(struct relay *r);

/* A datagram at the door (udp.c). */
void on_datagram(void *arg, uint32_t events);
void guests_finish(struct door *d);

#endif
