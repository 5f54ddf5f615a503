/* SPDX-License-Identifier: Apache-2.0 */
/* Writing the mask as directories that overlayfs can stack. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-mount/maskmake.h"
#include "tools/pod-mount/mirror.h"
#include "tools/pod-mount/trust.h"
#include "tools/pod-mount/whiteout.h"

#define NEW "mask.new"

struct writer {
	struct mask *m;
	const struct covers *covers;
	const struct pod *pod;
	const struct mask_ask *ask;
	int top;           /* mask.new */
	struct strv dirs;  /* "COVER/a/b": made here, parents first */
	struct strv hosts; /* the host's directory of each */
	char *whiteout;    /* "COVER/a/b": the one that the others are links of */
	char *ready;       /* "COVER/a/b": stands, and what leads to it */
	char *parent;      /* a directory of the host that was asked for last, */
	bool has_parent;   /* and whether it is one */
};

static int failed(const struct writer *w, int code, const char *what, const char *path,
		  struct err *e)
{
	return err_set(e, code, "%s %s/" NEW "/%s", what, w->pod->path, esc(path));
}

/* The host's directory of the same path, or none (-1). */
static int open_host(const char *path)
{
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

/* Make "COVER/a/b" look like the host's directory, or like pod root's where there is none. */
static int mirror_host(const struct writer *w, const char *path, const char *host, struct err *e)
{
	OWN_FD int to = open_beneath(w->top, path, O_RDONLY | O_DIRECTORY, 0);
	OWN_FD int from = open_host(host);
	int r = to < 0 ? to : mirror_dir(from, to, NULL);

	/* The mount maps ids, as it does the host's. */
	if (r == 0 && from < 0 && strcmp(host, MASK_AGENT_HOME) == 0 &&
	    fchown(to, MASK_AGENT_ID, MASK_AGENT_ID) < 0)
		r = -errno;
	return r < 0 ? failed(w, -r, "mirror the host in", path, e) : 0;
}

/* A whiteout in the way of something below it becomes an empty directory. */
static int open_up(const struct writer *w, const char *path, struct err *e)
{
	OWN_FD int fd = -1;
	int r;

	if (unlinkat(w->top, path, 0) < 0 || mkdirat(w->top, path, 0700) < 0)
		return failed(w, errno, "open up", path, e);
	fd = open_beneath(w->top, path, O_RDONLY | O_DIRECTORY, 0);
	r = fd < 0 ? fd : opaque_set(fd);
	return r < 0 ? failed(w, -r, "empty", path, e) : 0;
}

static int make_dir(struct writer *w, const char *path, const char *host, struct err *e)
{
	struct stat st;
	int r;

	/* Entries come in order: most have their directory from the one before. */
	if (w->ready && path_below(w->ready, path))
		return 0;
	free(w->ready);
	w->ready = xstrdup(path);
	if (fstatat(w->top, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode))
		return 0;
	if (mkdirat(w->top, path, 0700) < 0) {
		r = errno == EEXIST ? open_up(w, path, e) : failed(w, errno, "make", path, e);
		if (r < 0)
			return r;
	}
	strv_add(&w->dirs, path);
	strv_add(&w->hosts, host);
	return mirror_host(w, path, host, e);
}

/* Every directory from the cover down to the one that holds the entry. */
static int make_parents(struct writer *w, const struct cover *c, const char *rel, struct err *e)
{
	OWN_FREE char *path = xfmt("%s/%s", c->name, rel);
	const char *front = strcmp(c->path, "/") == 0 ? "" : c->path;
	size_t skip = strlen(c->name);
	int r = 0;

	for (char *p = path; r == 0 && (p = strchr(p, '/')); p++) {
		OWN_FREE char *host = NULL;

		*p = '\0';
		host = xfmt("%s%s", front, path[skip] ? path + skip : *front ? "" : "/");
		r = make_dir(w, path, host, e);
		path[skip] = '/';
		*p = '/';
	}
	return r;
}

/* What a file of ours holds, or where a link of ours leads; nothing for a place to mount on. */
static enum trust_made content_of(const struct writer *w, const struct mask_entry *en,
				  struct buf *out)
{
	OWN_FREE char *text = en->kind == MASK_MADE ? mask_text(w->ask, en->path) : NULL;

	if (text)
		buf_str(out, text);
	return text || en->kind != MASK_MADE ? TRUST_TEXT : trust_content(w->pod, en->path, out);
}

static int make_file(const struct writer *w, const struct mask_entry *en, const char *path,
		     struct err *e)
{
	OWN_BUF struct buf text = BUF_INIT;
	OWN_FD int fd = -1;
	int r;

	if (content_of(w, en, &text) == TRUST_LINK)
		return symlinkat(text.data, w->top, path) < 0 && errno != EEXIST
			       ? failed(w, errno, "link", path, e)
			       : 0;
	fd = openat(w->top, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	r = fd < 0 ? -errno : write_full(fd, text.data, text.len);

	if (r == 0 && fchmod(fd, 0644) < 0)
		r = -errno;
	return r < 0 ? failed(w, -r, "write", path, e) : 0;
}

/*
 * All whiteouts are one inode, as overlayfs itself has them: where many files were deleted lately,
 * ext4 takes half a millisecond to find a free inode.  Links run out (ext4 has 65000 an inode) and
 * the first may have been opened up since: then another is made, and linked from there on.
 */
static int new_whiteout(struct writer *w, const char *path)
{
	int r;

	if (w->whiteout && (linkat(w->top, w->whiteout, w->top, path, 0) == 0 || errno == EEXIST))
		return 0;
	r = whiteout_make(w->top, path);
	if (r == 0) {
		free(w->whiteout);
		w->whiteout = xstrdup(path);
	}
	return r;
}

static int make_whiteout(struct writer *w, const char *path, struct err *e)
{
	int r = new_whiteout(w, path);

	if (r == -EEXIST) /* something of ours stands there, or below it */
		return 0;
	if (r == -EPERM) /* overlayfs, FUSE, a container without mknod */
		return err_status(
			e, POD_EXIT_UNSUPPORTED, EPERM,
			"the filesystem of %s cannot hold whiteouts; point ENVPOD_STATE_DIR "
			"at ext4, xfs, btrfs or tmpfs (in a container, at a volume)",
			pod_state_dir());
	return r < 0 ? failed(w, -r, "hide", path, e) : 0;
}

static int make_empty(struct writer *w, const char *path, const char *host, struct err *e)
{
	OWN_FD int fd = -1;
	int r = make_dir(w, path, host, e);

	if (r < 0)
		return r;
	fd = open_beneath(w->top, path, O_RDONLY | O_DIRECTORY, 0);
	r = fd < 0 ? fd : opaque_set(fd);
	return r < 0 ? failed(w, -r, "empty", path, e) : 0;
}

static bool is_closed(const struct mask_entry *en)
{
	return en->kind == MASK_HIDDEN || en->kind == MASK_EMPTIED;
}

/* Can a whiteout stand there?  Only in a directory that the host has (or that is ours). */
static bool has_parent(struct writer *w, const char *host)
{
	OWN_FREE char *dir = xstrdup(host);
	struct stat st;

	*strrchr(dir, '/') = '\0';
	if (!w->parent || strcmp(w->parent, dir) != 0) {
		w->has_parent = !*dir || (lstat(dir, &st) == 0 && S_ISDIR(st.st_mode));
		free(w->parent);
		w->parent = take_ptr(dir);
	}
	return w->has_parent;
}

/*
 * Below an emptied directory nothing of the host's shows.  A whiteout there would itself be listed:
 * overlayfs filters them out of merged directories only.  What is closed above the cover (rel is
 * seen from it) counts for nothing: a working directory shows in spite of that, but for its
 * secrets.
 */
static bool in_closed(const struct mask *m, const char *path, const char *rel)
{
	size_t cover = strlen(path) - strlen(rel) - 1;
	OWN_FREE char *dir = xstrdup(path);

	for (;;) {
		const struct mask_entry *en;

		*strrchr(dir, '/') = '\0';
		en = *dir ? mask_find(m, dir) : NULL;
		if (!en || strlen(en->path) <= cover)
			return false;
		if (is_closed(en))
			return true;
		snprintf(dir, strlen(dir) + 1, "%s", en->path);
	}
}

static int place(struct writer *w, const struct mask_entry *en, const struct cover *c,
		 const char *rel, struct err *e)
{
	OWN_FREE char *path = xfmt("%s/%s", c->name, rel);
	OWN_FREE char *host = xfmt("%s/%s", strcmp(c->path, "/") == 0 ? "" : c->path, rel);
	int r;

	if (is_closed(en) && (!has_parent(w, host) || in_closed(w->m, en->path, rel)))
		return 0;
	r = make_parents(w, c, rel, e);
	if (r < 0)
		return r;
	if (en->kind == MASK_HIDDEN)
		return make_whiteout(w, path, e);
	if (en->kind == MASK_EMPTIED)
		return make_empty(w, path, host, e);
	return en->file ? make_file(w, en, path, e) : make_dir(w, path, host, e);
}

/* The deepest cover that shows the path as something inside it. */
static const struct cover *cover_above(const struct covers *c, const char *path)
{
	const struct cover *best = NULL;

	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->v[i].path, path) != 0 && path_below(path, c->v[i].path) &&
		    (!best || strlen(c->v[i].path) > strlen(best->path)))
			best = &c->v[i];
	return best;
}

