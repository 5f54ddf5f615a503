/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Staging: each entry is complete, with the owner and mode it will have on the host, before it is
 * put there.  A file of the human's tree is never seen with a foreign owner.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/project.h"
#include "tools/pod-mount/copy.h"
#include "tools/pod-mount/plan_commit.h"
#include "tools/pod-mount/raw.h"
#include "tools/pod-mount/step.h"
#include "tools/pod-mount/whiteout.h"

struct stager {
	struct run *r;
	struct commit_plan *p;
	struct survey *s;
	/* the layer directory that was used last */
	char *layer, *dir;
	uint32_t site;
	int fd;
	uint32_t project; /* the pod's; 0: none */
};

static int failed(const struct stager *g, const struct step *st, int code, struct err *e)
{
	OWN_FREE char *path = path_clean(g->r->sites[st->site].cover, st->path);

	if (code == EBUSY)
		return err_status(e, POD_EXIT_BUSY, ERR_PLAIN,
				  "%s is being written to in the pod: try again, or envpod stop %s",
				  esc(path), g->s->pod.name);
	return err_set(e, code, "stage %s", esc(path));
}

static bool same_word(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* The layer's directory that a moved file is in, opened through the site's mount. */
static int source_dir(struct stager *g, const struct step *st, const char **leaf)
{
	const char *slash = strrchr(st->raw, '/');
	size_t n = slash ? (size_t)(slash - st->raw) : 0;
	OWN_FD int tree = -1;

	*leaf = slash ? slash + 1 : st->raw;
	if (g->fd >= 0 && g->site == st->site && same_word(g->layer, st->layer) &&
	    strlen(g->dir) == n && memcmp(g->dir, st->raw, n) == 0)
		return g->fd;
	own_close(&g->fd);
	free(g->dir);
	free(g->layer);
	g->dir = xfmt("%.*s", (int)n, st->raw);
	g->layer = st->layer ? xstrdup(st->layer) : NULL;
	g->site = st->site;
	tree = site_layer(&g->r->sites[st->site], &g->s->pod, st->layer);
	g->fd = tree < 0 ? tree : open_parent_beneath(tree, st->raw, leaf);
	return g->fd;
}

static void note_others(const struct stager *g, const struct step *st)
{
	OWN_FREE char *path = path_clean(g->r->sites[st->site].cover, st->path);

	strv_fmt(&g->p->notes, "%s: attributes that grant rights were left behind", esc(path));
}

/* Most files carry no xattr but overlayfs' own, and need no new owner or mode. */
static int sanitise(const struct stager *g, int fd, const struct step *st, const struct stat *now)
{
	OWN_XATTRS struct xattrs x = {0};
	int r = xattrs_read(&x, fd, &g->s->ids);

	if (x.others)
		note_others(g, st);
	if (r == 0)
		r = xattrs_apply(&x, fd);
	if (r < 0)
		return r;
	if ((now->st_uid != st->uid || now->st_gid != st->gid) && fchown(fd, st->uid, st->gid) < 0)
		return -errno;
	if (now->st_mode & 07777 & ~(st->mode & 07777) || now->st_mode != st->mode)
		return fchmod(fd, st->mode & 07777) < 0 ? -errno : 0;
	return 0;
}

/* What is committed is the host's, and no longer counts as the pod's (quota.h). */
static void release(const struct stager *g, int fd, int stage)
{
	uint32_t project;
	bool hands_on;

	if (!g->project)
		return;
	if (project_get(stage, &project, &hands_on) < 0 || !hands_on)
		project = 0;
	project_set(fd, project, false);
}

static int stage_move(struct stager *g, struct step *st, const char *name)
{
	const char *leaf;
	int from = source_dir(g, st, &leaf), stage = step_stage(g->r, st);
	OWN_FD int fd = -1;
	struct stat now;
	int r;

	if (from < 0)
		return from;
	if (renameat2(from, leaf, stage, name, RENAME_NOREPLACE) < 0)
		return -errno;
	fd = openat(stage, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &now) < 0)
		return -errno;
	if (!S_ISREG(now.st_mode) || now.st_nlink != 1)
		return -ESTALE;
	if (has_writers(fd))
		return -EBUSY;
	r = sanitise(g, fd, st, &now);
	release(g, fd, stage);
	step_staged(st, &now);
	return r;
}

/* The directory that holds what a copy is made from, and the name in it. */
static int copy_source(const struct stager *g, const struct change *c, struct buf *path,
		       const char **leaf)
{
	if (c->from) {
		buf_clear(path);
		buf_str(path, survey_within(g->s, c->cover, c->from));
		return open_parent_beneath(g->s->trees[c->cover].host, path->data, leaf);
	}
	raw_path(g->s, c, path);
	return open_parent_beneath(survey_layer_fd(g->s, c->cover, c->source), path->data, leaf);
}

