/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pre-images: what an action is about to take away, as a tar archive in descriptor 3, exact in
 * content, modes, owners, times, hard links, extended attributes and ACLs.  What cannot be kept so
 * is said, not kept half.
 */
#ifndef POD_ACTION_KEEP_H
#define POD_ACTION_KEEP_H

#include "libcommon/reply.h"
#include "tools/pod-action/place.h"

#define KEEP_FD 3

/* Write what is at the place.  True: kept; false: reply_never() says why not, and nothing is kept.
 */
bool keep_put(const struct place *p, struct reply *y);
/* After a true one: nothing was changed, so nothing has to be kept of an action that failed. */
void keep_drop(void);
/* The same as keep_put() to another file. */
bool keep_put_to(int fd, const struct place *p, struct reply *y);

/*
 * Bring back what was kept: beside the place first, then in its stead.  `replace`: the file that is
 * there gives way; else nothing may be there.
 */
int keep_get(const struct place *p, bool replace, struct err *e);
/* A file's content and looks, into the file that is there: it has other names, too. */
int keep_get_within(const struct place *p, struct err *e);
int keep_get_from(int fd, const struct place *p, bool replace, struct err *e);

#endif