/* The same inode may show in other covers: bind mounts, subvolumes mounted twice. */
static int place_elsewhere(struct writer *w, const struct mask_entry *en, const struct cover *home,
			   const char *rel, struct err *e)
{
	OWN_FREE char *fspath = path_clean(home->fspath, rel);
	int r = 0;

	for (size_t i = 0; r == 0 && i < w->covers->n; i++) {
		const struct cover *c = &w->covers->v[i];

		if (c != home && c->dev == home->dev && strcmp(fspath, c->fspath) != 0 &&
		    path_below(fspath, c->fspath))
			r = place(w, en, c, path_from(fspath, c->fspath), e);
	}
	return r;
}

static int place_all(struct writer *w, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < w->m->n; i++) {
		const struct mask_entry *en = &w->m->v[i];
		const struct cover *c = cover_above(w->covers, en->path);
		const char *rel;

		/* A fresh tmpfs hides what the host has there; only what is put on it shows. */
		if (!c ||
		    (!c->path[1] && (path_below(en->path, "/tmp") || path_below(en->path, "/run"))))
			continue;
		rel = path_from(en->path, c->path);
		r = place(w, en, c, rel, e);
		if (r == 0 && is_closed(en))
			r = place_elsewhere(w, en, c, rel, e);
	}
	return r;
}

