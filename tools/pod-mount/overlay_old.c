/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A page is all that mount(2) takes as options, and ',' and ':' are special in them.  So the layers
 * stand in a small tmpfs as symbolic links to our own descriptors, named by numbers:
 * 400 layers are 1.9 kB of option text.
 */
#include "tools/pod-mount/overlay_old.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/buf.h"
#include "libcommon/own.h"

#define COMMON "index=off,metacopy=off,redirect_dir=on"

static int link_fd(const char *name, int fd, struct err *e)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return symlink(path, name) < 0 ? err_set(e, errno, "make a link in the scratch") : 0;
}

/* Attach a mapped clone at a fresh directory of the scratch. */
static int put_clone(const char *name, int dirfd, int userns, bool *raw, struct err *e)
{
	OWN_FD int mnt = clone_mapped(dirfd, userns, 0, raw, e);

	if (mnt < 0)
		return mnt;
	if (mkdir(name, 0700) < 0)
		return err_set(e, errno, "make %s in the scratch", name);
	if (move_mount(mnt, "", AT_FDCWD, name, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_set(e, errno, "attach a clone");
	return 0;
}

static int put_mask(const struct overlay *o, struct err *e)
{
	bool raw;
	int r = put_clone("m", o->mask, o->userns, &raw, e);

	if (r < 0 || !raw)
		return r;
	return err_status(
		e, POD_EXIT_UNSUPPORTED, EOPNOTSUPP,
		"the state directory's filesystem cannot map ids; put ENVPOD_STATE_DIR on "
		"ext4, xfs or btrfs");
}

static int mount_overlay(const char *at, const char *options, unsigned long flags, struct err *e)
{
	if (mkdir(at, 0700) < 0)
		return err_set(e, errno, "make %s in the scratch", at);
	if (mount("overlay", at, "overlay", flags | MS_NODEV | MS_NOSUID, options) < 0)
		return err_set(e, errno, "mount the overlay");
	return 0;
}

static int lower_list(struct buf *b, const struct overlay *o, const char *lowest, struct err *e)
{
	int r = 0;

	buf_str(b, COMMON ",lowerdir=");
	for (size_t i = 0; r == 0 && i < o->nlayers; i++) {
		char name[24];

		snprintf(name, sizeof(name), "%zu", i);
		r = link_fd(name, o->layers[i], e);
		buf_fmt(b, "%s:", name);
	}
	if (o->mask >= 0)
		buf_str(b, "m:");
	buf_str(b, lowest);
	return r;
}

static int mount_outer(const struct overlay *o, const char *lowest, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;
	int r = lower_list(&b, o, lowest, e);

	if (r == 0 && o->upper >= 0) {
		r = link_fd("u", o->upper, e);
		if (r == 0)
			r = link_fd("w", o->work, e);
		buf_str(&b, ",upperdir=u,workdir=w");
	}
	return r < 0 ? r : mount_overlay("v", b.data, o->upper < 0 ? MS_RDONLY : 0, e);
}

static int build(struct overlay *o, struct err *e)
{
	int r = put_clone("h", o->host, o->userns, &o->raw, e);

	if (r == 0 && o->mask >= 0)
		r = put_mask(o, e);
	if (r == 0 && mkdir("e", 0700) < 0)
		r = err_set(e, errno, "make e in the scratch");
	if (r < 0)
		return r;
	if (!o->nested)
		return mount_outer(o, o->upper < 0 && o->mask < 0 ? "h:e" : "h", e);
	r = mount_overlay("i", COMMON ",lowerdir=h:e", MS_RDONLY, e);
	return r < 0 ? r : mount_outer(o, "i", e);
}

int overlay_old(struct overlay *o, struct err *e)
{
	OWN_FD int home = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r, mnt = -1;

	if (mount("tmpfs", o->scratch, "tmpfs", MS_NODEV | MS_NOSUID, "mode=700") < 0)
		return err_set(e, errno, "mount a scratch tmpfs on %s", o->scratch);
	if (chdir(o->scratch) < 0)
		return err_set(e, errno, "enter %s", o->scratch);
	r = build(o, e);
	if (r == 0) {
		mnt = open("v", O_PATH | O_DIRECTORY | O_CLOEXEC);
		r = mnt < 0 ? err_set(e, errno, "open the view") : mnt;
	}
	if (home >= 0 && fchdir(home) < 0 && r >= 0)
		r = err_set(e, errno, "go back from %s", o->scratch);
	return r;
}
