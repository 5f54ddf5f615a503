/* SPDX-License-Identifier: Apache-2.0 */
/* What all pods' records keep of the host's files: found again by path and identity. */
#ifndef POD_MOUNT_PREIMAGE_H
#define POD_MOUNT_PREIMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"
#include "tools/pod-mount/base.h"
#include "tools/pod-mount/journal.h"

struct preimages {
	struct preimage {
		char *path;       /* on the host */
		char *file;       /* beneath STATE/pods */
		struct ident was; /* the entry, as it was found by the operation */
		uint64_t gone_ns; /* not before then it was replaced; 0: unknown */
	} * v;                    /* by path */
	size_t n, cap;
};

#define OWN_PREIMAGES __attribute__((cleanup(preimages_finish)))

/* Gather them; a record that cannot be read has none. */
void preimages_load(struct preimages *list);
void preimages_finish(struct preimages *list);

/*
 * The content of path that a base line means, or with en NULL: that the host had when the view
 * began at `start`.  In b; -ENOENT when no record has it, -EFBIG beyond max.
 */
int preimage_read(const struct preimages *list, const char *path, const struct base_entry *en,
		  uint64_t start, struct buf *b, size_t max);

#endif
