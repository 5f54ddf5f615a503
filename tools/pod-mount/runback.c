/* SPDX-License-Identifier: Apache-2.0 */
/* Taking back the steps of a journal, last first. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/project.h"
#include "tools/pod-mount/copy.h"
#include "tools/pod-mount/quota.h"
#include "tools/pod-mount/run.h"
#include "tools/pod-mount/step.h"

/* The host has the old entry again, and nobody but us has touched it. */
static bool is_home(int parent, const struct step *st)
{
	struct stat now;

	return entry_look(parent, step_leaf(st), &now) && entry_was(&now, &st->old);
}

static int undo_put(struct run *r, struct step *st, const char *name)
{
	int parent = run_parent(r, st), stage = step_stage(r, st);
	unsigned how = st->old.ino ? RENAME_EXCHANGE : RENAME_NOREPLACE;
	struct stat now;

	int there;

	if (!st->staged || is_absent(parent))
		return 0; /* never put there */
	there = parent < 0 ? parent : entry_find(parent, step_leaf(st), &now);
	if (there < 1 || now.st_ino != st->staged)
		return there < 0 ? there : 0; /* or somebody else's by now */
	if (st->old.ino == 0 && S_ISDIR(now.st_mode) && !entry_is_empty(parent, step_leaf(st)))
		return -ENOTEMPTY;
	if (renameat2(parent, step_leaf(st), stage, name, how) < 0)
		return -errno;
	st->restored = st->old.ino && is_home(parent, st);
	return 0;
}

static int undo_remove(struct run *r, struct step *st, const char *name)
{
	int parent = run_parent(r, st);
	struct stat now;

	int there = entry_find(step_stage(r, st), name, &now);

	if (there < 1)
		return there;
	if (parent < 0)
		return parent;
	if (renameat2(step_stage(r, st), name, parent, step_leaf(st), RENAME_NOREPLACE) < 0)
		return -errno;
	st->restored = is_home(parent, st);
	return 0;
}

static int undo_meta(struct run *r, struct step *st, const char *name)
{
	OWN_FD int from =
		openat(step_stage(r, st), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct looks l;
	struct stat old;
	int x;

	if (from < 0)
		return errno == ENOENT ? 0 : -errno;
	if (r->j->state < JOURNAL_PREPARED)
		return 0;
	if (fstat(from, &old) < 0)
		return -errno;
	l = (struct looks){.mode = old.st_mode, .uid = old.st_uid, .gid = old.st_gid};
	x = run_change_meta(r, st, from, &l, NULL);
	st->restored = x == 0;
	return x == -ESTALE ? 0 : x;
}

static int undo_drop(struct run *r, const struct step *st, const char *name)
{
	const char *leaf;
	OWN_FD int parent = run_raw_parent(r, st, &leaf);
	int x;

	if (parent < 0)
		return parent;
	x = project_rename(r->kept, name, parent, leaf, RENAME_NOREPLACE);
	if (x == 0)
		quota_reclaim(r->pod, parent, leaf);
	return x == -ENOENT ? 0 : x;
}

/* A file that was renamed out of its layer goes back as it was there. */
static int give_back(struct run *r, const struct step *st, const char *name)
{
	OWN_FD int tree = site_layer(&r->sites[st->site], r->pod, st->layer), parent = -1;
	OWN_FD int fd =
		openat(step_stage(r, st), name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	const char *leaf;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	parent = tree < 0 ? tree : open_parent_beneath(tree, st->raw, &leaf);
	if (parent < 0)
		return parent;
	if (fchown(fd, st->was_uid, st->was_gid) < 0 || fchmod(fd, st->was_mode & 07777) < 0)
		return -errno;
	return project_rename(step_stage(r, st), name, parent, leaf, RENAME_NOREPLACE);
}

/* What was taken from another record goes back there; where it was copied, it still is there. */
static int put_back(struct run *r, const struct step *st, const char *name, const struct stat *now)
{
	char was[STEP_NAME];

	step_name(was, st->take);
	if (!r->sites[st->site].near)
		return unlinkat(step_stage(r, st), name, S_ISDIR(now->st_mode) ? AT_REMOVEDIR : 0) <
				       0
			       ? -errno
			       : 0;
	return renameat2(step_stage(r, st), name, r->sites[st->site].taken, was, RENAME_NOREPLACE) <
			       0
		       ? -errno
		       : 0;
}

static int undo_give(struct run *r, const struct step *st)
{
	char was[STEP_NAME];
	const char *leaf;
	OWN_FD int parent = run_given(r, st, &leaf);

	step_name(was, st->take);
	if (!st->taken || parent < 0 || faccessat(r->taken, was, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return !st->taken || parent == -ENOENT || parent >= 0 ? 0 : parent;
	return renameat2(parent, leaf, r->taken, was, RENAME_NOREPLACE) < 0 ? -errno : 0;
}

/* What was made for this step alone goes; a pre-image that could not go home stays. */
static int unstage_one(struct run *r, size_t i, const char *name)
{
	const struct step *st = &r->j->steps[i];
	int stage = step_stage(r, st);
	struct stat now;

	int there;

	if (st->verb != STEP_PUT && st->verb != STEP_META)
		return 0;
	run_drop_attributes(r, i);
	there = entry_find(stage, name, &now);
	if (there < 1)
		return there;
	if (st->verb == STEP_PUT && st->staged && now.st_ino != st->staged)
		return -EEXIST;
	if (st->verb == STEP_PUT && st->taken)
		return put_back(r, st, name, &now);
	if (st->verb == STEP_PUT && st->from_layer)
		return give_back(r, st, name);
	return unlinkat(stage, name, S_ISDIR(now.st_mode) ? AT_REMOVEDIR : 0) < 0 ? -errno : 0;
}

static int undo_reset(struct run *r, const struct step *st)
{
	OWN_FD int mine = run_raw(r, st, O_RDONLY | O_DIRECTORY);
	struct looks l = {.mode = st->was_mode, .uid = st->was_uid, .gid = st->was_gid};
	struct stat own;

	if (mine < 0)
		return mine;
	if (fstat(mine, &own) < 0)
		return -errno;
	l.mtime = own.st_mtim;
	return looks_apply(mine, &l);
}

static int undo_one(struct run *r, size_t i)
{
	struct step *st = &r->j->steps[i];
	char name[STEP_NAME];
	int x = 0;

	step_name(name, i);
	if (st->verb == STEP_PUT)
		x = undo_put(r, st, name);
	else if (st->verb == STEP_REMOVE)
		x = undo_remove(r, st, name);
	else if (st->verb == STEP_META)
		x = undo_meta(r, st, name);
	else if (st->verb == STEP_DROP)
		x = undo_drop(r, st, name);
	else if (st->verb == STEP_GIVE)
		x = undo_give(r, st);
	else if (st->verb == STEP_RESET && r->j->state >= JOURNAL_PREPARED)
		x = undo_reset(r, st);
	return x < 0 ? x : unstage_one(r, i, name);
}

int run_undo(struct run *r, struct err *e)
{
	int first = 0;

	for (size_t i = r->j->n; i-- > 0;) {
		int x = undo_one(r, i);

		if (x < 0 && first == 0)
			first = run_failed(r, &r->j->steps[i], -x, "take back", e);
	}
	return first;
}
