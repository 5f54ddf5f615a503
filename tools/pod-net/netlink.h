/* SPDX-License-Identifier: Apache-2.0 */
/* Asking the kernel by netlink, in whatever network namespace we stand in. */
#ifndef POD_NET_NETLINK_H
#define POD_NET_NETLINK_H

#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <stdint.h>

#include "libcommon/err.h"

struct netlink {
	struct mnl_socket *nl;
	uint32_t seq;
	char data[8192];
};

/* bus: NETLINK_ROUTE, NETLINK_NETFILTER. */
int netlink_open(struct netlink *k, int bus, struct err *e);
void netlink_finish(struct netlink *k);

/* A request of this type in k->data; fill it in and send it. */
struct nlmsghdr *netlink_ask(struct netlink *k, uint16_t type, uint16_t flags);

/* Send it, read the answers: fn for each that is no acknowledgement.  -errno, no message. */
int netlink_talk(struct netlink *k, struct nlmsghdr *m, mnl_cb_t fn, void *arg);

/*
 * Ask for a list, on a socket of its own; once more from its beginning where the kernel says that
 * it has changed meanwhile.  restart, unless NULL, forgets what fn was told so far.  -errno.
 */
struct netlink_list {
	int bus;
	uint16_t type;
	const void *head; /* what follows the message's own head */
	size_t head_len;
	mnl_cb_t fn;
	void (*restart)(void *arg);
	void *arg;
};
int netlink_list(const struct netlink_list *l);

#endif
