/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/run.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-mount/copy.h"

/* Fewer files are synced one by one: syncfs waits for everybody's dirty data. */
#define SYNC_ONE_BY_ONE 20

void step_name(char out[STEP_NAME], size_t i)
{
	snprintf(out, STEP_NAME, "%zu", i);
}

int step_stage(const struct run *r, const struct step *st)
{
	return st->verb == STEP_DROP ? r->kept : r->sites[st->site].stage;
}

int run_open(struct run *r, const struct pod *p, struct journal *j, const struct id_map *ids,
	     struct err *e)
{
	int x;

	r->pod = p;
	r->ids = *ids;
	r->j = j;
	r->sites = xcalloc(j->sites.n + 1, sizeof(*r->sites));
	for (size_t i = 0; i < j->sites.n; i++)
		r->sites[i] = (struct site)SITE_INIT;
	r->kept = open_beneath(j->dir, "new", O_RDONLY | O_DIRECTORY, 0);
	if (r->kept < 0)
		return err_set(e, -r->kept, "open %s/undo/%s/new", p->path, j->id);
	for (size_t i = 0; i < j->sites.n; i++) {
		x = site_open(&r->sites[i], j->sites.v[i], p, e);
		if (strcmp(j->verb, "commit") != 0) {
			/* The host's side is only looked at, and may be gone. */
			*e = x < 0 ? (struct err){0} : *e;
			continue;
		}
		if (x == 0)
			x = site_stage(&r->sites[i], p, j->id, true, e);
		if (x < 0)
			return x;
	}
	return 0;
}

void run_finish(struct run *r)
{
	for (size_t i = 0; r->sites && i < r->j->sites.n; i++)
		site_finish(&r->sites[i]);
	free(r->sites);
	free(r->at_dir);
	own_close(&r->at_fd);
	own_close(&r->kept);
	strv_finish(&r->stays);
	*r = (struct run)RUN_INIT;
}

/* --- finding the ends of a step --- */

static const char *leaf_of(const struct step *st)
{
	const char *slash = strrchr(st->path, '/');

	return slash ? slash + 1 : st->path;
}

/* The host directory of a step, kept open for the next step that is in it. */
static int parent_of(struct run *r, const struct step *st)
{
	size_t n = (size_t)(leaf_of(st) - st->path);
	const char *leaf;

	if (r->at_fd >= 0 && r->at_site == st->site && strlen(r->at_dir) == n &&
	    memcmp(r->at_dir, st->path, n) == 0)
		return r->at_fd;
	own_close(&r->at_fd);
	free(r->at_dir);
	r->at_dir = xfmt("%.*s", (int)n, st->path);
	r->at_site = st->site;
	r->at_fd = open_parent_beneath(r->sites[st->site].host, st->path, &leaf);
	return r->at_fd;
}

static char *full_path(const struct run *r, const struct step *st)
{
	return path_clean(r->sites[st->site].cover, st->path);
}

static int conflict(const struct run *r, const struct step *st, const char *what, struct err *e)
{
	OWN_FREE char *path = full_path(r, st);

	return err_status(e, POD_EXIT_REFUSED, ERR_PLAIN, "%s %s on the host meanwhile", esc(path),
			  what);
}

static int failed(const struct run *r, const struct step *st, int code, const char *what,
		  struct err *e)
{
	OWN_FREE char *path = full_path(r, st);

	return err_set(e, code, "%s %s", what, esc(path));
}

static uint64_t time_ns(const struct timespec *t)
{
	return (uint64_t)t->tv_sec * 1000000000u + (uint64_t)t->tv_nsec;
}

/* After it was moved aside, which changes its ctime. */
static bool was_same(const struct stat *st, const struct ident *old)
{
	return st->st_ino == old->ino &&
	       (S_ISDIR(st->st_mode) ||
		(time_ns(&st->st_mtim) == old->mtime_ns && (uint64_t)st->st_size == old->size));
}

/*
 * Before it is touched: the very entry the plan saw.  A directory's times follow its entries, and
 * an inode with several names gets a new ctime whenever we move another one of them.
 */
