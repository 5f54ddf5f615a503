/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking down the host's identities for a tree that is about to become a layer.  The tree is the
 * agent's work: every step is openat(O_NOFOLLOW) from a descriptor, and depth is bounded.
 */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-mount/base.h"
#include "tools/pod-mount/committed.h"
#include "tools/pod-mount/cover.h"
#include "tools/pod-mount/redirect.h"
#include "tools/pod-mount/step.h"
#include "tools/pod-mount/view.h"
#include "tools/pod-mount/whiteout.h"

#define DEPTH_MAX 300 /* each level holds two descriptors */

struct walk {
	struct buf *out;
	const struct pod *pod;
	const struct stack *stack;
	size_t below;
	struct buf path; /* absolute host path of the directory being walked */
	const char *cover;
	size_t cover_len; /* of the cover's path at the front of path; 0 for "/" */
	int host;         /* the cover's directory on the host */
	uint64_t start;
	bool unsure;
	struct committed own;
	bool redirects;
	struct err *e; /* of the first look that failed: what was taken down is not all */
};

/* One directory of the tree, with what belongs to it. */
struct place {
	int tree, host;    /* host -1: the host has no such directory */
	const char *lower; /* where its lower half lies, from the cover's root; NULL: it has none */
	bool moved;        /* a redirect led here */
	int depth;
};

static uint64_t stamp(const struct timespec *t)
{
	return (uint64_t)t->tv_sec * 1000000000u + (uint64_t)t->tv_nsec;
}

/*
 * A directory's ctime follows its entries and says nothing about itself; what lies in it is held
 * against the view's start when the time comes.
 */
static enum base_kind judge(const struct walk *w, const struct stat *st)
{
	uint64_t start = w->start;

	if (st->st_ctim.tv_nsec == 0)
		start -= start % 1000000000u;
	if (w->unsure || (!S_ISDIR(st->st_mode) && stamp(&st->st_ctim) >= start))
		return BASE_UNKNOWN;
	return BASE_HOST;
}

static void escape(struct buf *b, const char *s)
{
	for (; *s; s++) {
		if (*s == '\n')
			buf_str(b, "\\n");
		else if (*s == '\\')
			buf_str(b, "\\\\");
		else
			buf_char(b, *s);
	}
}

void base_line(struct buf *out, enum base_kind kind, const struct stat *st, const char *path)
{
	static const struct stat none;

	if (!st)
		st = &none;
	buf_fmt(out, "%c %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %u ", kind,
		(uint64_t)st->st_ino, (uint64_t)st->st_size, stamp(&st->st_mtim),
		stamp(&st->st_ctim), st->st_mode);
	escape(out, path);
	buf_char(out, '\n');
}

/* An entry that nobody could look at: not the same as that nothing is there. */
static void fault(struct walk *w, int code)
{
	if (!w->e->code)
		err_set(w->e, code, "look at %s", esc(w->path.len ? w->path.data : "/"));
}

static void put(struct walk *w, enum base_kind kind, const struct stat *st, const char *path)
{
	base_line(w->out, kind, st, path);
}

static bool was_copied_up(struct walk *w, int tree, const char *name)
{
	int r = copied_up(tree, name);

	if (r < 0)
		fault(w, -r);
	return r > 0;
}

/*
 * An entry was copied up, and the host has none: deleted meanwhile, unless the pod renamed it.
 * Nothing was deleted from a directory that did not change, or that only our commits changed.
 */
static bool may_have_vanished(struct walk *w, const struct place *at, const char *name)
{
	OWN_FREE char *dir = path_clean(w->path.data, "..");
	struct stat st;

	if (at->host < 0 || at->moved || !was_copied_up(w, at->tree, name))
		return false;
	if (fstat(at->host, &st) < 0)
		fault(w, errno);
	return w->e->code || (stamp(&st.st_ctim) >= w->start &&
			      !committed_has(&w->own, dir, st.st_ino, stamp(&st.st_ctim)));
}

