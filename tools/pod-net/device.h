/* SPDX-License-Identifier: Apache-2.0 */
/* Devices, addresses, routes, queues: one netlink request each, in whatever network namespace the
 * socket was opened in.  All return -errno and write no message. */
#ifndef POD_NET_DEVICE_H
#define POD_NET_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "tools/pod-net/netlink.h"

struct device_pair {
	const char *near, *far;
	int far_ns; /* where the far end goes; -1: it stays here */
	uint32_t mtu;
	const uint8_t *near_mac, *far_mac; /* NULL: any */
};

/* A veth pair.  -EEXIST when one of the names is taken. */
int device_pair(struct netlink *k, const struct device_pair *p);
int device_delete(struct netlink *k, int index);

/* No link-local address of its own, which would be announced and searched for duplicates. */
int device_quieten(struct netlink *k, int index);
/* Up, with a remark that `ip link` shows (NULL: none). */
int device_up(struct netlink *k, int index, const char *remark);

int device_remark(struct netlink *k, int index, char out[256]);
/* fn for every device that has a remark; more than once, perhaps. */
int device_remarks(void (*fn)(void *arg, const char *name, const char *remark), void *arg);

/* One address of its own, of the whole length. */
int device_address(struct netlink *k, int index, int family, const void *address);

struct device_route {
	int family;
	const void *to;     /* one address; NULL: everywhere */
	const void *gate;   /* on the other side of the device, whatever its address; NULL: none */
	const void *source; /* NULL: as the kernel chooses */
};
int device_route(struct netlink *k, int index, const struct device_route *r);

/* Who is on the other side: nobody is asked for it. */
int device_neighbour(struct netlink *k, int index, int family, const void *address,
		     const uint8_t mac[6]);

/* At most so many bytes a second leave by it. */
int device_shape(struct netlink *k, int index, uint64_t bytes);

/* Does an address or route of this family fail because the host has no such family? */
bool device_lacks(int family, int r);

#endif
