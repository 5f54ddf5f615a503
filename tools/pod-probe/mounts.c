/* SPDX-License-Identifier: Apache-2.0 */
/* Attacks on the mount table: nothing in it may be changed from inside. */
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tools/pod-probe/probe.h"

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

const struct probe mount_probes[] = {
	{"filesystem", "mount-tmpfs", CRITICAL, "a tmpfs cannot be mounted", do_mount,
	 MOUNTING(.source = "none", .type = "tmpfs"), NULL},
	{"filesystem", "mount-bind", CRITICAL, "nothing can be bound", do_mount,
	 MOUNTING(.source = "/dev", .flags = MS_BIND), NULL},
	{"filesystem", "mount-rbind", CRITICAL, "the root cannot be bound elsewhere", do_mount,
	 MOUNTING(.source = "/", .flags = MS_BIND | MS_REC), NULL},
	{"filesystem", "mount-proc", CRITICAL, "a fresh /proc cannot be mounted", do_mount,
	 MOUNTING(.source = "none", .type = "proc"), NULL},
	{"filesystem", "mount-sysfs", CRITICAL, "a fresh /sys cannot be mounted", do_mount,
	 MOUNTING(.source = "none", .type = "sysfs"), NULL},
	{"filesystem", "mount-devpts", CRITICAL, "a fresh devpts cannot be mounted", do_mount,
	 MOUNTING(.source = "none", .type = "devpts"), NULL},
	{"filesystem", "mount-mqueue", CRITICAL, "a fresh mqueue cannot be mounted", do_mount,
	 MOUNTING(.source = "none", .type = "mqueue"), NULL},
	{"filesystem", "mount-cgroup", CRITICAL, "cgroup2 cannot be mounted", do_mount,
	 MOUNTING(.source = "none", .type = "cgroup2"), NULL},
	{"filesystem", "mount-cgroup-v1", CRITICAL,
	 "a cgroup hierarchy with a release_agent cannot be mounted", do_mount,
	 MOUNTING(.source = "none", .type = "cgroup", .data = "pids"), NULL},
	{"filesystem", "mount-debugfs", CRITICAL, "debugfs cannot be mounted", do_mount,
	 MOUNTING(.source = "none", .type = "debugfs"), NULL},
	{"filesystem", "mount-overlay", CRITICAL, "an overlay cannot be mounted", do_mount,
	 MOUNTING(.source = "none", .type = "overlay", .data = "lowerdir=/srv:/etc"), NULL},
	{"filesystem", "remount-root", CRITICAL, "the root cannot be remounted", do_mount,
	 MOUNTING(.target = "/", .flags = MS_REMOUNT | MS_BIND), NULL},
	{"filesystem", "remount-sys", CRITICAL, "/sys cannot be made writable", do_mount,
	 MOUNTING(.target = "/sys", .flags = MS_REMOUNT | MS_BIND), NULL},
	{"filesystem", "share-root", CRITICAL, "propagation cannot be changed", do_mount,
	 MOUNTING(.target = "/", .flags = MS_SHARED), NULL},
	{"filesystem", "move-mount", CRITICAL, "a mount cannot be moved", do_mount,
	 MOUNTING(.source = "/dev/pts", .flags = MS_MOVE), NULL},
	{"filesystem", "umount-proc", CRITICAL, "/proc and its masks cannot be unmounted",
	 lazy_umount, "/proc", NULL},
	{"filesystem", "umount-dev", CRITICAL, "/dev cannot be unmounted", lazy_umount, "/dev",
	 NULL},
	{"filesystem", "umount-root", CRITICAL, "the root cannot be unmounted", lazy_umount, "/",
	 NULL},
	{"filesystem", "pivot-root", CRITICAL, "the root cannot be changed", do_pivot_root, NULL,
	 NULL},
	{"filesystem", "fsopen", CRITICAL, "no filesystem can be opened", new_filesystem, "tmpfs",
	 NULL},
	{"filesystem", "fsopen-proc", CRITICAL, "no fresh /proc can be opened", new_filesystem,
	 "proc", NULL},
	{"filesystem", "open-tree", CRITICAL, "no mount can be cloned", clone_tree, "/", NULL},
	{"filesystem", "move-mount-call", CRITICAL, "no mount can be moved by the newer call",
	 do_move_mount, NULL, NULL},
	{"filesystem", "mount-setattr", CRITICAL, "no mount attribute can be changed",
	 change_attributes, "/sys", NULL},
	{"filesystem", "mount-in-user-namespace", CRITICAL,
	 "nothing can be mounted in a user namespace of its own", mount_in_own_namespace, NULL,
	 NULL},
	{0},
};
