/* SPDX-License-Identifier: Apache-2.0 */
/* How many connections a pod has open to the outside. */
#ifndef POD_NET_CONNS_H
#define POD_NET_CONNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of the network namespace we stand in, by its sockets: those whose other end is elsewhere. */
uint64_t conns_count(void);

/* A line of /proc/net/tcp or tcp6: is it such a connection? */
bool conns_is_out(const char *line);

#endif
