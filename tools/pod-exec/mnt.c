/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-exec/mnt.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "libcommon/own.h"
#include "libcommon/path.h"

static int set_option(int fs, const char *option)
{
	const char *eq = strchr(option, '=');
	char key[32];

	if (!eq)
		return fsconfig(fs, FSCONFIG_SET_FLAG, option, NULL, 0);
	snprintf(key, sizeof(key), "%.*s", (int)(eq - option), option);
	return fsconfig(fs, FSCONFIG_SET_STRING, key, eq + 1, 0);
}

int mnt_new(const char *type, const char *const *options, uint64_t attr, struct err *e)
{
	OWN_FD int fs = fsopen(type, FSOPEN_CLOEXEC);
	int mnt;

	if (fs < 0)
		return err_set(e, errno, "open the file system %s", type);
	for (; options && *options; options++)
		if (set_option(fs, *options) < 0)
			return err_set(e, errno, "give %s the option %s", type, *options);
	if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return err_set(e, errno, "make a %s", type);
	mnt = fsmount(fs, FSMOUNT_CLOEXEC, (unsigned)attr);
	return mnt < 0 ? err_set(e, errno, "mount a %s", type) : mnt;
}

int mnt_attach(int mnt, int dirfd, const char *path, const char *name, struct err *e)
{
	OWN_FD int to = open_beneath(dirfd, path, O_PATH | O_DIRECTORY, 0);

	if (to < 0)
		return err_set(e, -to,
			       "mount on %s: it is no plain directory in the pod (envpod rollback "
			       "POD %s brings the host's back)",
			       name, name);
	if (move_mount(mnt, "", to, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return err_set(e, errno, "mount on %s", name);
	return 0;
}

int mnt_close(int mnt)
{
	struct mount_attr set = {.attr_set = MOUNT_ATTR_RDONLY};

	return mount_setattr(mnt, "", AT_EMPTY_PATH, &set, sizeof(set)) < 0 ? -errno : 0;
}

int mnt_cover(int from, int to, uint64_t attr)
{
	OWN_FD int copy = open_tree(from, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	struct mount_attr set = {.attr_set = attr};

	if (copy < 0)
		return -errno;
	if (attr && mount_setattr(copy, "", AT_EMPTY_PATH, &set, sizeof(set)) < 0)
		return -errno;
	if (move_mount(copy, "", to, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return -errno;
	return 0;
}
