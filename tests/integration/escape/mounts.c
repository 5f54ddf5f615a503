/* SPDX-License-Identifier: Apache-2.0 */
/* Attacks on the mount table: nothing in it may be changed from inside. */
#include "probe.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

struct mounting {
	const char *source, *target; /* target NULL: a scratch directory */
	const char *type;
	unsigned long flags;
	const char *data;
};

static enum verdict do_mount(const void *arg)
{
	const struct mounting *m = arg;
	const char *target = m->target ? m->target : scratch_dir();

	if (!target)
		return untried("no scratch directory: %s", strerror(errno));
	return unless_failed(mount(m->source, target, m->type, m->flags, m->data));
}

static enum verdict lazy_umount(const void *target)
{
	return unless_failed(umount2(target, MNT_DETACH));
}

/* devpts is a mount point of its own on every side. */
static enum verdict do_pivot_root(const void *unused)
{
	(void)unused;
	if (chdir("/dev/pts") < 0)
		return untried("chdir: %s", strerror(errno));
	return unless_failed(syscall(SYS_pivot_root, ".", "."));
}

static enum verdict new_filesystem(const void *type)
{
	int fs = (int)syscall(SYS_fsopen, type, 0);

	if (fs < 0)
		return stopped();
	if (syscall(SYS_fsconfig, fs, 6 /* FSCONFIG_CMD_CREATE */, NULL, NULL, 0) < 0)
		return stopped();
	return unless_failed(syscall(SYS_fsmount, fs, 0, 0));
}

static enum verdict clone_tree(const void *path)
{
	return unless_failed(syscall(SYS_open_tree, AT_FDCWD, path, 1 /* OPEN_TREE_CLONE */));
}

/* Without a clone of its own there is nothing to move but a mount that stands. */
static enum verdict do_move_mount(const void *unused)
{
	const char *dir = scratch_dir();
	int tree = (int)syscall(SYS_open_tree, AT_FDCWD, "/dev/pts", 1);

	(void)unused;
	if (!dir)
		return untried("no scratch directory: %s", strerror(errno));
	if (tree < 0)
		return unless_failed(
			syscall(SYS_move_mount, AT_FDCWD, "/dev/pts", AT_FDCWD, dir, 0));
	return unless_failed(syscall(SYS_move_mount, tree, "", AT_FDCWD, dir, 4));
}

static enum verdict change_attributes(const void *path)
{
	struct mount_attr attr = {.attr_clr = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV};

	return unless_failed(syscall(SYS_mount_setattr, AT_FDCWD, path, 0, &attr, sizeof(attr)));
}

/* What every user may do on a bare kernel: be root in a user namespace and mount there. */
static enum verdict mount_in_own_namespace(const void *unused)
{
	const char *dir = scratch_dir();

	(void)unused;
	if (!dir)
		return untried("no scratch directory: %s", strerror(errno));
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return stopped();
	return unless_failed(mount("none", dir, "tmpfs", 0, NULL));
}

#define MOUNTING(...)            \
	&(const struct mounting) \
	{                        \
		__VA_ARGS__      \
	}

const struct attack mount_attacks[] = {
	{"files", "mount-tmpfs", do_mount, MOUNTING("none", NULL, "tmpfs")},
	{"files", "mount-bind", do_mount, MOUNTING("/dev", NULL, NULL, MS_BIND)},
	{"files", "mount-rbind", do_mount, MOUNTING("/", NULL, NULL, MS_BIND | MS_REC)},
	{"files", "mount-proc", do_mount, MOUNTING("none", NULL, "proc")},
	{"files", "mount-sysfs", do_mount, MOUNTING("none", NULL, "sysfs")},
	{"files", "mount-devpts", do_mount, MOUNTING("none", NULL, "devpts")},
	{"files", "mount-mqueue", do_mount, MOUNTING("none", NULL, "mqueue")},
	{"files", "mount-cgroup", do_mount, MOUNTING("none", NULL, "cgroup2")},
	{"files", "mount-cgroup-v1", do_mount, MOUNTING("none", NULL, "cgroup", 0, "pids")},
	{"files", "mount-debugfs", do_mount, MOUNTING("none", NULL, "debugfs")},
	{"files", "mount-overlay", do_mount,
	 MOUNTING("none", NULL, "overlay", 0, "lowerdir=/srv:/etc")},
	{"files", "remount-root", do_mount, MOUNTING(NULL, "/", NULL, MS_REMOUNT | MS_BIND)},
	{"files", "remount-sys", do_mount, MOUNTING(NULL, "/sys", NULL, MS_REMOUNT | MS_BIND)},
	{"files", "share-root", do_mount, MOUNTING(NULL, "/", NULL, MS_SHARED)},
	{"files", "move-mount", do_mount, MOUNTING("/dev/pts", NULL, NULL, MS_MOVE)},
	{"files", "umount-proc", lazy_umount, "/proc"},
	{"files", "umount-dev", lazy_umount, "/dev"},
	{"files", "umount-root", lazy_umount, "/"},
	{"files", "pivot-root", do_pivot_root, NULL},
	{"files", "fsopen", new_filesystem, "tmpfs"},
	{"files", "fsopen-proc", new_filesystem, "proc"},
	{"files", "open-tree", clone_tree, "/"},
	{"files", "move-mount-call", do_move_mount, NULL},
	{"files", "mount-setattr", change_attributes, "/sys"},
	{"files", "mount-in-user-namespace", mount_in_own_namespace, NULL},
	{0},
};
