/* SPDX-License-Identifier: Apache-2.0 */
/* diff --patch and --stat: the content of all chosen changes. */
#ifndef POD_MOUNT_PATCHES_H
#define POD_MOUNT_PATCHES_H

#include "tools/pod-mount/survey.h"

/*
 * What git apply needs to make the host's tree like the pod's, to be run in cwd; in the root
 * directory, as a comment on top says, if something chosen lies elsewhere.  What no such patch can
 * carry (owners, other permissions than to execute, attributes, empty directories, fifos) stands in
 * comments.  literal: binary content in full.
 */
void patches_print(const struct survey *s, const char *cwd, bool literal);

/* One change alone, to a buffer: what patches_print() makes of it, seen from base. */
void patches_put(struct buf *out, const struct survey *s, const struct change *c, const char *base,
		 bool literal);

/* The directory that the paths of a patch are seen from: cwd, or "/" if a chosen change lies
 * elsewhere. */
const char *patches_base(const struct survey *s, const char *cwd);

/* To a terminal with what could steer it made visible; to anything else as it is. */
void patches_write(const struct buf *text);

/* A line a file, with a bar, and a sum. */
void patches_stat(const struct survey *s, const char *cwd);

#endif