/* The entry where it stands: w->path names it.  renamed: its own mark says how it came there. */
static enum base_kind put_here(struct walk *w, const struct place *at, const char *name,
			       bool renamed)
{
	enum base_kind kind = BASE_NOTHING;
	struct stat st;
	int there = at->host < 0 ? 0 : entry_find(at->host, name, &st);

	if (there < 0)
		fault(w, -there);
	if (there > 0)
		kind = judge(w, &st);
	else if (!renamed && may_have_vanished(w, at, name))
		kind = BASE_UNKNOWN;
	put(w, kind, there > 0 ? &st : NULL, w->path.data);
	return kind;
}

static char *origin_of(struct walk *w, const char *lower)
{
	int r = 0;
	char *origin = redirect_origin(w->pod, w->stack, w->below, w->cover, lower, &r);

	if (r < 0)
		fault(w, -r);
	return origin;
}

/* The entry it was made from, under the name it had before its directory was renamed. */
static void put_origin(struct walk *w, const struct place *at, const char *name)
{
	OWN_FREE char *lower = at->lower ? xfmt("%s/%s", at->lower, name) : NULL;
	OWN_FREE char *origin = NULL;
	OWN_FD int parent = -1;
	const char *leaf;
	struct stat st;
	int there;

	if (!at->moved || !lower)
		return;
	origin = origin_of(w, lower);
	if (!origin)
		return;
	parent = open_parent_beneath(w->host, origin, &leaf);
	there = parent < 0 ? parent : entry_find(parent, leaf, &st);
	if (there < 0 && !is_absent(there))
		fault(w, -there);
	if (there > 0) {
		OWN_FREE char *path = xfmt("%.*s%s", (int)w->cover_len, w->path.data, origin);

		put(w, judge(w, &st), &st, path);
	}
}

static void walk_dir(struct walk *w, const struct place *at);

/* The child's place, once it is known that there is something below to walk. */
static void descend(struct walk *w, const struct place *at, const char *name, int tree, int host,
		    const struct dir_marks *marks)
{
	OWN_FREE char *plain = at->lower ? xfmt("%s/%s", at->lower, name) : NULL;
	OWN_FREE char *moved = marks->redirected && (plain || marks->redirect[0] == '/')
				       ? redirect_apply(plain ? plain : "", marks->redirect)
				       : NULL;
	const struct place child = {
		.tree = tree,
		.host = host,
		.lower = marks->opaque ? NULL
			 : moved       ? moved
				       : plain,
		.moved = at->moved || marks->redirected || host < 0,
		.depth = at->depth + 1,
	};

	walk_dir(w, &child);
}

/* Does the directory stand for one that the host has under another name? */
static bool was_renamed(struct walk *w, const struct place *at, const char *name)
{
	OWN_FREE char *lower = at->lower ? xfmt("%s/%s", at->lower, name) : NULL;
	OWN_FREE char *origin = lower ? origin_of(w, lower) : NULL;

	return origin && strcmp(origin, lower) != 0;
}

