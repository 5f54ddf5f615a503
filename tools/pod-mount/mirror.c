/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/mirror.h"

#include <endian.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "libcommon/pod.h"

struct shift shift_of_plan(const struct plan *pl)
{
	return (struct shift){
		.base = (uid_t)plan_u64(pl, "base", 524288),
		.uid = (uid_t)plan_u64(pl, "identity.uid", 0),
		.gid = (gid_t)plan_u64(pl, "identity.gid", 0),
	};
}

/* Ids outside the map stay what they are: the pod has no name for them either way. */
static uint32_t shift_id(uint32_t host, uint32_t base, uint32_t identity)
{
	uint32_t out = pod_map_out(host, base, identity);

	if (out != (uint32_t)-1)
		return out;
	return host >= base && host - base < 65536 ? (uint32_t)-2 : host;
}

uid_t shift_uid(const struct shift *s, uid_t host)
{
	return s ? shift_id(host, s->base, s->uid) : host;
}

gid_t shift_gid(const struct shift *s, gid_t host)
{
	return s ? shift_id(host, s->base, s->gid) : host;
}

struct acl_entry {
	uint16_t tag, perm;
	uint32_t id;
};

#define ACL_USER  2
#define ACL_GROUP 8

static void shift_acl(const struct shift *s, char *acl, size_t len)
{
	for (size_t at = 4; s && at + sizeof(struct acl_entry) <= len;
	     at += sizeof(struct acl_entry)) {
		struct acl_entry en;
		uint32_t id;

		memcpy(&en, acl + at, sizeof(en));
		id = le32toh(en.id);
		if (le16toh(en.tag) == ACL_USER)
			en.id = htole32(shift_uid(s, id));
		else if (le16toh(en.tag) == ACL_GROUP)
			en.id = htole32(shift_gid(s, id));
		memcpy(acl + at, &en, sizeof(en));
	}
}

static bool is_mirrored(const char *name)
{
	return strncmp(name, "user.", 5) == 0 || strncmp(name, "system.posix_acl_", 17) == 0;
}

static int copy_xattr(int from, int to, const char *name, const struct shift *s)
{
	char value[65536];
	ssize_t n = fgetxattr(from, name, value, sizeof(value));

	if (n < 0)
		return errno == ENODATA ? 0 : -errno;
	if (name[0] == 's')
		shift_acl(s, value, (size_t)n);
	return fsetxattr(to, name, value, (size_t)n, 0) < 0 ? -errno : 0;
}

static int copy_xattrs(int from, int to, const struct shift *s)
{
	char names[65536];
	ssize_t n = flistxattr(from, names, sizeof(names));
	int r = 0;

	for (const char *p = names; r == 0 && n > 0 && p < names + n; p += strlen(p) + 1)
		if (is_mirrored(p))
			r = copy_xattr(from, to, p, s);
	return r;
}

int mirror_dir(int from, int to, const struct shift *s)
{
	struct stat want = {.st_mode = 0755}, have;

	if ((from >= 0 && fstat(from, &want) < 0) || fstat(to, &have) < 0)
		return -errno;
	want.st_uid = shift_uid(s, want.st_uid);
	want.st_gid = shift_gid(s, want.st_gid);
	if ((want.st_uid != have.st_uid || want.st_gid != have.st_gid) &&
	    fchown(to, want.st_uid, want.st_gid) < 0)
		return -errno;
	if ((want.st_mode ^ have.st_mode) & 07777 && fchmod(to, want.st_mode & 07777) < 0)
		return -errno;
	return from >= 0 ? copy_xattrs(from, to, s) : 0;
}
