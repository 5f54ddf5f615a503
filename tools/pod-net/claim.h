/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who has which address: RUN/.addresses/ADDRESS is a link to the name of a pod.  Pods of one subnet
 * cannot meet, having numbers of their own; those of two subnets that overlap can, and what is
 * meant for one would reach the other.
 */
#ifndef POD_NET_CLAIM_H
#define POD_NET_CLAIM_H

#include "tools/pod-net/net.h"

/* Both addresses of the pod, or none; status 3 when a pod that has a network has one of them. */
int claim_take(const struct net *n, struct err *e);
/* All that are this pod's. */
void claim_release(const struct pod *p);

#endif
