/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mask layer, pods/NAME/mask/COVER/: between the host and the pod's layers.  It holds whiteouts
 * (hidden paths), opaque directories (emptied ones) and a few files of our own (/etc/resolv.conf,
 * mount points).  Parents mirror the host's owner, mode, ACLs and times.
 *
 * mask.list says what it holds and what it was made from: envpod-mask(5).
 */
#ifndef POD_MOUNT_MASK_H
#define POD_MOUNT_MASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"
#include "libcommon/plan.h"
#include "libcommon/pod.h"

enum mask_kind {
	MASK_NONE = 0,
	MASK_HIDDEN = 'h',  /* whiteout: to the pod it does not exist */
	MASK_EMPTIED = 'e', /* directory shown without what the host has in it */
	MASK_MADE = 'g',    /* a file or directory of ours in place of the host's */
};

struct mask_entry {
	char *path; /* absolute host path */
	enum mask_kind kind;
	bool soft; /* hidden for a general reason (another user's home, generic class, minimal
		      view): a working directory named by the user may be shown all the same */
};

struct mask {
	struct mask_entry *v; /* sorted by path */
	size_t n;
};

#define OWN_MASK __attribute__((cleanup(mask_finish)))

/* Read pods/NAME/mask.list; empty when the pod has none yet. */
int mask_load(struct mask *m, const struct pod *p, struct err *e);
void mask_finish(struct mask *m);

/* The entry that decides about path: its own, or the nearest hidden or emptied ancestor's; NULL. */
const struct mask_entry *mask_find(const struct mask *m, const char *path);
/* Must the path never be committed?  True for hidden paths, what lies in emptied ones, and ours. */
bool mask_covers(const struct mask *m, const char *path);
/* Does anything masked lie below this directory? */
bool mask_below(const struct mask *m, const char *dir);

#endif
