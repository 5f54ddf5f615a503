/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pod's own certificate authority (pods/NAME/ca) in the places where programs look for
 * authorities: the host's bundles with it at their end, Java's stores likewise, the directories
 * that are looked into by hash, and those from which the tools of distributions make all that anew.
 * They lie in the mask layer, as /etc/hosts does: what becomes of them in the pod is no change.
 */
#ifndef POD_MOUNT_TRUST_H
#define POD_MOUNT_TRUST_H

#include <stdint.h>

#include "libcommon/err.h"
#include "tools/pod-mount/maskmake.h"

/* The pod's authority, as a number that changes with it; 0: it has none. */
uint64_t trust_stamp(const struct pod *p);

/* Its files, and what of the host's they are made from; nothing where the pod has no authority. */
void trust_collect(struct mask *m, const struct mask_ask *ask);

enum trust_made { TRUST_NOT_OURS, TRUST_TEXT, TRUST_LINK };
/* What the file at this path is to hold, or where the symlink leads. */
enum trust_made trust_content(const struct pod *p, const char *path, struct buf *out);

/* Does the view show the mask's own files of an authority, each of them?  A stat or two for each.
 */
bool trust_shows(const struct pod *p, const struct mask *m, int root);

/*
 * Set right what the pod's own layers have instead: set-up that ran update-ca-certificates before
 * there was an authority.  root: of a view, stood in or of a pod that runs; owner: the host id of
 * pod root.  What cannot be written is left: its readers trust too little, not too much.
 */
void trust_mend(const struct pod *p, int root, uid_t owner);

/* The same for a pod that runs, whose mask was made before there was an authority. */
int trust_join(const struct pod *p, pid_t init, uid_t owner, struct err *e);

#endif
