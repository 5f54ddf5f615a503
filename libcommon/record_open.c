/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pod's audit directory.  A new one is made whole, with its seal in it, under another name: a log
 * that has lines and no seal is one of an older version, or somebody has taken its seal away.
 */
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/stat.h>

#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/pod.h"
#include "libcommon/record.h"
#include "libcommon/sealkeys.h"

static int open_audit(int pod)
{
	int fd = openat(pod, "audit", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	return fd < 0 ? -errno : fd;
}

/* What a crash left just before it had its name: its number is ours, and on the host's list. */
static bool adopt(int pod, const struct sealkeys *keys, const char *name)
{
	OWN_FD int dir = openat(pod, "audit.new", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	OWN_LOGSEAL struct logseal s = {0};
	struct err e = {0};
	OWN_FD int fd = dir < 0 ? -1 : logseal_load(dir, &s, &e);

	return fd >= 0 && sealkeys_gave(keys, name, s.log) &&
	       renameat2(pod, "audit.new", pod, "audit", RENAME_NOREPLACE) == 0;
}

/* Its seal is in it before the host's key is turned. */
static int fill(int pod, const struct sealkeys *keys, const char *name, struct err *e)
{
	OWN_LOGSEAL struct logseal s = {0};
	OWN_FD int dir = -1;
	int r;

	if (mkdirat(pod, "audit.new", 0700) < 0)
		return err_set(e, errno, "make the audit log of pod %s", name);
	dir = openat(pod, "audit.new", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (dir < 0)
		return err_set(e, errno, "open the new audit log of pod %s", name);
	if (sealkeys_next(keys, &s, e) < 0)
		return -e->code;
	r = logseal_create(dir, &s);
	return r < 0 ? err_set(e, -r, "begin the audit log of pod %s", name) : 0;
}

/* Nobody else makes one now, whoever holds the keys' lock. */
static int make_audit(int pod, const struct sealkeys *keys, const char *name, struct err *e)
{
	if (adopt(pod, keys, name))
		return 0;
	remove_tree_at(pod, "audit.new");
	if (fill(pod, keys, name, e) < 0 || sealkeys_turn(keys, name, e) < 0)
		return -e->code;
	if (renameat2(pod, "audit.new", pod, "audit", RENAME_NOREPLACE) < 0)
		return err_set(e, errno, "begin the audit log of pod %s", name);
	return 0;
}

static int begin(int pod, const char *name, struct err *e)
{
	OWN(sealkeys_finish) struct sealkeys keys = SEALKEYS_INIT;
	int r = sealkeys_open(&keys, e), fd;

	if (r < 0)
		return r;
	fd = open_audit(pod);
	if (fd == -ENOENT) {
		r = make_audit(pod, &keys, name, e);
		if (r < 0)
			return r;
		fd = open_audit(pod);
	}
	return fd < 0 ? err_set(e, -fd, "open the audit log of pod %s", name) : fd;
}

int record_open(const char *pod, struct err *e)
{
	OWN_FREE char *path = xfmt("%s/pods/%s", pod_state_dir(), pod);
	OWN_FD int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	int fd = dir < 0 ? -errno : open_audit(dir);

	if (dir < 0)
		return err_set(e, -fd, "open %s", path);
	if (fd == -ENOENT)
		return begin(dir, pod, e);
	return fd < 0 ? err_set(e, -fd, "open %s/audit", path) : fd;
}
