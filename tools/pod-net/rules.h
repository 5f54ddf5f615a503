/* SPDX-License-Identifier: Apache-2.0 */
/* The wall as nftables text. */
#ifndef POD_NET_RULES_H
#define POD_NET_RULES_H

#include "libcommon/buf.h"
#include "tools/pod-net/net.h"

/* The table `inet envpod` of the pod's own netns; replaces an older one in one transaction. */
void rules_pod(const struct net *n, struct buf *b);

#endif
