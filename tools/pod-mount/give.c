/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/give.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-mount/base.h"
#include "tools/pod-mount/quota.h"
#include "tools/pod-mount/step.h"
#include "tools/pod-mount/whiteout.h"

/* --- what the pod has --- */

int pile_open(struct pile *p, const struct pod *pod, const struct stack *s, const char *cover,
	      int host, struct err *e)
{
	OWN_FREE char *name = pod_cover_name(cover);

	*p = (struct pile){.n = s->n + 1, .host = host};
	p->fds = xcalloc(p->n, sizeof(*p->fds));
	for (size_t i = 0; i < p->n; i++)
		p->fds[i] = -1;
	for (size_t i = 0; i < p->n; i++) {
		const char *id = i ? s->v[s->n - i].id : NULL;

		p->fds[i] = layer_cover(pod, id, name);
		if (p->fds[i] < 0 && p->fds[i] != -ENOENT)
			return err_set(e, -p->fds[i], "open layer %s", id ? id : "upper");
	}
	return 0;
}

void pile_finish(struct pile *p)
{
	for (size_t i = 0; i < p->n; i++)
		own_close(&p->fds[i]);
	free(p->fds);
	*p = (struct pile){0};
}

static int hides(int fd)
{
	OWN_FREE struct dir_marks *marks = xcalloc(1, sizeof(*marks));
	int r = dir_marks_read(fd, marks);

	return r < 0 ? r : marks->opaque || marks->redirected;
}

/* Down one layer, by name; every name is the agent's. */
static int layer_speaks(int tree, const char *path, bool *dir)
{
	OWN_FREE char *way = xstrdup(path);
	OWN_FD int at = dup(tree);
	char *rest = way, *name;

	while (at >= 0 && (name = strsep(&rest, "/"))) {
		OWN_FD int next = -1;
		struct stat st;
		int r = entry_find(at, name, &st);

		if (r <= 0)
			return r;
		if (!S_ISDIR(st.st_mode))
			return 1;
		next = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		r = next < 0 ? -errno : hides(next);
		if (r)
			return r;
		close(at);
		at = take_fd(&next);
	}
	*dir = true;
	return at < 0 ? -errno : 0;
}

int pile_speaks(const struct pile *p, const char *path, bool *dir)
{
	int r = 0;

	*dir = false;
	for (size_t i = 0; i < p->n && r == 0; i++)
		if (p->fds[i] >= 0)
			r = layer_speaks(p->fds[i], path, dir);
	return r;
}

/* --- making a layer --- */

