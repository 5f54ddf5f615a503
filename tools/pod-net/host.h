/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a pod of the veth engine has on the host: a link, a chain and its addresses in the table of
 * all pods, and a share in what the host routes because of them.
 *
 *	RUN/NAME/net/veth    "LINK V4 V6 NETNS": written before anything is done, so that whoever
 *finds it knows what to take away RUN/.host            flock: taken after a pod's lock, for all
 *that pods share RUN/.host/sysctls    what was switched on (forwarding.h) RUN/.host/counter links
 *so far: a name is not used twice soon RUN/.host/used       there is, or may be, something that
 *pods share
 */
#ifndef POD_NET_HOST_H
#define POD_NET_HOST_H

#include "tools/pod-net/net.h"

/* Can what the pod has be taken away from where we stand? */
int host_check(const struct pod *p, struct err *e);

/* Let the pod out.  Whatever fails is taken back. */
int host_take(const struct net *n, int ns, struct err *e);

/* For a pod that is let out: all rules and switches anew, as somebody may have flushed them, and
 * for the ways out that there are now. */
int host_renew(const struct net *n, struct err *e);

/*
 * Take away what the pod has there, and with the last pod what all of them share.  The link itself
 * goes with the pod's namespace; with force now.  Nothing where the pod has nothing.  What is in
 * another network namespace of the host is an error, with force it is forgotten.
 */
int host_release(const struct pod *p, bool force, struct err *e);

/* With no pod left: is there anything a crash left, and take it away unless dry. */
int host_sweep(bool dry, bool *found, struct err *e);

#endif
