/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets that a daemon listens on in its pod, or for its pod on the host's loopback, held here as
 * well: the daemon may die, its ports are never free for the agent, or another, to take.
 */
#ifndef POD_SUPERVISE_SOCKETS_H
#define POD_SUPERVISE_SOCKETS_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"

#define SOCKETS_MAX 6

struct held_socket {
	int type;     /* SOCK_STREAM, SOCK_DGRAM */
	bool is_host; /* of the host's network, not of the pod's */
	struct sockaddr_storage at;
	socklen_t len;
	int fd; /* -1: none yet */
};

struct sockets {
	struct held_socket v[SOCKETS_MAX];
	int n;
};

/* "tcp:127.0.0.1#53,udp:::1#53"; "own:127.0.0.1#6080" is one of TCP of the host's: -EINVAL. */
int sockets_parse(struct sockets *s, const char *text);
void sockets_finish(struct sockets *s);

/* Make those that are not there, the pod's in the network ns (-1: none of them); a family that a
 * network lacks is left out. */
int sockets_open(struct sockets *s, int ns, struct err *e);
/* Take them out of a daemon that lives and has them; how many were found. */
int sockets_fetch(struct sockets *s, int pidfd, pid_t pid);

/* "--listen-fds 5,6,7" behind argv, for an exec; nothing where none is held. */
void sockets_pass(const struct sockets *s, struct strv *argv);

#endif
