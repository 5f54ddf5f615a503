/* SPDX-License-Identifier: Apache-2.0 */
/* The link between host and pod of the veth engine. */
#ifndef POD_NET_VETH_H
#define POD_NET_VETH_H

#include "tools/pod-net/net.h"

#define VETH_PREFIX "envp"
#define VETH_REMARK "envpod " /* of the host's end, before the pod's run directory */

/*
 * A pair: `name` in the host's netns, where we stand, and eth0 in the pod's; with addresses, routes
 * and, where the plan has a bandwidth_cap, queues on both ends.  Whatever was eth0 there goes.
 */
int veth_make(const struct net *n, const char *name, int ns, struct err *e);

/* Are there links here of pods with another run directory?  -errno with e set. */
int veth_others(struct err *e);

/* Take a link of the host's away now, which costs some 20 ms; nothing when it is gone. */
int veth_remove(const char *name, struct err *e);

#endif