static void set_times(int top, const char *path, const char *host)
{
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}};
	struct stat st;

	if (lstat(host, &st) < 0 || !S_ISDIR(st.st_mode))
		return;
	times[1] = st.st_mtim;
	utimensat(top, path, times, AT_SYMLINK_NOFOLLOW);
}

/* Children last to first: making one changes its parent's time. */
static void finish_dirs(struct writer *w)
{
	for (size_t i = w->dirs.n; i-- > 0;) {
		set_times(w->top, w->dirs.v[i], w->hosts.v[i]);
		mask_watch(w->m, w->hosts.v[i], false);
	}
}

/* In one step, so that a crash leaves the old mask or the new one; never none. */
static int swap(const struct writer *w, struct err *e)
{
	int dir = w->pod->dir;

	if (syscall(SYS_renameat2, dir, NEW, dir, "mask", RENAME_EXCHANGE) == 0) {
		int r = remove_tree_at(dir, NEW);

		return r < 0 ? err_set(e, -r, "remove %s/" NEW, w->pod->path) : 0;
	}
	if (errno != ENOENT || renameat(dir, NEW, dir, "mask") < 0)
		return err_set(e, errno, "put %s/mask in place", w->pod->path);
	return 0;
}

static int write_all(struct writer *w, struct err *e)
{
	int r = remove_tree_at(w->pod->dir, NEW);

	if (r == 0 && mkdirat(w->pod->dir, NEW, 0700) < 0)
		r = -errno;
	if (r < 0)
		return err_set(e, -r, "make %s/" NEW, w->pod->path);
	w->top = openat(w->pod->dir, NEW, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (w->top < 0)
		return err_set(e, errno, "open %s/" NEW, w->pod->path);
	r = place_all(w, e);
	if (r < 0)
		return r;
	finish_dirs(w);
	return swap(w, e);
}

int mask_write(struct mask *m, const struct covers *c, const struct pod *p,
	       const struct mask_ask *ask, struct err *e)
{
	struct writer w = {.m = m, .covers = c, .pod = p, .ask = ask, .top = -1};
	int r = write_all(&w, e);

	own_close(&w.top);
	strv_finish(&w.dirs);
	strv_finish(&w.hosts);
	free(w.whiteout);
	free(w.ready);
	free(w.parent);
	return r;
}

/* A directory of the host in each cover that shows it. */
static int remirror_one(struct writer *w, const char *host, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < w->covers->n; i++) {
		const struct cover *c = &w->covers->v[i];
		OWN_FREE char *path = xfmt("%s/%s", c->name, path_from(host, c->path));
		struct stat st;

		if (!path_below(host, c->path) ||
		    fstatat(w->top, path, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(st.st_mode))
			continue;
		r = mirror_host(w, path, host, e);
		set_times(w->top, path, host);
	}
	return r;
}

int mask_remirror(struct mask *m, const struct covers *c, const struct pod *p, struct err *e)
{
	OWN_FD int top = open_beneath(p->dir, "mask", O_RDONLY | O_DIRECTORY, 0);
	struct writer w = {.m = m, .covers = c, .pod = p, .top = top};
	int r = 0;

	if (top < 0)
		return err_set(e, -top, "open %s/mask", p->path);
	for (size_t i = 0; r == 0 && i < m->nwatches; i++)
		if (S_ISDIR(m->watches[i].mode))
			r = remirror_one(&w, m->watches[i].path, e);
	return r;
}
