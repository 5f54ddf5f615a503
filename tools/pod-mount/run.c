/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/run.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/clock.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-mount/copy.h"
#include "tools/pod-mount/quota.h"
#include "tools/pod-mount/step.h"

void step_name(char out[STEP_NAME], size_t i)
{
	snprintf(out, STEP_NAME, "%zu", i);
}

void step_attributes(char out[STEP_NAME], size_t i)
{
	snprintf(out, STEP_NAME, "a%zu", i);
}

int step_stage(const struct run *r, const struct step *st)
{
	return st->verb == STEP_DROP ? r->kept : r->sites[st->site].stage;
}

/* What is taken from another record, and the layers that are made of it. */
static int open_record(struct run *r, struct err *e)
{
	OWN_FREE char *path = xfmt("undo/%s/new", r->j->undoes);

	if (*r->j->undoes)
		r->taken = open_beneath(r->pod->dir, path, O_RDONLY | O_DIRECTORY, 0);
	if (*r->j->undoes && r->taken < 0)
		return err_set(e, -r->taken, "open %s/%s", r->pod->path, path);
	if (r->j->layers.n == 0)
		return 0;
	if (mkdirat(r->j->dir, "layers", 0700) < 0 && errno != EEXIST)
		return err_set(e, errno, "make %s/undo/%s/layers", r->pod->path, r->j->id);
	r->given = open_beneath(r->j->dir, "layers", O_RDONLY | O_DIRECTORY, 0);
	return r->given < 0 ? err_set(e, -r->given, "open undo/%s/layers", r->j->id) : 0;
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
	x = open_record(r, e);
	if (x < 0)
		return x;
	for (size_t i = 0; i < j->sites.n; i++) {
		x = site_open(&r->sites[i], j->sites.v[i], p, e);
		if (!journal_on_host(j)) {
			/* The host's side is only looked at, and may be gone. */
			if (x < 0 && e->code != ENOENT && e->code != ENOTDIR &&
			    e->status != POD_EXIT_REFUSED)
				return x;
			*e = x < 0 ? (struct err){0} : *e;
			continue;
		}
		if (x == 0)
			x = site_stage(&r->sites[i], p, j->id, true, e);
		if (x == 0 && *j->undoes)
			x = site_take(&r->sites[i], j->undoes, e);
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
	own_close(&r->taken);
	own_close(&r->given);
	strv_finish(&r->stays);
	*r = (struct run)RUN_INIT;
}

/* --- finding the ends of a step --- */

const char *step_leaf(const struct step *st)
{
	const char *slash = strrchr(st->path, '/');

	return slash ? slash + 1 : st->path;
}

/* The host directory of a step, kept open for the next step that is in it. */
int run_parent(struct run *r, const struct step *st)
{
	size_t n = (size_t)(step_leaf(st) - st->path);
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

void step_staged(struct step *st, const struct stat *now)
{
	st->staged = now->st_ino;
	st->staged_mtime_ns = clock_ns(&now->st_mtim);
	st->staged_size = (uint64_t)now->st_size;
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

int run_failed(const struct run *r, const struct step *st, int code, const char *what,
	       struct err *e)
{
	OWN_FREE char *path = full_path(r, st);

	return err_set(e, code, "%s %s", what, esc(path));
}

/* After it was moved aside, which changes its ctime. */
bool entry_was(const struct stat *st, const struct ident *old)
{
	return st->st_ino == old->ino &&
	       (S_ISDIR(st->st_mode) ||
		(clock_ns(&st->st_mtim) == old->mtime_ns && (uint64_t)st->st_size == old->size));
}

/*
 * Before it is touched: the very entry the plan saw.  A directory's times follow its entries, and
 * an inode with several names gets a new ctime whenever we move another one of them.
 */
static bool is_same(const struct stat *st, const struct ident *old)
{
	if (!entry_was(st, old))
		return false;
	return S_ISDIR(st->st_mode) || st->st_nlink > 1 || clock_ns(&st->st_ctim) == old->ctime_ns;
}

int entry_find(int dirfd, const char *name, struct stat *st)
{
	if (fstatat(dirfd, name, st, AT_SYMLINK_NOFOLLOW) == 0)
		return 1;
	return errno == ENOENT ? 0 : -errno;
}

bool entry_look(int dirfd, const char *name, struct stat *st)
{
	return fstatat(dirfd, name, st, AT_SYMLINK_NOFOLLOW) == 0;
}

int entry_empty(int dirfd, const char *name)
{
	OWN_FD int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	OWN_DIR DIR *d = fd < 0 ? NULL : fdopendir(take_fd(&fd));
	struct dirent *ent;

	if (!d)
		return -errno;
	errno = 0;
	while ((ent = readdir(d)))
		if (strcmp(ent->d_name, ".") != 0 && strcmp(ent->d_name, "..") != 0)
			return 0;
	return errno ? -errno : 1;
}

bool entry_is_empty(int dirfd, const char *name)
{
	return entry_empty(dirfd, name) == 1;
}

/* --- forward --- */

static int exchange(struct run *r, const struct step *st, int parent, const char *name,
		    struct err *e)
{
	int stage = step_stage(r, st), there;
	struct stat now;

	if (renameat2(stage, name, parent, step_leaf(st), RENAME_EXCHANGE) < 0)
		return errno == ENOENT ? conflict(r, st, "vanished", e)
				       : run_failed(r, st, errno, "replace", e);
	there = entry_find(stage, name, &now);
	if (there < 0) /* whoever takes it back moves it home */
		return run_failed(r, st, -there, "look at", e);
	if (there && entry_was(&now, &st->old) &&
	    (!S_ISDIR(now.st_mode) || entry_is_empty(stage, name)))
		return 0;
	/* Somebody was faster than the check: give back what is theirs. */
	if (renameat2(stage, name, parent, step_leaf(st), RENAME_EXCHANGE) < 0)
		return run_failed(r, st, errno, "give back", e);
	return conflict(r, st, "changed", e);
}

static int put(struct run *r, const struct step *st, const char *name, struct err *e)
{
	int parent = run_parent(r, st), stage = step_stage(r, st);
	struct stat now;
	int there;

	if (parent < 0)
		return run_failed(r, st, -parent, "open the directory of", e);
	there = entry_find(parent, step_leaf(st), &now);
	if (there < 0)
		return run_failed(r, st, -there, "look at", e);
	if (there && now.st_ino == st->staged)
		return 0;
	if (st->old.ino == 0) {
		if (renameat2(stage, name, parent, step_leaf(st), RENAME_NOREPLACE) == 0)
			return 0;
		return errno == EEXIST ? conflict(r, st, "appeared", e)
				       : run_failed(r, st, errno, "create", e);
	}
	if (!there)
		return conflict(r, st, "vanished", e);
	if (!is_same(&now, &st->old))
		return conflict(r, st, "changed", e);
	if (S_ISDIR(now.st_mode) && !entry_is_empty(parent, step_leaf(st)))
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
	int parent = run_parent(r, st), stage = step_stage(r, st);
	struct stat now;
	int there = entry_find(stage, name, &now), empty;

	if (there == 0)
		there = entry_find(r->kept, name, &now);
	if (there == 1)
		return 0;
	if (parent < 0)
		return run_failed(r, st, -parent, "open the directory of", e);
	if (there == 0)
		there = entry_find(parent, step_leaf(st), &now);
	if (there < 0)
		return run_failed(r, st, -there, "look at", e);
	if (there == 0)
		return conflict(r, st, "vanished", e);
	if (!is_same(&now, &st->old))
		return conflict(r, st, "changed", e);
	empty = S_ISDIR(now.st_mode) ? entry_empty(parent, step_leaf(st)) : 1;
	if (empty < 0)
		return run_failed(r, st, -empty, "look into", e);
	if (empty == 0) {
		stays(r, st);
		return 0;
	}
	if (renameat2(parent, step_leaf(st), stage, name, RENAME_NOREPLACE) < 0) {
		if (errno != EBUSY)
			return run_failed(r, st, errno, "remove", e);
		stays(r, st);
		return 0;
	}
	there = entry_find(stage, name, &now);
	empty = there == 1 && S_ISDIR(now.st_mode) ? entry_empty(stage, name) : 1;
	if (there < 0 || empty < 0) /* whoever takes it back moves it home */
		return run_failed(r, st, there < 0 ? -there : -empty, "look at", e);
	if (there && entry_was(&now, &st->old) && empty)
		return 0;
	if (renameat2(stage, name, parent, step_leaf(st), RENAME_NOREPLACE) < 0)
		return run_failed(r, st, errno, "give back", e);
	if (S_ISDIR(now.st_mode) && entry_was(&now, &st->old)) {
		stays(r, st);
		return 0;
	}
	return conflict(r, st, "changed", e);
}

int run_open_dir(const struct run *r, const struct step *st)
{
	return open_beneath(r->sites[st->site].host, st->path, O_RDONLY | O_DIRECTORY, 0);
}

int run_raw(const struct run *r, const struct step *st, int flags)
{
	OWN_FD int tree = site_layer(&r->sites[st->site], r->pod, st->layer);

	return tree < 0 ? tree : open_beneath(tree, st->raw, flags, 0);
}

int run_change_meta(const struct run *run, const struct step *st, int from, const struct looks *l,
		    const struct id_map *ids)
{
	OWN_FD int fd = run_open_dir(run, st);
	OWN_XATTRS struct xattrs x = {0};
	struct looks looks = *l;
	struct stat now;
	int r;

	if (fd < 0 || fstat(fd, &now) < 0)
		return fd < 0 ? fd : -errno;
	if (now.st_ino != st->old.ino)
		return -ESTALE;
	looks.mtime = now.st_mtim;
	r = from < 0 ? 0 : xattrs_read(&x, from, ids);
	if (r == 0 && from >= 0)
		r = xattrs_replace(&x, fd);
	return r < 0 ? r : looks_apply(fd, &looks);
}

/* The directory whose attributes it gets: a layer's, one kept in a record, or, of a change set, one
 * that was staged; -ENOENT: it has none to give. */
static int meta_source(const struct run *r, size_t i)
{
	const struct step *st = &r->j->steps[i];
	char name[STEP_NAME];
	int fd;

	if (st->from_layer && !st->taken)
		return run_raw(r, st, O_RDONLY | O_DIRECTORY);
	if (st->taken)
		step_name(name, st->take);
	else
		step_attributes(name, i);
	fd = openat(st->taken ? r->taken : r->kept, name,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int meta(struct run *r, size_t i, struct err *e)
{
	const struct step *st = &r->j->steps[i];
	const struct looks l = {.mode = st->mode, .uid = st->uid, .gid = st->gid};
	bool in_layer = st->from_layer && !st->taken;
	OWN_FD int from = meta_source(r, i);
	bool looks_only = from == -ENOENT && !in_layer && !st->taken;
	int x = from < 0 && !looks_only ? from
					: run_change_meta(r, st, looks_only ? -1 : from, &l,
							  in_layer ? &r->ids : NULL);

	if (x == -ESTALE)
		return conflict(r, st, "changed", e);
	return x < 0 ? run_failed(r, st, -x, "change the mode or owner of", e) : 0;
}

int run_raw_parent(const struct run *r, const struct step *st, const char **leaf)
{
	OWN_FREE char *cover = pod_cover_name(r->sites[st->site].cover);
	OWN_FD int tree = layer_cover(r->pod, st->layer, cover);

	return tree < 0 ? tree : open_parent_beneath(tree, st->raw, leaf);
}

static int drop(struct run *r, const struct step *st, const char *name, struct err *e)
{
	const char *leaf;
	OWN_FD int parent = run_raw_parent(r, st, &leaf);

	if (parent >= 0 && renameat2(parent, leaf, r->kept, name, RENAME_NOREPLACE) == 0) {
		quota_release(r->pod, r->kept, name);
		return 0;
	}
	if (parent == -ENOENT || (parent >= 0 && (errno == ENOENT || errno == EEXIST)))
		return 0;
	return run_failed(r, st, parent < 0 ? -parent : errno, "drop", e);
}

/* From the host as it is now, so that doing it twice does no harm. */
static int reset(struct run *r, const struct step *st, struct err *e)
{
	OWN_XATTRS struct xattrs x = {0};
	OWN_FD int host = run_open_dir(r, st);
	OWN_FD int mine = run_raw(r, st, O_RDONLY | O_DIRECTORY);
	struct looks l;
	struct stat now, own;
	int y;

	if (is_absent(host) || is_absent(mine))
		return 0; /* there is nothing to make the same */
	if (host < 0 || mine < 0)
		return run_failed(r, st, host < 0 ? -host : -mine, "look at", e);
	if (fstat(host, &now) < 0 || fstat(mine, &own) < 0)
		return run_failed(r, st, errno, "look at", e);
	y = xattrs_read_for_layer(&x, host, &r->ids);
	if (y == 0)
		y = xattrs_replace(&x, mine);
	l = (struct looks){now.st_mode, uid_stored(&r->ids, now.st_uid),
			   gid_stored(&r->ids, now.st_gid), own.st_mtim, NULL};
	if (y == 0)
		y = looks_apply(mine, &l);
	return y < 0 ? run_failed(r, st, -y, "restore the mode of", e) : 0;
}

int run_given(const struct run *r, const struct step *st, const char **leaf)
{
	OWN_FREE char *cover = pod_cover_name(r->sites[st->site].cover);
	OWN_FREE char *path = xfmt("%s/tree/%s", st->layer, cover);
	OWN_FD int tree = open_beneath(r->given, path, O_RDONLY | O_DIRECTORY, 0);

	return tree < 0 ? tree : open_parent_beneath(tree, st->raw, leaf);
}

/* Once the layer has left undo/ID it is complete. */
static int give(struct run *r, const struct step *st, struct err *e)
{
	char name[STEP_NAME];
	const char *leaf;
	OWN_FD int parent = run_given(r, st, &leaf);

	step_name(name, st->take);
	if (!st->taken)
		return 0; /* a directory's looks: the layer was made with them */
	if (parent >= 0 && renameat2(r->taken, name, parent, leaf, RENAME_NOREPLACE) == 0)
		return 0;
	if (parent == -ENOENT || (parent >= 0 && errno == ENOENT))
		return 0;
	return run_failed(r, st, parent < 0 ? -parent : errno, "bring back", e);
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
		return meta(r, i, e);
	case STEP_DROP:
		return drop(r, st, name, e);
	case STEP_RESET:
		return reset(r, st, e);
	case STEP_GIVE:
		return give(r, st, e);
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