static void enter_dir(struct walk *w, const struct place *at, const char *name)
{
	OWN_FD int tree = openat(at->tree, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	OWN_FD int host = -1;
	struct dir_marks marks;
	bool apart;

	if (tree < 0 || dir_marks_read(tree, &marks) < 0) {
		fault(w, errno);
		return;
	}
	if (at->depth >= DEPTH_MAX) {
		put(w, BASE_UNKNOWN, NULL, w->path.data);
		return;
	}
	apart = marks.opaque || marks.redirected;
	w->redirects |= marks.redirected;
	/* Below a directory the host did not have, it had nothing: one line is enough. */
	if (apart && put_here(w, at, name, marks.redirected) == BASE_NOTHING && !marks.redirected)
		return;
	if (at->host >= 0)
		host = openat(at->host, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (at->host >= 0 && host < 0 && !is_absent(-errno))
		fault(w, errno);
	/*
	 * The host has none, and no mark says that it was made anew: an older layer made or renamed
	 * it, or it vanished.  Made from nothing, it lost its mark to a commit that was cut off.
	 */
	if (host >= 0 || apart || at->moved || was_renamed(w, at, name))
		descend(w, at, name, tree, host, &marks);
	else if (was_copied_up(w, at->tree, name))
		put(w, BASE_UNKNOWN, NULL, w->path.data);
	else
		put_here(w, at, name, false);
}

static void visit(struct walk *w, const struct place *at, const char *name)
{
	size_t len = w->path.len;
	struct stat st;

	if (fstatat(at->tree, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		fault(w, errno);
		return;
	}
	if (len > 1)
		buf_char(&w->path, '/');
	buf_str(&w->path, name);
	if (S_ISDIR(st.st_mode)) {
		enter_dir(w, at, name);
	} else {
		put_here(w, at, name, false);
		put_origin(w, at, name);
	}
	w->path.len = len;
	w->path.data[len] = '\0';
}

static void walk_dir(struct walk *w, const struct place *at)
{
	int copy = openat(at->tree, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	OWN_DIR DIR *d = copy < 0 ? NULL : fdopendir(copy);
	const char *name;
	int more = d ? 0 : -errno;

	while (d && (more = dir_next(d, &name)) > 0)
		visit(w, at, name);
	if (more < 0)
		fault(w, -more);
}

static void walk_cover(struct walk *w, int treefd, const char *cover)
{
	OWN_FREE char *path = pod_cover_path(cover);
	OWN_FD int tree = openat(treefd, cover, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct err gone = {0};
	OWN_FD int host = cover_anchor(path, &gone);
	struct place top = {.tree = tree, .host = host, .lower = ""};

	buf_clear(&w->path);
	buf_str(&w->path, path);
	if (tree < 0 || (host < 0 && gone.code == EIO)) {
		fault(w, tree < 0 ? errno : gone.code);
		return;
	}
	if (host < 0) { /* its directory vanished from the host */
		put(w, BASE_UNKNOWN, NULL, path);
		return;
	}
	w->cover = cover;
	w->host = host;
	w->cover_len = strcmp(path, "/") == 0 ? 0 : strlen(path);
	walk_dir(w, &top);
}

static void walk_covers(struct walk *w, int treefd)
{
	int copy = openat(treefd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	OWN_DIR DIR *d = copy < 0 ? NULL : fdopendir(copy);
	const char *name;
	int more = d ? 0 : -errno;

	while (d && (more = dir_next(d, &name)) > 0)
		if (name[0] == '_')
			walk_cover(w, treefd, name);
	if (more < 0)
		fault(w, -more);
}

int base_write_since(struct buf *out, const struct pod *p, const struct stack *s, size_t below,
		     int treefd, uint64_t start, bool *redirects, struct err *e)
{
	struct walk w = {.out = out, .pod = p, .stack = s, .below = below, .host = -1, .e = e};

	if (committed_load(&w.own, p, e) < 0)
		return -e->code;
	w.unsure = start == 0;
	w.start = start;
	buf_fmt(out, "envpod-base 1 %" PRIu64 "\n", w.start);
	walk_covers(&w, treefd);
	buf_str(out, "end\n");
	*redirects = w.redirects;
	committed_finish(&w.own);
	buf_finish(&w.path);
	return -e->code;
}

int base_write(struct buf *out, const struct pod *p, const struct stack *s, size_t below,
	       int treefd, bool *redirects, struct err *e)
{
	OWN_MARKER struct marker m = {0};
	int sure = marker_sure(&m, p, e);

	return sure < 0 ? sure
			: base_write_since(out, p, s, below, treefd, sure ? m.start_ns : 0,
					   redirects, e);
}
