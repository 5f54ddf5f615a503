/* SPDX-License-Identifier: Apache-2.0 */
/* The host's routes: does the pods' subnet lie apart from them, and by which devices do they lead
 * out? */
#ifndef POD_NET_ROUTES_H
#define POD_NET_ROUTES_H

#include "tools/pod-net/net.h"

/*
 * 78 when a network that the host has a route to overlaps the subnet (other pods' own routes do
 * not count).  The devices by which packets of the pod may leave the host are added to uplinks.
 */
int routes_look(const struct net *n, struct strv *uplinks, struct err *e);

#endif
