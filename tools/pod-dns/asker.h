/* SPDX-License-Identifier: Apache-2.0 */
/* Who in the pod asks: the kernel knows whose socket a datagram came from. */
#ifndef POD_DNS_ASKER_H
#define POD_DNS_ASKER_H

#include <stdint.h>
#include <sys/socket.h>

#include "libcommon/err.h"

#define ASKER_PER_SECOND 200 /* a flood is not looked at one by one */

struct asker {
	int fd; /* sock_diag socket of the pod's netns; -1: none */
	uint64_t second;
	unsigned asked;
	uint32_t seq;
	uid_t base, identity; /* of the pod's id map */
};

/*
 * The uid, as the pod counts them, of the socket that sent a datagram from `from` to `to`; -1 when
 * it is gone, or too many were asked for within this second.
 */
long asker_uid(struct asker *a, const struct sockaddr *from, const struct sockaddr *to,
	       uint64_t now_ms);

#endif
