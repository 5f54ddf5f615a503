/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's side of the veth engine as nftables text: one table for all pods, `inet envpod-host`,
 * which closes for a pod's packets once more what no pod may reach, whatever became of the table
 * inside, and gives them the host's address.
 */
#ifndef POD_NET_HOSTWALL_H
#define POD_NET_HOSTWALL_H

#include "libcommon/buf.h"
#include "tools/pod-net/net.h"

#define HOSTWALL_TABLE "envpod-host"

/* routed4, routed6: interfaces that would not forward but for us. */
void hostwall_add(const struct net *n, const char *link, const struct strv *routed4,
		  const struct strv *routed6, struct buf *b);

/* What hostwall_add() made for one pod; v4, v6: its addresses as text.  Also where it is gone. */
void hostwall_remove(const char *link, const char *v4, const char *v6, struct buf *b);

/* All of it, of all pods. */
void hostwall_end(struct buf *b);

#endif
