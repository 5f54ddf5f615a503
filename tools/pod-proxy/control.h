/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How `pod-proxy ports` changes a forwarder that runs: packets on the Unix socket
 *RUN/POD/net/ports, which only root can reach.  The listeners come along as descriptors: the
 *forwarder, locked down in the pod's network, could not make them. list               what is open:
 *"SCOPE PORT" a line open SCOPE PORT    with the sockets; answer: ok, or what was wrong close SCOPE
 *PORT   ok
 */
#ifndef POD_PROXY_CONTROL_H
#define POD_PROXY_CONTROL_H

#include "tools/pod-proxy/door.h"

#define CONTROL_MAX 16384 /* bytes of a packet: PORTS_MAX lines of a list */

enum control_verb { CONTROL_LIST, CONTROL_OPEN, CONTROL_CLOSE };

/* Listen, and serve one at a time; the forwarder ends with the last of them when nothing is open.
 */
int control_open(struct relay *r, struct err *e);

/* "open ports 8080:80/tcp": -EINVAL. */
int control_parse(const char *text, enum control_verb *verb, struct port *p);

/* The other side: connect, -ENOENT when no forwarder runs; ask, and wait for the answer. */
int control_connect(const struct pod *p, struct err *e);
int control_list(int fd, struct ports *all, struct err *e);
int control_ask(int fd, enum control_verb verb, const struct port *p, const struct door_sockets *s,
		struct err *e);

#endif
