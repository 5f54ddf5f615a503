/* SPDX-License-Identifier: Apache-2.0 */
/* Policy and secrets of a running injector: how they come, and what follows when they change. */
#ifndef POD_PROXY_FEED_H
#define POD_PROXY_FEED_H

#include "tools/pod-proxy/inject.h"

/* Read policy/proxy, and watch it. */
int policy_begin(struct inject *in, struct err *e);
/* It could not be read, can be now, and nobody has brought the secrets again: those are out of
 * reach here. */
bool policy_is_back(struct inject *in);
/* Run `pod-vault feed` and take what it says; a vault that cannot be read is a locked one. */
int feed_first(struct inject *in, struct err *e);
/* Somebody who brought secrets has not heard yet what became of them. */
bool feed_waits(void);
/* Of the feed socket: somebody (root alone is heard) brings all secrets anew. */
void feed_accept(void *arg, uint32_t events);

#endif
