/* SPDX-License-Identifier: Apache-2.0 */
/* The wall as nftables text. */
#ifndef POD_NET_RULES_H
#define POD_NET_RULES_H

#include "libcommon/buf.h"
#include "tools/pod-net/net.h"

/* What is nobody's public address.  Documentation and benchmarking ranges are not listed: they
 * stand for the Internet in tests.  192.0.0.0/24 and 168.63.129.16 are clouds' metadata. */
#define RULES_PRIVATE4                                                               \
	"0.0.0.0/8, 10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 168.63.129.16/32, "      \
	"169.254.0.0/16, 172.16.0.0/12, 192.0.0.0/24, 192.168.0.0/16, 224.0.0.0/4, " \
	"240.0.0.0/4"
#define RULES_PRIVATE6                                                               \
	"::/96, ::ffff:0:0/96, 64:ff9b::/96, 64:ff9b:1::/48, 2001::/32, 2002::/16, " \
	"fc00::/7, fe80::/10, fec0::/10, ff00::/8"

/* The table `inet envpod` of the pod's own netns; replaces an older one in one transaction. */
void rules_pod(const struct net *n, struct buf *b);

#endif
