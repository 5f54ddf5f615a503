/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/ids.h"

#include <endian.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <string.h>

#include "libcommon/pod.h"

struct id_map ids_of_plan(const struct plan *pl)
{
	return (struct id_map){
		.base = (uid_t)plan_u64(pl, "base", 524288),
		.uid = (uid_t)plan_u64(pl, "identity.uid", 0),
		.gid = (gid_t)plan_u64(pl, "identity.gid", 0),
		.owner_uid = (uid_t)plan_u64(pl, "user.uid", 0),
		.owner_gid = (gid_t)plan_u64(pl, "user.gid", 0),
	};
}

uid_t uid_seen(const struct id_map *m, uid_t on_disk)
{
	return pod_map_in(on_disk, m->base, m->uid);
}

gid_t gid_seen(const struct id_map *m, gid_t on_disk)
{
	return pod_map_in(on_disk, m->base, m->gid);
}

static uid_t choose(uid_t seen, const uid_t *old, bool roots, uid_t identity, uid_t owner)
{
	if (old && *old == seen)
		return seen;
	if (seen == 0 && roots)
		return 0;
	return identity != 0 && seen == identity ? identity : owner;
}

struct owner owner_for_commit(const struct id_map *m, struct owner seen, const struct owner *old,
			      uid_t parent_uid)
{
	bool roots = parent_uid == 0;

	return (struct owner){
		.uid = choose(seen.uid, old ? &old->uid : NULL, roots, m->uid, m->owner_uid),
		.gid = choose(seen.gid, old ? &old->gid : NULL, roots, m->gid, m->owner_gid),
	};
}

uid_t uid_stored(const struct id_map *m, uid_t on_host)
{
	return pod_map_out(on_host < 65536 ? on_host : ID_UNMAPPED, m->base, m->uid);
}

gid_t gid_stored(const struct id_map *m, gid_t on_host)
{
	return pod_map_out(on_host < 65536 ? on_host : ID_UNMAPPED, m->base, m->gid);
}

struct id_ways {
	uid_t (*uid)(const void *by, uid_t id);
	gid_t (*gid)(const void *by, gid_t id);
};

static bool acl_map(const void *by, const struct id_ways *ways, void *acl, size_t len)
{
	struct posix_acl_xattr_header head;
	struct posix_acl_xattr_entry entry;
	char *p = acl;

	if (len < sizeof(head) || (len - sizeof(head)) % sizeof(entry) != 0)
		return false;
	memcpy(&head, p, sizeof(head));
	if (le32toh(head.a_version) != POSIX_ACL_XATTR_VERSION)
		return false;
	for (size_t at = sizeof(head); at < len; at += sizeof(entry)) {
		unsigned tag, id;

		memcpy(&entry, p + at, sizeof(entry));
		tag = le16toh(entry.e_tag);
		if (tag != ACL_USER && tag != ACL_GROUP)
			continue;
		id = le32toh(entry.e_id);
		id = tag == ACL_USER ? ways->uid(by, id) : ways->gid(by, id);
		if (id == ID_UNMAPPED)
			return false;
		entry.e_id = htole32(id);
		memcpy(p + at, &entry, sizeof(entry));
	}
	return true;
}

/*
 * On XFS an ACL also is an attribute, trusted.SGI_ACL_FILE, whose ids nobody maps when a file is
 * copied up: then the layer's ACL names host ids as they are.  No process of a pod can write such
 * an id there.
 */
static uid_t raw_uid_seen(const void *map, uid_t on_disk)
{
	uid_t seen = uid_seen(map, on_disk);

	return seen == ID_UNMAPPED && on_disk < 65536 ? on_disk : seen;
}

static gid_t raw_gid_seen(const void *map, gid_t on_disk)
{
	gid_t seen = gid_seen(map, on_disk);

	return seen == ID_UNMAPPED && on_disk < 65536 ? on_disk : seen;
}

bool acl_translate(const struct id_map *m, void *acl, size_t len)
{
	static const struct id_ways in = {raw_uid_seen, raw_gid_seen};

	return acl_map(m, &in, acl, len);
}

static uid_t uid_out(const void *map, uid_t id)
{
	return uid_stored(map, id);
}

static gid_t gid_out(const void *map, gid_t id)
{
	return gid_stored(map, id);
}

bool acl_shift(const struct id_map *m, void *acl, size_t len)
{
	static const struct id_ways out = {uid_out, gid_out};

	return acl_map(m, &out, acl, len);
}

uid_t uid_adopted(const struct adoption *a, uint64_t id)
{
	return id == a->their_uid || id >= ID_UNMAPPED ? a->map->owner_uid : (uid_t)id;
}

gid_t gid_adopted(const struct adoption *a, uint64_t id)
{
	return id == a->their_gid || id >= ID_UNMAPPED ? a->map->owner_gid : (gid_t)id;
}

static uid_t adopt_uid(const void *by, uid_t id)
{
	const struct adoption *a = by;

	return uid_stored(a->map, uid_adopted(a, id));
}

static gid_t adopt_gid(const void *by, gid_t id)
{
	const struct adoption *a = by;

	return gid_stored(a->map, gid_adopted(a, id));
}

bool acl_adopt(const struct adoption *a, void *acl, size_t len)
{
	static const struct id_ways in = {adopt_uid, adopt_gid};

	return acl_map(a, &in, acl, len);
}
