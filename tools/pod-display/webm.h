/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A WebM file (Matroska, one VP8 track) as it is being recorded.  What was written so far can be
 * played at any time; webm_end() adds, where the file can be gone back in, what makes it seekable:
 * its length, the sizes of its parts, and where in it a second begins.
 */
#ifndef POD_DISPLAY_WEBM_H
#define POD_DISPLAY_WEBM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"

#define WEBM_CLUSTER_MS 30000 /* a cluster is no longer: blocks count its time in 16 bits */

struct webm {
	int fd;
	bool seekable;
	uint64_t start;               /* where in fd the file began */
	uint64_t bytes;               /* written so far */
	uint64_t cluster, cluster_ms; /* offset (0: none is open) and time of the open one */
	struct buf cues;              /* where each began */
};

int webm_begin(struct webm *w, int fd, int width, int height, struct err *e);
/*
 * A frame of ms since the start, which never goes back.  A key frame begins a new cluster; the
 * first frame is one, and so is any that comes WEBM_CLUSTER_MS after the cluster's start.
 */
int webm_frame(struct webm *w, const void *data, size_t len, uint64_t ms, bool is_key,
	       struct err *e);
int webm_end(struct webm *w, uint64_t ms, struct err *e);
void webm_finish(struct webm *w); /* memory; also of a file that was cut short */

#endif
