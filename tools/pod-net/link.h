/* SPDX-License-Identifier: Apache-2.0 */
/* Devices, addresses and routes. */
#ifndef POD_NET_LINK_H
#define POD_NET_LINK_H

#include "tools/pod-net/net.h"

/*
 * In the pod's netns: an eth0 with the pod's addresses and default routes, whose other end stays in
 * the same namespace and leads nowhere.  What is there already stays.
 */
int link_nowhere(const struct net *n, struct err *e);

#endif
