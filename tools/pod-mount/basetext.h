/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The content that a change began with, where it is at hand though the host has another by now: an
 * operation of some pod has replaced or deleted it since and keeps it, or git's index says by its
 * stat data that a blob is that content.
 */
#ifndef POD_MOUNT_BASETEXT_H
#define POD_MOUNT_BASETEXT_H

#include <stdbool.h>

#include "tools/pod-mount/base.h"
#include "tools/pod-mount/preimage.h"
#include "tools/pod-mount/survey.h"

struct basetexts {
	bool loaded, looked;
	struct preimages kept; /* of all pods, once one was asked for */
	struct bases seen;     /* what seen_note() wrote */
};

#define OWN_BASETEXTS __attribute__((cleanup(basetexts_finish)))

/* The whole of it in b; -ENOENT when nobody has it, or nobody knows which it was; -EFBIG. */
int basetext_read(struct basetexts *t, const struct survey *s, const struct change *c,
		  struct buf *b, size_t max);
void basetexts_finish(struct basetexts *t);

/*
 * A layer has a base, the upper gets one when it becomes a layer; until then only what somebody
 * looked at is known to be what the view began with.  Note the identities of the host's files that
 * the upper changes and the host, as s has just walked it, has not: pods/NAME/seen, in the form of
 * a base. Under the pod's lock; a failure costs nothing but the note.
 */
void seen_note(const struct survey *s);

#endif
