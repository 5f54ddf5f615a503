/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events of the proxy, one JSON object a line.  An agent can make thousands of connections a
 * second: beyond a rate they are counted, and the count is told with the next one.
 */
#ifndef POD_PROXY_NOTE_H
#define POD_PROXY_NOTE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "libcommon/pod.h"
#include "libcommon/ports.h"

struct note_bucket {
	uint64_t tokens, lost, last_ms;
};

struct notes {
	int fd; /* a pipe, not blocking */
	char pod[POD_NAME_MAX + 1];
	/* One each, so that no flood of the one kind hides another. */
	struct note_bucket passed, refused, canary, usage, screened;
};

struct note {
	const char *event; /* "net_connect", "net_denied" … */
	const struct in6_addr *address;
	uint16_t port;
	const char *name;   /* NULL, or "" : not known */
	const char *reason; /* NULL: none */
	const char *rule;   /* what let it through: name, pin, network, monitor */
};

struct event;
void notes_init(struct notes *n, int fd, const char *pod);
void note(struct notes *n, const struct note *what, uint64_t now_ms);
/* "port_open", "port_close": a person's doing, never held back. */
void note_port(struct notes *n, const char *event, const struct port *p);
/* Any other event, unfinished: false when there are too many; call note_send() otherwise. */
bool note_wanted(struct note_bucket *b, uint64_t now_ms);
void note_send(struct notes *n, struct note_bucket *b, struct event *ev);

#endif
