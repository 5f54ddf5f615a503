/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A change set in a file, envpod-changes 1: a pax archive compressed by zstd, written by diff
 * --export, brought to a host by apply.  The first member, "envpod-changes", says
 *
 *     envpod-changes 1
 *     pod NAME
 *     user UID GID          the person the pod belongs to, as its files have it
 *     from . | /            what the paths are relative to: the directory of apply, or the root
 *     changes N
 *
 * Each change is a member "tree/PATH" with the pod's type, mode, owner, times, user.* attributes,
 * ACLs (raw, with the pod's ids) and content; a deletion is a character device 0:0.  In order of
 * path.  Records:
 *
 *     ENVPOD.kind    A, M, D or T
 *     ENVPOD.what    of an M: content, mode, owner, xattr, separated by commas
 *     ENVPOD.base    what the host had when the pod began: none, unknown, or "TYPE MODE HASH",
 *                    TYPE file, link, dir or other, HASH of type and content (BLAKE2b, 256 bits)
 *     ENVPOD.marks   as diff has them
 */
#ifndef POD_MOUNT_EXPORT_H
#define POD_MOUNT_EXPORT_H

#include "libcommon/err.h"
#include "tools/pod-mount/change.h"
#include "tools/pod-mount/content.h"
#include "tools/pod-mount/survey.h"

#define EXPORT_HEAD  "envpod-changes"
#define EXPORT_TREE  "tree/"
#define EXPORT_XATTR "SCHILY.xattr." /* with the attribute's name: its record */

/* "TYPE MODE HASH" of what the host has where c is; "none".  -errno when it cannot be read. */
#define BASE_TEXT 96
int export_base(char out[BASE_TEXT], const struct survey *s, const struct change *c);

/*
 * Write the chosen changes to a file, which appears when it is whole, or to standard output ("-").
 * Devices, sockets and masked paths are left out with a warning.  *n: how many were written.
 */
int export_write(struct survey *s, const char *cwd, const char *file, size_t *n, struct err *e);

#endif
