/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection changes hands: from the relay, which has found out whom it is for, to the injector.
 * One packet each: a struct handoff_head, the name, the bytes read so far; the socket beside it.
 */
#ifndef POD_PROXY_HANDOFF_H
#define POD_PROXY_HANDOFF_H

#include <netinet/in.h>
#include <stdbool.h>

#include "tools/pod-proxy/head.h"

#define HANDOFF_PACKET (HEAD_MAX + 512)

struct handoff {
	struct in6_addr address; /* where the client was sent to */
	uint16_t port;
	bool tls;
	char name[NAME_TEXT]; /* lower case, checked */
	const char *data;     /* what was read of the connection */
	size_t len;
};

/* The whole connection is passed on; the caller then closes its fd.  -errno. */
int handoff_send(int to, int fd, const struct handoff *h);

/* h points into packet[0..len).  -EBADMSG. */
int handoff_parse(const char *packet, size_t len, struct handoff *h);

/* One packet into buffer[HANDOFF_PACKET]: the descriptor; -EAGAIN; -ENODATA: the sender has gone;
 * -EBADMSG: something else came. */
int handoff_receive(int from, char *buffer, struct handoff *h);

#endif
