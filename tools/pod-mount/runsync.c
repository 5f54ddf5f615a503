/* SPDX-License-Identifier: Apache-2.0 */
/* What must be on disk before the next thing happens, and what is kept for undo. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-mount/copy.h"
#include "tools/pod-mount/run.h"
#include "tools/pod-mount/step.h"

/* Fewer files are synced one by one: syncfs waits for everybody's dirty data. */
#define SYNC_ONE_BY_ONE 20

static int sync_one(const struct run *r, size_t i)
{
	const struct step *st = &r->j->steps[i];
	char name[STEP_NAME];
	OWN_FD int fd = -1;

	if (st->verb != STEP_PUT || !S_ISREG(st->mode))
		return 0;
	step_name(name, i);
	fd = openat(step_stage(r, st), name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

static int sync_sites(const struct run *r, struct err *e)
{
	for (size_t i = 0; i < r->j->sites.n; i++)
		if (r->sites[i].stage >= 0 && syncfs(r->sites[i].stage) < 0)
			return err_set(e, errno, "sync %s", esc(r->sites[i].top));
	return syncfs(r->kept) < 0 ? err_set(e, errno, "sync undo/%s", r->j->id) : 0;
}

int run_sync_staged(struct run *r, struct err *e)
{
	if (r->j->n >= SYNC_ONE_BY_ONE)
		return sync_sites(r, e);
	for (size_t i = 0; i < r->j->n; i++) {
		int x = sync_one(r, i);

		if (x < 0)
			return run_failed(r, &r->j->steps[i], -x, "sync", e);
	}
	for (size_t i = 0; i < r->j->sites.n; i++)
		if (r->sites[i].stage >= 0 && fsync(r->sites[i].stage) < 0)
			return err_set(e, errno, "sync %s", esc(r->sites[i].top));
	return 0;
}

int run_sync(struct run *r, struct err *e)
{
	if (r->given >= 0 && syncfs(r->given) < 0)
		return err_set(e, errno, "sync undo/%s/layers", r->j->id);
	if (r->j->n >= SYNC_ONE_BY_ONE)
		return sync_sites(r, e);
	for (size_t i = 0; i < r->j->n; i++) {
		const struct step *st = &r->j->steps[i];
		bool none = st->verb == STEP_DROP || st->verb == STEP_GIVE;
		int parent = none ? -1 : run_parent(r, st);
		OWN_FD int fd = parent < 0 ? -1 : open_beneath(parent, "", O_RDONLY, 0);

		if (parent >= 0 && (fd < 0 || fsync(fd) < 0))
			return run_failed(r, st, fd < 0 ? -fd : errno, "sync the directory of", e);
	}
	return fsync(r->kept) < 0 ? err_set(e, errno, "sync undo/%s", r->j->id) : 0;
}

/* --- pre-images --- */

int run_keep_looks(const struct run *r, const struct step *st, const char *name)
{
	OWN_XATTRS struct xattrs x = {0};
	OWN_FD int host = run_open_dir(r, st);
	struct looks l;
	struct stat now;
	int y;

	if (host < 0 || fstat(host, &now) < 0)
		return host < 0 ? host : -errno;
	y = xattrs_read(&x, host, NULL);
	l = (struct looks){now.st_mode, now.st_uid, now.st_gid, now.st_mtim, &x};
	return y < 0 ? y : copy_entry(host, ".", &now, step_stage(r, st), name, &l);
}

/* On other filesystems they are copied: renames do not lead there. */

static int keep_one(struct run *r, const struct step *st, const char *name)
{
	int stage = step_stage(r, st);
	OWN_FREE char *temp = xfmt("%s.part", name);
	OWN_FD int fd = -1;
	OWN_XATTRS struct xattrs x = {0};
	struct looks l;
	struct stat now;
	int y;

	y = entry_find(stage, name, &now);
	if (y < 1)
		return y;
	fd = openat(stage, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && (S_ISREG(now.st_mode) || S_ISDIR(now.st_mode)))
		return -errno;
	y = fd < 0 ? 0 : xattrs_read(&x, fd, NULL);
	if (y < 0)
		return y;
	l = (struct looks){now.st_mode, now.st_uid, now.st_gid, now.st_mtim, fd < 0 ? NULL : &x};
	unlinkat(r->kept, temp, 0);
	unlinkat(r->kept, temp, AT_REMOVEDIR);
	y = copy_entry(stage, name, &now, r->kept, temp, &l);
	if (y == 0 && renameat(r->kept, temp, r->kept, name) < 0)
		y = -errno;
	if (y == 0 && unlinkat(stage, name, S_ISDIR(now.st_mode) ? AT_REMOVEDIR : 0) < 0)
		y = -errno;
	return y;
}

int run_keep(struct run *r, struct err *e)
{
	bool any = false;

	for (size_t i = 0; i < r->j->n; i++) {
		const struct step *st = &r->j->steps[i];
		char name[STEP_NAME];
		int x;

		if (st->verb == STEP_DROP || st->verb == STEP_GIVE || r->sites[st->site].near ||
		    r->sites[st->site].stage < 0) /* a rollback's: nothing of the host was moved */
			continue;
		step_name(name, i);
		x = keep_one(r, st, name);
		if (x < 0)
			return run_failed(r, st, -x, "keep what was replaced at", e);
		any = true;
	}
	if (any && syncfs(r->kept) < 0)
		return err_set(e, errno, "sync undo/%s", r->j->id);
	return 0;
}

void run_unstage(struct run *r)
{
	for (size_t i = 0; i < r->j->sites.n; i++)
		if (r->sites[i].root >= 0)
			site_unstage(&r->sites[i], r->pod, r->j->id);
}

void run_drop_attributes(const struct run *r, size_t i)
{
	char name[STEP_NAME];

	step_attributes(name, i);
	if (r->j->steps[i].verb == STEP_META)
		unlinkat(r->kept, name, AT_REMOVEDIR);
}

void run_forget(struct run *r)
{
	OWN_FD int undo = open_beneath(r->pod->dir, "undo", O_RDONLY | O_DIRECTORY, 0);

	if (unlinkat(r->j->dir, "new", AT_REMOVEDIR) == 0 && undo >= 0)
		remove_tree_at(undo, r->j->id);
}