static bool is_same(const struct stat *st, const struct ident *old)
{
	if (!was_same(st, old))
		return false;
	return S_ISDIR(st->st_mode) || st->st_nlink > 1 || time_ns(&st->st_ctim) == old->ctime_ns;
}

static bool look(int dirfd, const char *name, struct stat *st)
{
	return fstatat(dirfd, name, st, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool is_empty_dir(int dirfd, const char *name)
{
	OWN_FD int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	OWN_DIR DIR *d = fd < 0 ? NULL : fdopendir(take_fd(&fd));
	struct dirent *ent;

	while (d && (ent = readdir(d)))
		if (strcmp(ent->d_name, ".") != 0 && strcmp(ent->d_name, "..") != 0)
			return false;
	return d != NULL;
}

/* --- forward --- */

static int exchange(struct run *r, const struct step *st, int parent, const char *name,
		    struct err *e)
{
	int stage = step_stage(r, st);
	struct stat now;

	if (renameat2(stage, name, parent, leaf_of(st), RENAME_EXCHANGE) < 0)
		return errno == ENOENT ? conflict(r, st, "vanished", e)
				       : failed(r, st, errno, "replace", e);
	if (look(stage, name, &now) && was_same(&now, &st->old) &&
	    (!S_ISDIR(now.st_mode) || is_empty_dir(stage, name)))
		return 0;
	/* Somebody was faster than the check: give back what is theirs. */
	if (renameat2(stage, name, parent, leaf_of(st), RENAME_EXCHANGE) < 0)
		return failed(r, st, errno, "give back", e);
	return conflict(r, st, "changed", e);
}

static int put(struct run *r, const struct step *st, const char *name, struct err *e)
{
	int parent = parent_of(r, st), stage = step_stage(r, st);
	struct stat now;
	bool there;

	if (parent < 0)
		return failed(r, st, -parent, "open the directory of", e);
	there = look(parent, leaf_of(st), &now);
	if (there && now.st_ino == st->staged)
		return 0;
	if (st->old.ino == 0) {
		if (renameat2(stage, name, parent, leaf_of(st), RENAME_NOREPLACE) == 0)
			return 0;
		return errno == EEXIST ? conflict(r, st, "appeared", e)
				       : failed(r, st, errno, "create", e);
	}
	if (!there)
		return conflict(r, st, "vanished", e);
	if (!is_same(&now, &st->old))
		return conflict(r, st, "changed", e);
	if (S_ISDIR(now.st_mode) && !is_empty_dir(parent, leaf_of(st)))
		return conflict(r, st, "holds entries the pod did not see", e);
	return exchange(r, st, parent, name, e);
}

static void stays(struct run *r, const struct step *st)
{
	OWN_FREE char *path = full_path(r, st);

	strv_add(&r->stays, path);
}

/* A directory that is not empty, or on which something is mounted, is not ours to remove. */
static int remove_one(struct run *r, const struct step *st, const char *name, struct err *e)
{
	int parent = parent_of(r, st), stage = step_stage(r, st);
	struct stat now;

	if (look(stage, name, &now) || look(r->kept, name, &now))
		return 0;
	if (parent < 0)
		return failed(r, st, -parent, "open the directory of", e);
	if (!look(parent, leaf_of(st), &now))
		return conflict(r, st, "vanished", e);
	if (!is_same(&now, &st->old))
		return conflict(r, st, "changed", e);
	if (S_ISDIR(now.st_mode) && !is_empty_dir(parent, leaf_of(st))) {
		stays(r, st);
		return 0;
	}
	if (renameat2(parent, leaf_of(st), stage, name, RENAME_NOREPLACE) < 0) {
		if (errno != EBUSY)
			return failed(r, st, errno, "remove", e);
		stays(r, st);
		return 0;
	}
	if (look(stage, name, &now) && was_same(&now, &st->old) &&
	    (!S_ISDIR(now.st_mode) || is_empty_dir(stage, name)))
		return 0;
	if (renameat2(stage, name, parent, leaf_of(st), RENAME_NOREPLACE) < 0)
		return failed(r, st, errno, "give back", e);
	if (S_ISDIR(now.st_mode) && was_same(&now, &st->old)) {
		stays(r, st);
		return 0;
	}
	return conflict(r, st, "changed", e);
}

/* The directory of a meta step, on the host. */
static int open_meta(const struct run *r, const struct step *st)
{
	return open_beneath(r->sites[st->site].host, st->path, O_RDONLY | O_DIRECTORY, 0);
}

static int open_raw(const struct run *r, const struct step *st, int flags)
{
	OWN_FD int tree = site_layer(&r->sites[st->site], r->pod, st->layer);

	return tree < 0 ? tree : open_beneath(tree, st->raw, flags, 0);
}

static int change_meta(const struct run *run, const struct step *st, int from,
		       const struct looks *l, const struct id_map *ids)
{
	OWN_FD int fd = open_meta(run, st);
	OWN_XATTRS struct xattrs x = {0};
	struct looks looks = *l;
	struct stat now;
	int r;

	if (fd < 0 || fstat(fd, &now) < 0)
		return fd < 0 ? fd : -errno;
	if (now.st_ino != st->old.ino)
		return -ESTALE;
	looks.mtime = now.st_mtim;
	r = xattrs_read(&x, from, ids);
	if (r == 0)
		r = xattrs_replace(&x, fd);
	return r < 0 ? r : looks_apply(fd, &looks);
}

static int meta(struct run *r, const struct step *st, struct err *e)
{
	const struct looks l = {.mode = st->mode, .uid = st->uid, .gid = st->gid};
	OWN_FD int from = open_raw(r, st, O_RDONLY | O_DIRECTORY);
	int x = from < 0 ? from : change_meta(r, st, from, &l, &r->ids);

	if (x == -ESTALE)
		return conflict(r, st, "changed", e);
	return x < 0 ? failed(r, st, -x, "change the mode or owner of", e) : 0;
}

static int open_raw_parent(const struct run *r, const struct step *st, const char **leaf)
{
	OWN_FREE char *cover = pod_cover_name(r->sites[st->site].cover);
	OWN_FD int tree = layer_cover(r->pod, st->layer, cover);

	return tree < 0 ? tree : open_parent_beneath(tree, st->raw, leaf);
}

static int drop(struct run *r, const struct step *st, const char *name, struct err *e)
{
	const char *leaf;
	OWN_FD int parent = open_raw_parent(r, st, &leaf);

	if (parent >= 0 && renameat2(parent, leaf, r->kept, name, RENAME_NOREPLACE) == 0)
		return 0;
	if (parent == -ENOENT || (parent >= 0 && (errno == ENOENT || errno == EEXIST)))
		return 0;
	return failed(r, st, parent < 0 ? -parent : errno, "drop", e);
}

static int apply_one(struct run *r, size_t i, struct err *e)
{
	const struct step *st = &r->j->steps[i];
	char name[STEP_NAME];

	step_name(name, i);
	switch (st->verb) {
	case STEP_PUT:
		return put(r, st, name, e);
	case STEP_REMOVE:
		return remove_one(r, st, name, e);
	case STEP_META:
		return meta(r, st, e);
	case STEP_DROP:
		return drop(r, st, name, e);
	default:
		return 0;
	}
}

int run_apply(struct run *r, struct err *e)
{
	int x = 0;

	for (size_t i = 0; i < r->j->n && x == 0; i++)
		x = apply_one(r, i, e);
	return x;
}

/* --- back --- */

static int undo_put(struct run *r, const struct step *st, const char *name)
{
	int parent = parent_of(r, st), stage = step_stage(r, st);
	unsigned how = st->old.ino ? RENAME_EXCHANGE : RENAME_NOREPLACE;
	struct stat now;

	if (!st->staged || parent < 0 || !look(parent, leaf_of(st), &now) ||
	    now.st_ino != st->staged)
		return 0; /* never put there, or somebody else's by now */
	if (st->old.ino == 0 && S_ISDIR(now.st_mode) && !is_empty_dir(parent, leaf_of(st)))
		return -ENOTEMPTY;
	return renameat2(parent, leaf_of(st), stage, name, how) < 0 ? -errno : 0;
}

static int undo_remove(struct run *r, const struct step *st, const char *name)
{
	int parent = parent_of(r, st);
	struct stat now;

	if (!look(step_stage(r, st), name, &now))
		return 0;
	if (parent < 0)
		return parent;
	return renameat2(step_stage(r, st), name, parent, leaf_of(st), RENAME_NOREPLACE) < 0
		       ? -errno
		       : 0;
}

static int undo_meta(struct run *r, const struct step *st, const char *name)
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
	x = change_meta(r, st, from, &l, NULL);
	return x == -ESTALE ? 0 : x;
}

static int undo_drop(struct run *r, const struct step *st, const char *name)
{
	const char *leaf;
	OWN_FD int parent = open_raw_parent(r, st, &leaf);

	if (parent < 0)
		return parent;
	return renameat2(r->kept, name, parent, leaf, RENAME_NOREPLACE) < 0 && errno != ENOENT
		       ? -errno
		       : 0;
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
	return renameat2(step_stage(r, st), name, parent, leaf, RENAME_NOREPLACE) < 0 ? -errno : 0;
}

/* What was made for this step alone goes; a pre-image that could not go home stays. */
static int unstage_one(struct run *r, const struct step *st, const char *name)
{
	int stage = step_stage(r, st);
	struct stat now;

	if (st->verb == STEP_DROP || st->verb == STEP_REMOVE || !look(stage, name, &now))
		return 0;
	if (st->verb == STEP_PUT && st->staged && now.st_ino != st->staged)
		return -EEXIST;
	if (st->verb == STEP_PUT && st->from_layer)
		return give_back(r, st, name);
	return unlinkat(stage, name, S_ISDIR(now.st_mode) ? AT_REMOVEDIR : 0) < 0 ? -errno : 0;
}

static int undo_one(struct run *r, size_t i)
{
	const struct step *st = &r->j->steps[i];
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
	return x < 0 ? x : unstage_one(r, st, name);
}

int run_undo(struct run *r, struct err *e)
{
	int first = 0;

	for (size_t i = r->j->n; i-- > 0;) {
		int x = undo_one(r, i);

		if (x < 0 && first == 0)
			first = failed(r, &r->j->steps[i], -x, "take back", e);
	}
	return first;
}

/* --- durability --- */

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
			return failed(r, &r->j->steps[i], -x, "sync", e);
	}
	for (size_t i = 0; i < r->j->sites.n; i++)
		if (r->sites[i].stage >= 0 && fsync(r->sites[i].stage) < 0)
			return err_set(e, errno, "sync %s", esc(r->sites[i].top));
	return 0;
}

