/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/overlay.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/buf.h"
#include "libcommon/own.h"
#include "tools/pod-mount/overlay_old.h"

/* The kernel's own words on a failed fsconfig, if it left any ("e overlay: ..."). */
static const char *fs_log(int fs)
{
	static char text[200];
	ssize_t n, start;

	text[0] = '\0';
	while ((n = read(fs, text, sizeof(text) - 1)) > 0)
		text[n] = '\0';
	start = strlen(text) > 2 && text[1] == ' ' ? 2 : 0;
	text[strcspn(text, "\n")] = '\0';
	return text + start;
}

static int config_failed(int fs, const char *what, struct err *e)
{
	int code = errno;
	const char *log = fs_log(fs);

	return err_set(e, code, "%s%s%s%s", what, *log ? " (" : "", log, *log ? ")" : "");
}

int clone_mapped(int dirfd, int userns, unsigned long attrs, bool *raw, struct err *e)
{
	struct mount_attr attr = {.attr_set = attrs};
	OWN_FD int mnt = open_tree(dirfd, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	if (mnt < 0)
		return err_set(e, errno, "clone a mount");
	*raw = userns < 0;
	if (userns >= 0) {
		attr.attr_set |= MOUNT_ATTR_IDMAP;
		attr.userns_fd = (unsigned)userns;
		if (mount_setattr(mnt, "", AT_EMPTY_PATH, &attr, sizeof(attr)) == 0)
			return take_fd(&mnt);
		if (errno != EINVAL)
			return err_set(e, errno, "map the ids of a mount");
		*raw = true; /* overlayfs, FUSE, NFS, ...: there is no list to keep, only trying */
		attr.attr_set = attrs;
		attr.userns_fd = 0;
	}
	if (attr.attr_set && mount_setattr(mnt, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
		return err_set(e, errno, "set the attributes of a mount");
	return take_fd(&mnt);
}

int tmpfs_make(unsigned long attrs, const char *const *options, struct err *e)
{
	OWN_FD int fs = fsopen("tmpfs", FSOPEN_CLOEXEC);
	int mnt;

	if (fs < 0)
		return err_set(e, errno, "open tmpfs");
	for (; options && options[0]; options += 2)
		if (fsconfig(fs, FSCONFIG_SET_STRING, options[0], options[1], 0) < 0)
			return config_failed(fs, "configure tmpfs", e);
	if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return config_failed(fs, "make tmpfs", e);
	mnt = fsmount(fs, FSMOUNT_CLOEXEC, (unsigned)attrs);
	return mnt < 0 ? err_set(e, errno, "mount tmpfs") : mnt;
}

int namespace_own(struct err *e)
{
	if (unshare(CLONE_NEWNS) < 0)
		return err_set(e, errno, "make a mount namespace");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return err_set(e, errno, "make the mount namespace private");
	return 0;
}

int mount_attach(int mnt, int target, const char *name, struct err *e)
{
	if (move_mount(mnt, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return err_set(e, errno, "mount on %s", name);
	return 0;
}

/*
 * index=on ties the upper to one lower and breaks turn-over; a metacopy upper holds no data to
 * commit; without redirect_dir, rename of a directory that a lower holds is EXDEV (`git mv dir`).
 */
static int common_options(int fs, struct err *e)
{
	static const char *const options[][2] = {
		{"index", "off"},
		{"metacopy", "off"},
		{"redirect_dir", "on"},
		{NULL, NULL},
	};

	for (size_t i = 0; options[i][0]; i++)
		if (fsconfig(fs, FSCONFIG_SET_STRING, options[i][0], options[i][1], 0) < 0)
			return config_failed(fs, options[i][0], e);
	return 0;
}

static int add_fd(int fs, const char *key, int fd, struct err *e)
{
	if (fd >= 0 && fsconfig(fs, FSCONFIG_SET_FD, key, NULL, fd) < 0)
		return config_failed(fs, key, e);
	return 0;
}

static int create(int fs, struct err *e)
{
	int mnt;

	if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return config_failed(fs, "create the overlay", e);
	mnt = fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID);
	return mnt < 0 ? err_set(e, errno, "mount the overlay") : mnt;
}

/* An overlay without an upper needs two lowers, hence the empty one. */
static int make_pair(int top, int bottom, struct err *e)
{
	OWN_FD int fs = fsopen("overlay", FSOPEN_CLOEXEC);
	int r;

	if (fs < 0)
		return err_set(e, errno, "open overlayfs");
	r = common_options(fs, e);
	if (r == 0)
		r = add_fd(fs, "lowerdir+", top, e);
	if (r == 0)
		r = add_fd(fs, "lowerdir+", bottom, e);
	return r < 0 ? r : create(fs, e);
}

static int make_outer(const struct overlay *o, int mask, int lowest, struct err *e)
{
	OWN_FD int fs = fsopen("overlay", FSOPEN_CLOEXEC);
	int r;

	if (fs < 0)
		return err_set(e, errno, "open overlayfs");
	r = common_options(fs, e);
	for (size_t i = 0; r == 0 && i < o->nlayers; i++)
		r = add_fd(fs, "lowerdir+", o->layers[i], e);
	if (r == 0)
		r = add_fd(fs, "lowerdir+", mask, e);
	if (r == 0)
		r = add_fd(fs, "lowerdir+", lowest, e);
	if (r == 0)
		r = add_fd(fs, "upperdir", o->upper, e);
	if (r == 0)
		r = add_fd(fs, "workdir", o->work, e);
	return r < 0 ? r : create(fs, e);
}

static int mask_clone(const struct overlay *o, struct err *e)
{
	bool raw;
	OWN_FD int mask = clone_mapped(o->mask, o->userns, 0, &raw, e);

	if (mask < 0 || !raw)
		return take_fd(&mask);
	return err_status(
		e, POD_EXIT_UNSUPPORTED, EOPNOTSUPP,
		"the state directory's filesystem cannot map ids; put ENVPOD_STATE_DIR on "
		"ext4, xfs, btrfs or (from Linux 6.3) tmpfs");
}

/* Detached mounts must stay open until the overlay is created: closing one dissolves its tree. */
static int make_new(struct overlay *o, struct err *e)
{
	OWN_FD int host = clone_mapped(o->host, o->userns, 0, &o->raw, e);
	OWN_FD int mask = -1, empty = -1, inner = -1;

	if (host < 0)
		return host;
	if (o->mask >= 0 && (mask = mask_clone(o, e)) < 0)
		return mask;
	if (!o->nested && (o->upper >= 0 || mask >= 0 || o->nlayers > 0))
		return make_outer(o, mask, host, e);
	empty = tmpfs_make(0, NULL, e);
	if (empty < 0)
		return empty;
	inner = make_pair(host, empty, e);
	if (inner < 0 || !o->nested)
		return take_fd(&inner);
	return make_outer(o, mask, inner, e);
}

bool overlay_old_asked(void)
{
	const char *api = secure_getenv("ENVPOD_MOUNT_API");

	return api && strcmp(api, "old") == 0;
}

/* What the usual refusals mean, and what to do. */
static int explain(struct overlay *o, struct err *e)
{
	static const struct {
		int code;
		const char *hint;
	} hints[] = {
		{EINVAL,
		 "the filesystem cannot be a layer here; look at dmesg and `pod-mount doctor`"},
		{ELOOP, "a layer lies below the directory itself"},
		{EUCLEAN, "the pod's writable layer is damaged; look at dmesg"},
		{ENOSPC, "the filesystem of the state directory is full"},
		{ENODEV, "this kernel has no overlayfs (modprobe overlay)"},
		{0, NULL},
	};
	int code = e->code, status = 0;
	const char *hint = "";

	for (size_t i = 0; hints[i].hint; i++)
		if (hints[i].code == code)
			hint = hints[i].hint;
	if (code == EINVAL || code == ENODEV || code == EOPNOTSUPP || code == ENOSYS)
		status = POD_EXIT_UNSUPPORTED;
	if (e->status == 0)
		e->status = status;
	return err_wrap(e, "build the view of %s%s%s%s", o->path, *hint ? " (" : "", hint,
			*hint ? ")" : "");
}

int overlay_make(struct overlay *o, struct err *e)
{
	int mnt = -EINVAL;

	if (!overlay_old_asked())
		mnt = make_new(o, e);
	/* Before 6.15 detached layers, before 6.13 layers by descriptor are EINVAL, before 6.5 any
	 * descriptor is EOPNOTSUPP. */
	if (o->scratch && (mnt == -EINVAL || mnt == -ENOSYS || mnt == -EOPNOTSUPP)) {
		struct err first = *e;

		*e = (struct err){0};
		mnt = overlay_old(o, e);
		if (mnt < 0 && first.code)
			*e = first;
	}
	return mnt < 0 ? explain(o, e) : mnt;
}