/* Open a child directory, made when missing. */
static int step_into(int dirfd, const char *name)
{
	int fd;

	if (mkdirat(dirfd, name, 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* A cover's directory looks as the host's does. */
static int dress_root(const struct run *r, int tree, const char *cover)
{
	struct stat st;
	struct looks l;

	if (stat(cover, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	l = (struct looks){st.st_mode, uid_stored(&r->ids, st.st_uid),
			   gid_stored(&r->ids, st.st_gid), st.st_mtim, NULL};
	return looks_apply(tree, &l);
}

int give_tree(const struct run *r, const char *layer, const char *cover)
{
	OWN_FREE char *name = pod_cover_name(cover);
	OWN_FD int dir = step_into(r->given, layer), trees = -1, tree = -1;
	int x;

	trees = dir < 0 ? dir : step_into(dir, "tree");
	if (trees < 0)
		return trees;
	if (mkdirat(trees, name, 0700) < 0 && errno != EEXIST)
		return -errno;
	tree = openat(trees, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (tree < 0)
		return -errno;
	x = dress_root(r, tree, cover);
	return x < 0 ? x : take_fd(&tree);
}

/* The topmost layer's directory of that path, else the host's: open, or -errno. */
static int find_dir(const struct pile *p, const char *path, bool *host)
{
	int fd = -ENOENT;

	*host = false;
	for (size_t i = 0; i < p->n && is_absent(fd); i++)
		if (p->fds[i] >= 0)
			fd = open_beneath(p->fds[i], path, O_RDONLY | O_DIRECTORY, 0);
	if (!is_absent(fd) || p->host < 0)
		return fd;
	*host = true;
	return open_beneath(p->host, path, O_RDONLY | O_DIRECTORY, 0);
}

/* A layer's looks as they are stored, the host's shifted. */
static int dress(const struct run *r, const struct pile *p, int made, const char *path)
{
	OWN_XATTRS struct xattrs x = {0};
	bool host;
	OWN_FD int from = find_dir(p, path, &host);
	struct looks l;
	struct stat st;
	int y;

	if (from < 0)
		return is_absent(from) ? 0 : from; /* nobody has it: as plain as we made it */
	if (fstat(from, &st) < 0)
		return -errno;
	y = host ? xattrs_read_for_layer(&x, from, &r->ids) : xattrs_read(&x, from, NULL);
	l = (struct looks){st.st_mode, st.st_uid, st.st_gid, st.st_mtim, NULL};
	if (host) {
		l.uid = uid_stored(&r->ids, st.st_uid);
		l.gid = gid_stored(&r->ids, st.st_gid);
	}
	if (y == 0)
		y = xattrs_replace(&x, made);
	return y < 0 ? y : looks_apply(made, &l);
}

int give_way(const struct run *r, const struct pile *p, int tree, const char *path)
{
	OWN_FREE char *way = xstrdup(path);
	OWN_FD int at = dup(tree);
	char *slash = way;

	while (at >= 0 && (slash = strchr(slash, '/'))) {
		OWN_FD int next = -1;
		const char *name;
		int x = 0;

		*slash = '\0';
		name = strrchr(way, '/') ? strrchr(way, '/') + 1 : way;
		if (mkdirat(at, name, 0700) < 0)
			x = errno == EEXIST ? 1 : -errno;
		if (x < 0)
			return x;
		next = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (next < 0)
			return -errno;
		x = x == 0 ? dress(r, p, next, way) : 0;
		if (x < 0)
			return x;
		close(at);
		at = take_fd(&next);
		*slash++ = '/';
	}
	return at < 0 ? -errno : 0;
}

/* --- joining the stack --- */

static uint64_t latest(const struct journal *j)
{
	uint64_t ns = 0;

	for (size_t i = 0; i < j->n; i++)
		if (j->steps[i].has_left && j->steps[i].left.ctime_ns > ns)
			ns = j->steps[i].left.ctime_ns;
	return ns + 1;
}

static struct timespec timespec_of(uint64_t ns)
{
	return (struct timespec){(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};
}

/* The host as the steps left it is what the changes in the layer are made from. */
static void base_of_steps(const struct run *r, struct buf *b)
{
	buf_fmt(b, "envpod-base 1 %llu\n", (unsigned long long)latest(r->j));
	for (size_t i = 0; i < r->j->n; i++) {
		const struct step *st = &r->j->steps[i];
		OWN_FREE char *path = path_clean(r->sites[st->site].cover, st->path);
		struct stat was = {
			.st_ino = st->left.ino,
			.st_size = (off_t)st->left.size,
			.st_mode = st->left_mode,
			.st_mtim = timespec_of(st->left.mtime_ns),
			.st_ctim = timespec_of(st->left.ctime_ns),
		};

		if (st->verb == STEP_META)
			continue;
		if (!st->has_left)
			base_line(b, BASE_UNKNOWN, NULL, path);
		else if (st->left.ino)
			base_line(b, BASE_HOST, &was, path);
		else
			base_line(b, BASE_NOTHING, NULL, path);
	}
	buf_str(b, "end\n");
}

static int write_base(const struct run *r, const struct stack *s, int dir,
		      const struct layer_start *l, struct err *e)
{
	OWN_FD int tree = openat(dir, "tree", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	OWN_BUF struct buf b = BUF_INIT;
	bool redirects = false;
	int x = 0;

	if (tree < 0)
		return err_set(e, errno, "open the tree of layer %s", l->id);
	if (journal_on_host(r->j))
		base_of_steps(r, &b);
	else
		x = base_write_since(&b, r->pod, s, s->n, tree, l->ns, &redirects, e);
	if (x < 0)
		return x;
	x = write_file_at(dir, "base", b.data, b.len, 0600, true);
	if (x == 0 && redirects)
		x = write_file_at(dir, "redirects", "", 0, 0600, true);
	return x < 0 ? err_set(e, -x, "write the base of layer %s", l->id) : 0;
}

static int give_one(struct run *r, const struct stack *s, const struct layer_start *l,
		    struct err *e)
{
	OWN_FREE char *path = xfmt("%s/layers", pod_state_dir());
	OWN_FD int dir = openat(r->given, l->id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	OWN_FD int layers = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int x;

	if (dir < 0)
		return errno == ENOENT ? 0 : err_set(e, errno, "open layer %s", l->id);
	if (layers < 0)
		return err_set(e, errno, "open %s", path);
	x = quota_adopt(r->pod, dir);
	if (x < 0)
		return err_set(e, -x, "count layer %s as pod %s's", l->id, r->pod->name);
	x = write_base(r, s, dir, l, e);
	if (x == 0 && renameat2(r->given, l->id, layers, l->id, RENAME_NOREPLACE) < 0)
		return err_set(e, errno, "put layer %s in place", l->id);
	return x;
}

/* Between leaving undo/ID and joining the stack nobody else names them: this text does. */
static int hold(const struct run *r, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;

	for (size_t i = 0; i < r->j->layers.n; i++)
		buf_fmt(&b, "%s auto -\n", r->j->layers.v[i].id);
	return write_file_at(r->j->dir, "stack.new", b.data, b.len, 0600, true) < 0
		       ? err_set(e, errno, "write undo/%s/stack.new", r->j->id)
		       : 0;
}

int give_layers(struct run *r, struct stack *s, struct err *e)
{
	size_t had = s->n;
	int x = r->j->layers.n ? hold(r, e) : 0;

	if (x < 0 || r->j->layers.n == 0)
		return x;
	for (size_t i = 0; i < r->j->layers.n; i++) {
		const struct layer_start *l = &r->j->layers.v[i];
		OWN_FD int there = -1;

		x = give_one(r, s, l, e);
		if (x < 0)
			return x;
		there = layer_open(l->id, "tree");
		if (there < 0 && there != -ENOENT)
			return err_set(e, -there, "open layer %s", l->id);
		if (there >= 0 && !stack_has(s, l->id))
			stack_push(s, l->id, "auto", "-");
	}
	x = s->n > had ? stack_save(s, r->pod, e) : 0;
	if (x == 0)
		unlinkat(r->j->dir, "stack.new", 0);
	return x;
}