static int read_carried(const struct stager *g, struct xattrs *x, const struct change *c, int dirfd,
			const char *leaf)
{
	OWN_FD int fd =
		S_ISREG(c->mode) || S_ISDIR(c->mode)
			? openat(dirfd, leaf, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
			: -1;

	if (fd < 0)
		return S_ISREG(c->mode) || S_ISDIR(c->mode) ? -errno : 0;
	return xattrs_read(x, fd, c->from ? NULL : &g->s->ids);
}

static int stage_copy(struct stager *g, struct step *st, const struct change *c, const char *name)
{
	OWN_BUF struct buf path = BUF_INIT;
	OWN_XATTRS struct xattrs x = {0};
	const char *leaf;
	OWN_FD int from = copy_source(g, c, &path, &leaf);
	struct looks l = {.mode = st->mode, .uid = st->uid, .gid = st->gid};
	struct stat now;
	int r;

	if (from < 0 || fstatat(from, leaf, &now, AT_SYMLINK_NOFOLLOW) < 0)
		return from < 0 ? from : -errno;
	if ((now.st_mode ^ c->mode) & S_IFMT)
		return -EBUSY;
	r = read_carried(g, &x, c, from, leaf);
	if (r < 0)
		return r;
	if (x.others)
		note_others(g, st);
	l.mtime = now.st_mtim;
	if (S_ISREG(c->mode) || S_ISDIR(c->mode))
		l.xattrs = &x;
	r = copy_entry(from, leaf, &now, step_stage(g->r, st), name, &l);
	if (r == 0 && fstatat(step_stage(g->r, st), name, &now, AT_SYMLINK_NOFOLLOW) < 0)
		r = -errno;
	if (r == 0)
		step_staged(st, &now);
	return r;
}

/* What the host has beside its content stays: owner, attributes. */
static int stage_composed(struct stager *g, struct step *st, const struct change *c,
			  const char *name)
{
	OWN_XATTRS struct xattrs x = {0};
	OWN_FD int host = open_beneath(g->r->sites[st->site].host, st->path,
				       O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	OWN_FD int fd = openat(step_stage(g->r, st), name,
			       O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	struct looks l = {.mode = st->mode, .uid = st->uid, .gid = st->gid, .xattrs = &x};
	struct stat now;
	int r;

	if (host < 0 || fd < 0)
		return host < 0 ? host : -errno;
	r = xattrs_read(&x, host, NULL);
	if (r == 0)
		r = write_full(fd, c->composed->data ? c->composed->data : "", c->composed->len);
	clock_gettime(CLOCK_REALTIME, &l.mtime);
	if (r == 0)
		r = looks_apply(fd, &l);
	if (r == 0 && fstat(fd, &now) < 0)
		r = -errno;
	if (r == 0)
		step_staged(st, &now);
	return r;
}

/*
 * A new directory hides nothing; once parts of it are on the host it must let them show.  Taking
 * the mark off the lowest layer's changes nothing for the pod; the others must not carry one.
 */
static int open_up(const struct stager *g, const struct change *c)
{
	OWN_BUF struct buf raw = BUF_INIT;
	OWN_FD int lowest = -1;
	unsigned found = 0;
	int r;

	raw_path(g->s, c, &raw);
	for (unsigned i = g->s->nlayers; i-- > c->source;) {
		int tree = survey_layer_fd(g->s, c->cover, i);
		OWN_FD int fd = tree < 0 ? -ENOENT
					 : open_beneath(tree, raw.data, O_RDONLY | O_DIRECTORY, 0);

		if (fd < 0 && fd != -ENOENT && fd != -ENOTDIR && fd != -ELOOP)
			return fd;
		if (fd >= 0 && found++ == 0)
			lowest = take_fd(&fd);
	}
	if (lowest < 0 || found != c->copies || !c->fresh)
		return 0;
	/* What it was before it was moved here it no longer is; without any mark it is just new. */
	r = origin_clear(lowest);
	return r < 0 ? r : opaque_clear(lowest);
}

/* A change set's directory has no layer to read attributes from later: an empty one has them. */
static int stage_attributes(struct stager *g, struct step *st, size_t i, const struct change *c)
{
	OWN_BUF struct buf path = BUF_INIT;
	OWN_XATTRS struct xattrs x = {0};
	char name[STEP_NAME];
	const char *leaf;
	OWN_FD int from = copy_source(g, c, &path, &leaf);
	struct looks l = {.mode = 0700, .uid = geteuid(), .gid = getegid(), .xattrs = &x};
	struct stat now;
	int r;

	if (from < 0 || fstatat(from, leaf, &now, AT_SYMLINK_NOFOLLOW) < 0)
		return from < 0 ? from : -errno;
	r = read_carried(g, &x, c, from, leaf);
	if (r == 0 && x.others)
		note_others(g, st);
	step_attributes(name, i);
	if (r == 0)
		r = copy_entry(from, leaf, &now, g->r->kept, name, &l);
	return r == 0 && fsync(g->r->kept) < 0 ? -errno : r;
}

static int stage_meta(struct stager *g, struct step *st, size_t i, const struct change *c)
{
	char name[STEP_NAME];
	int r;

	step_name(name, i);
	r = run_keep_looks(g->r, st, name);
	return r == 0 && g->s->foreign && c->what & WHAT_XATTR ? stage_attributes(g, st, i, c) : r;
}

static int stage_one(struct stager *g, size_t i, const struct change *c)
{
	struct step *st = &g->r->j->steps[i];
	char name[STEP_NAME];
	int r = 0;

	step_name(name, i);
	if (st->verb == STEP_META)
		return stage_meta(g, st, i, c);
	if (st->verb != STEP_PUT)
		return 0;
	if (S_ISDIR(c->mode) && c->plain && !survey_is_fixed(g->s) && c->source != SOURCE_NONE)
		r = open_up(g, c);
	if (r < 0)
		return r;
	if (c->composed)
		return stage_composed(g, st, c, name);
	return st->from_layer ? stage_move(g, st, name) : stage_copy(g, st, c, name);
}

int commit_stage(struct run *r, struct commit_plan *p, struct survey *s, struct err *e)
{
	struct stager g = {.r = r, .p = p, .s = s, .fd = -1, .project = project_find(&s->pod)};
	int x = 0;

	for (size_t i = 0; i < r->j->n && x == 0; i++) {
		x = stage_one(&g, i, &s->changes.v[p->change[i]]);
		if (x < 0)
			x = failed(&g, &r->j->steps[i], -x, e);
	}
	own_close(&g.fd);
	free(g.dir);
	free(g.layer);
	return x;
}
