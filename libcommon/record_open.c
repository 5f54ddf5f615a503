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

/* Nobody else makes one now, whoever holds the keys' lock; what lies there is a crash's. */
static int make_audit(int pod, const struct sealkeys *keys, const char *name, struct err *e)
{
	OWN_LOGSEAL struct logseal s = {0};
	OWN_FD int dir = -1;
	int r;

	remove_tree_at(pod, "audit.new");
	if (mkdirat(pod, "audit.new", 0700) < 0)
		return err_set(e, errno, "make the audit log of pod %s", name);
	dir = openat(pod, "audit.new", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (dir < 0)
		return err_set(e, errno, "open the new audit log of pod %s", name);
	r = sealkeys_take(keys, name, &s, e);
	if (r < 0)
		return r;
	r = logseal_create(dir, &s);
	if (r == 0 && renameat2(pod, "audit.new", pod, "audit", RENAME_NOREPLACE) < 0)
		r = -errno;
	return r < 0 ? err_set(e, -r, "begin the audit log of pod %s", name) : 0;
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
