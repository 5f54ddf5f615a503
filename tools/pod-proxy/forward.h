/* SPDX-License-Identifier: Apache-2.0 */
/* Doors into a pod: sockets that wait outside of it for one of its ports. */
#ifndef POD_PROXY_FORWARD_H
#define POD_PROXY_FORWARD_H

#include "tools/pod-proxy/relay.h"

struct door {
	struct watch watch;
	struct relay *r;
	uint16_t to;          /* port of the pod; 0: the other side says it */
	struct guest *guests; /* of a UDP door: who spoke lately, newest first (udp.c) */
	unsigned n_guests;
};

/* fd is the door's from then on; the door stays until the program ends. */
struct door *door_new(struct relay *r, int fd, uint16_t to);

/* A datagram at the door. */
void on_datagram(void *arg, uint32_t events);

#endif
