/* SPDX-License-Identifier: Apache-2.0 */
/* Rule text to the kernel, by libnftables: loaded when it is needed, since the resident programs
 * of this tool never do. */
#ifndef POD_NET_NFT_H
#define POD_NET_NFT_H

#include "libcommon/buf.h"
#include "libcommon/err.h"

/* Apply the commands in the network namespace we stand in: all of them or none. */
int nft_apply(const char *text, struct err *e);

/* What such commands print, appended. */
int nft_list(const char *text, struct buf *out, struct err *e);

/* Is the library there?  77 when not. */
int nft_load(struct err *e);

#endif
