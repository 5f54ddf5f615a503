/* SPDX-License-Identifier: Apache-2.0 */
/* Ids as the pod's layers have them on disk, as the pod sees them, and as a commit writes them. */
#ifndef POD_MOUNT_IDS_H
#define POD_MOUNT_IDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "libcommon/plan.h"

#define ID_UNMAPPED 65534u

struct id_map {
	uid_t base; /* pod id 0 lies here */
	uid_t uid;  /* identity entry, 0: none */
	gid_t gid;
	uid_t owner_uid; /* the invoking user, who gets what has no better owner */
	gid_t owner_gid;
};

/* The pod's map, and the person the plan names. */
struct id_map ids_of_plan(const struct plan *pl);

/* What the pod calls an id found in one of its layers; ID_UNMAPPED when it has no name for it. */
uid_t uid_seen(const struct id_map *m, uid_t on_disk);
gid_t gid_seen(const struct id_map *m, gid_t on_disk);

/*
 * The host ids a committed entry gets.  seen: what the pod calls them.  old: the host entry that is
 * replaced, NULL when it is new.  parent_uid: owner of the host directory.
 * Unchanged ids stay; pod root is host root only in directories of root's; everything else belongs
 * to the invoking user.
 */
struct owner {
	uid_t uid;
	gid_t gid;
};
struct owner owner_for_commit(const struct id_map *m, struct owner seen, const struct owner *old,
			      uid_t parent_uid);

/*
 * Translate the ids of a POSIX ACL xattr (raw, as read in the initial user namespace) from the
 * layer's to what the pod sees, in place.  False when it is not an ACL, or names an id that the pod
 * has no name for and the host has none either: it is then dropped.
 */
bool acl_translate(const struct id_map *m, void *acl, size_t len);
/* The other way: from the host's ids, which are the pod's, to the layer's. */
bool acl_shift(const struct id_map *m, void *acl, size_t len);
/*
 * Ids of a change set from another machine, as a pod there saw them: who the pod belonged to there
 * is who it belongs to here, and so is whoever has no name; all others have the same number.
 */
struct adoption {
	const struct id_map *map; /* of the pod here */
	uid_t their_uid;
	gid_t their_gid;
};
uid_t uid_adopted(const struct adoption *a, uint64_t id);
gid_t gid_adopted(const struct adoption *a, uint64_t id);
/* An ACL of theirs as a layer here has it. */
bool acl_adopt(const struct adoption *a, void *acl, size_t len);
/* Ids of the host as a layer has them. */
uid_t uid_stored(const struct id_map *m, uid_t on_host);
gid_t gid_stored(const struct id_map *m, gid_t on_host);

#endif
