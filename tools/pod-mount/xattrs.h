/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The extended attributes a commit carries over: user.* (less user.overlay.*) and POSIX ACLs.
 * security.*, trusted.* and everything unknown stay behind.
 */
#ifndef POD_MOUNT_XATTRS_H
#define POD_MOUNT_XATTRS_H

#include <stdbool.h>
#include <stddef.h>

#include "tools/pod-mount/ids.h"

struct xattr {
	char *name;
	void *value;
	size_t len;
};

struct xattrs {
	struct xattr *v; /* by name */
	size_t n;
	bool others; /* there were some that are not carried over (overlayfs' own not counted) */
};

#define OWN_XATTRS __attribute__((cleanup(xattrs_finish)))

/* Is that the name of a POSIX ACL, access or default? */
bool xattr_is_acl(const char *name);
/* Read those of an open file or directory.  ids: translate ACLs from a layer's ids, dropping those
 * that have no translation; NULL: the host's own, as they are.  -errno; then it is empty. */
int xattrs_read(struct xattrs *x, int fd, const struct id_map *ids);
/* The same from the host for a layer: ACLs get the layer's ids. */
int xattrs_read_for_layer(struct xattrs *x, int fd, const struct id_map *ids);
void xattrs_finish(struct xattrs *x);
bool xattrs_equal(const struct xattrs *a, const struct xattrs *b);
/* Make it carry these of those that are carried over; leave all others. */
int xattrs_replace(const struct xattrs *x, int fd);
/* Make an open file or directory carry exactly these: set them and remove every other one. */
int xattrs_apply(const struct xattrs *x, int fd);

#endif