int run_sync(struct run *r, struct err *e)
{
	if (r->j->n >= SYNC_ONE_BY_ONE)
		return sync_sites(r, e);
	for (size_t i = 0; i < r->j->n; i++) {
		const struct step *st = &r->j->steps[i];
		int parent = st->verb == STEP_DROP ? -1 : parent_of(r, st);
		OWN_FD int fd = parent < 0 ? -1 : open_beneath(parent, "", O_RDONLY, 0);

		if (fd >= 0 && fsync(fd) < 0)
			return failed(r, st, errno, "sync the directory of", e);
	}
	return fsync(r->kept) < 0 ? err_set(e, errno, "sync undo/%s", r->j->id) : 0;
}

/* --- pre-images on other filesystems --- */

static int keep_one(struct run *r, const struct step *st, const char *name)
{
	int stage = step_stage(r, st);
	OWN_FREE char *temp = xfmt("%s.part", name);
	OWN_FD int fd = -1;
	OWN_XATTRS struct xattrs x = {0};
	struct looks l;
	struct stat now;
	int y;

	if (!look(stage, name, &now))
		return 0;
	fd = openat(stage, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0)
		xattrs_read(&x, fd, NULL);
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

		if (st->verb == STEP_DROP || r->sites[st->site].near)
			continue;
		step_name(name, i);
		x = keep_one(r, st, name);
		if (x < 0)
			return failed(r, st, -x, "keep what was replaced at", e);
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

void run_forget(struct run *r)
{
	OWN_FD int undo = open_beneath(r->pod->dir, "undo", O_RDONLY | O_DIRECTORY, 0);

	if (unlinkat(r->j->dir, "new", AT_REMOVEDIR) == 0 && undo >= 0)
		remove_tree_at(undo, r->j->id);
}
