/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nothing of an archive is believed: every name is taken apart and looked up beneath our own
 * directory, never through a symlink, and what comes of it is then walked and judged like any pod's
 * layer.
 */
#include "tools/pod-mount/unpack.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-mount/copy.h"
#include "tools/pod-mount/cover.h"
#include "tools/pod-mount/ids.h"
#include "tools/pod-mount/mirror.h"
#include "tools/pod-mount/mountinfo.h"
#include "tools/pod-mount/whiteout.h"

#define HEAD_MAX 4096

/* One filesystem of the host, and the directory that stands for it in the unpacked tree. */
struct place {
	int tree, host; /* host: -1 when it cannot be reached */
};

struct unpacker {
	struct change_set *set;
	struct tar_reader *r;
	struct id_map ids;
	struct shift shift;
	struct mounts mounts;
	struct place *places; /* as many as set->covers */
	const char *cwd;
	int to;
	/* the directory that was used last: absolute path, tree and host side */
	char *dir;
	int dir_tree, dir_host;
	struct err *e;
};

static int refuse(struct unpacker *u, const char *path, const char *why)
{
	return err_status(u->e, POD_EXIT_REFUSED, ERR_PLAIN, "nothing was applied: %s %s",
			  esc(path), why);
}

static int failed(struct unpacker *u, const char *path, int code)
{
	return err_set(u->e, code, "unpack %s", esc(path));
}

void change_set_finish(struct change_set *c)
{
	for (size_t i = 0; i < c->n; i++)
		free(c->v[i].path);
	free(c->v);
	strv_finish(&c->covers);
	*c = (struct change_set){0};
}

/* --- the first member --- */

int change_set_parse_head(struct change_set *c, const char *text)
{
	char from[2];
	size_t n;
	int used = 0;

	if (sscanf(text, EXPORT_HEAD " 1\npod %63[^\n]\nuser %u %u\nfrom %1[./]\nchanges %zu\n%n",
		   c->pod, &c->uid, &c->gid, from, &n, &used) != 5 ||
	    text[used] || used == 0)
		return -EINVAL;
	c->from_root = from[0] == '/';
	return 0;
}

int change_set_head(struct change_set *c, struct tar_reader *r, struct err *e)
{
	OWN_TAR_ENTRY struct tar_entry t = {0};
	char text[HEAD_MAX];
	ssize_t n;
	int x = tar_next(r, &t, e);

	if (x < 0)
		return x;
	if (x == 0 || t.type != '0' || strcmp(tar_str(&t, "path"), EXPORT_HEAD) != 0)
		return err_set(e, ERR_PLAIN, "this is no change set of diff --export");
	n = tar_read(r, text, sizeof(text) - 1, e);
	if (n < 0)
		return (int)n;
	text[n] = '\0';
	if (change_set_parse_head(c, text) < 0 || pod_check_name(c->pod, e) < 0)
		return err_set(e, ERR_PLAIN,
			       "the change set is damaged, or of another version of envpod");
	return 0;
}

/* --- what an entry says --- */

static bool is_clean(const char *path)
{
	if (!*path || strlen(path) >= PATH_MAX)
		return false;
	for (;;) {
		size_t n = strcspn(path, "/");

		if (n == 0 || n > NAME_MAX || (n == 1 && path[0] == '.') ||
		    (n == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		if (!path[n])
			return true;
		path += n + 1;
	}
}

static unsigned read_what(const char *words)
{
	static const char *const names[] = {"content", "mode", "owner", "xattr"};
	unsigned what = 0;

	for (unsigned i = 0; words && i < 4; i++) {
		const char *at = strstr(words, names[i]);

		what |= at ? 1u << i : 0;
	}
	return what;
}

static int read_entry(struct unpacker *u, const struct tar_entry *t, struct carried *k)
{
	const char *name = tar_str(t, "path"), *kind = tar_str(t, "ENVPOD.kind");
	const char *base = tar_str(t, "ENVPOD.base"), *marks = tar_str(t, "ENVPOD.marks");
	size_t n = sizeof(EXPORT_TREE) - 1;

	if (strncmp(name, EXPORT_TREE, n) != 0 || !is_clean(name + n))
		return refuse(u, name, "is no path a change set may have");
	if (!kind || !*kind || !strchr("AMDT", *kind) || kind[1] || !base ||
	    strlen(base) >= BASE_TEXT || (*kind == 'D') != (t->type == '3'))
		return refuse(u, name, "is no change that diff --export writes");
	k->path = path_clean(u->set->from_root ? "/" : u->cwd, name + n);
	k->kind = *kind;
	k->what = read_what(tar_str(t, "ENVPOD.what"));
	k->sensitive = marks && strstr(marks, "sensitive");
	snprintf(k->base, sizeof(k->base), "%s", base);
	return 0;
}

/* In order, so that nothing comes twice and directories come before what is in them. */
static int add_entry(struct unpacker *u, const struct carried *k)
{
	struct change_set *c = u->set;

	if (c->n >= CARRIED_MAX)
		return refuse(u, k->path, "is one change too many");
	if (c->n > 0 && path_order(c->v[c->n - 1].path, k->path) >= 0)
		return refuse(u, k->path, "comes twice, or out of order");
	if ((c->n & (c->n - 1)) == 0)
		c->v = xrealloc(c->v, (c->n ? 2 * c->n : 1) * sizeof(c->v[0]));
	c->v[c->n++] = *k;
	return 0;
}

const struct carried *change_set_find(const struct change_set *c, const char *path)
{
	size_t lo = 0, hi = c->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (path_order(c->v[mid].path, path) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < c->n && strcmp(c->v[lo].path, path) == 0 ? &c->v[lo] : NULL;
}

/* "TYPE MODE HASH": permissions count only where they are to change. */
bool carried_base_stands(const struct carried *k, const char *now)
{
	char was_type[8], was_mode[8], was_hash[80], type[8], mode[8], hash[80];

	if (strcmp(k->base, "none") == 0 || strcmp(now, "none") == 0)
		return strcmp(k->base, now) == 0;
	if (sscanf(k->base, "%7s %7s %79s", was_type, was_mode, was_hash) != 3 ||
	    sscanf(now, "%7s %7s %79s", type, mode, hash) != 3)
		return false;
	return strcmp(type, was_type) == 0 && strcmp(hash, was_hash) == 0 &&
	       (!(k->what & WHAT_MODE) || strcmp(mode, was_mode) == 0);
}

/* --- where it goes --- */

static int open_child(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int add_place(struct unpacker *u, const struct mount_row *row, const char *path)
{
	OWN_FREE char *name = pod_cover_name(row->point);
	struct err gone = {0};
	struct place *p;

	if (!mount_is_real(row))
		return refuse(u, path, "lies in a filesystem of the kernel's");
	u->places = xrealloc(u->places, (u->set->covers.n + 1) * sizeof(*u->places));
	p = &u->places[u->set->covers.n];
	*p = (struct place){-1, -1};
	if (mkdirat(u->to, name, 0700) < 0)
		return failed(u, path, errno);
	p->tree = open_child(u->to, name);
	if (p->tree < 0)
		return failed(u, path, -p->tree);
	strv_add(&u->set->covers, row->point);
	p->host = cover_anchor(row->point, &gone);
	return 0;
}

/* The filesystem that shows the path; *at its number. */
static int find_place(struct unpacker *u, const char *path, size_t *at)
{
	const struct mount_row *row = mounts_find(&u->mounts, path);

	if (!row)
		return refuse(u, path, "lies nowhere");
	for (*at = 0; *at < u->set->covers.n; ++*at)
		if (strcmp(u->set->covers.v[*at], row->point) == 0)
			return 0;
	return add_place(u, row, path);
}

/* One directory down; what the archive does not bring looks like the host's, and is no change. */
static int go_down(struct unpacker *u, int *tree, int *host, const char *name)
{
	int below = *host < 0 ? -1 : open_child(*host, name), next = open_child(*tree, name);
	int r = 0;

	if (next == -ENOENT && mkdirat(*tree, name, 0755) == 0) {
		next = open_child(*tree, name);
		if (next >= 0 && below >= 0)
			r = mirror_dir(below, next, &u->shift);
	}
	own_close(host);
	own_close(tree);
	*host = below < 0 ? -1 : below;
	*tree = next;
	return next < 0 ? next : r;
}

/* Both sides of the directory that a path is in, kept for the next one there. */
static int open_dir(struct unpacker *u, const char *path)
{
	OWN_FREE char *dir = path_clean(path, "..");
	OWN_FREE char *way = NULL;
	char *rest, *name;
	size_t at = 0;
	int r;

	if (u->dir && strcmp(u->dir, dir) == 0)
		return 0;
	r = find_place(u, path, &at);
	if (r < 0)
		return r;
	free(u->dir);
	u->dir = NULL;
	own_close(&u->dir_tree);
	own_close(&u->dir_host);
	u->dir_tree = fcntl(u->places[at].tree, F_DUPFD_CLOEXEC, 3);
	u->dir_host = u->places[at].host < 0 ? -1 : fcntl(u->places[at].host, F_DUPFD_CLOEXEC, 3);
	way = xstrdup(path_from(dir, u->set->covers.v[at]));
	rest = strcmp(way, ".") == 0 ? NULL : way;
	while (r == 0 && rest && (name = strsep(&rest, "/")))
		r = *name ? go_down(u, &u->dir_tree, &u->dir_host, name) : 0;
	if (r == 0)
		u->dir = take_ptr(dir);
	return r;
}

/* --- putting it there --- */

static struct adoption adoption_of(const struct unpacker *u)
{
	return (struct adoption){&u->ids, u->set->uid, u->set->gid};
}

/* As the pod sees it; what did not change is as the host has it. */
static struct looks looks_of(const struct unpacker *u, const struct tar_entry *t,
			     const struct carried *k, const char *name)
{
	const struct adoption adopt = adoption_of(u);
	uid_t uid = uid_adopted(&adopt, t->uid);
	gid_t gid = gid_adopted(&adopt, t->gid);
	struct looks l = {.mode = t->mode, .mtime = t->mtime};
	struct stat host;

	if (k->kind == CHANGE_MODIFIED && u->dir_host >= 0 &&
	    fstatat(u->dir_host, name, &host, AT_SYMLINK_NOFOLLOW) == 0) {
		l.mode = k->what & WHAT_MODE ? l.mode : host.st_mode & 07777;
		uid = k->what & WHAT_OWNER ? uid : host.st_uid;
		gid = k->what & WHAT_OWNER ? gid : host.st_gid;
	}
	l.uid = uid_stored(&u->ids, uid);
	l.gid = gid_stored(&u->ids, gid);
	return l;
}

/* The name of a record's attribute; NULL for what a change set does not bring. */
static const char *xattr_name(const struct tar_record *r)
{
	const char *name = r->key + sizeof(EXPORT_XATTR) - 1;

	if (strncmp(r->key, EXPORT_XATTR, sizeof(EXPORT_XATTR) - 1) != 0)
		return NULL;
	if (strncmp(name, "user.", 5) == 0)
		return strncmp(name, "user.overlay.", 13) == 0 ? NULL : name;
	return xattr_is_acl(name) ? name : NULL;
}

/* What is no ACL, though it is called one, is left out; the kernel judges the rest. */
static void read_xattrs(const struct unpacker *u, struct xattrs *x, const struct tar_entry *t)
{
	const struct adoption adopt = adoption_of(u);

	for (size_t i = 0; i < t->n; i++) {
		const struct tar_record *r = &t->v[i];
		const char *name = xattr_name(r);
		struct xattr *to;

		if (!name)
			continue;
		x->v = xrealloc(x->v, (x->n + 1) * sizeof(x->v[0]));
		to = &x->v[x->n];
		*to = (struct xattr){xstrdup(name), xcalloc(1, r->len + 1), r->len};
		memcpy(to->value, r->value, r->len);
		x->n++;
		if (xattr_is_acl(name) && !acl_adopt(&adopt, to->value, to->len)) {
			free(to->name);
			free(to->value);
			x->n--;
		}
	}
}

static int copy_content_in(struct unpacker *u, int fd)
{
	static char block[1 << 17];
	ssize_t n;
	int r = 0;

	while (r == 0 && (n = tar_read(u->r, block, sizeof(block), u->e)) != 0)
		r = n < 0 ? (int)n : write_full(fd, block, (size_t)n);
	return r;
}

static int put_opened(struct unpacker *u, int fd, const struct tar_entry *t,
		      const struct carried *k, struct looks *l)
{
	OWN_XATTRS struct xattrs x = {0};
	int r = t->type == '0' ? copy_content_in(u, fd) : 0;

	read_xattrs(u, &x, t);
	l->xattrs =
		k->kind == CHANGE_MODIFIED && t->type == '5' && !(k->what & WHAT_XATTR) ? NULL : &x;
	return r < 0 ? r : looks_apply(fd, l);
}

static int put_file(struct unpacker *u, const char *name, const struct tar_entry *t,
		    const struct carried *k, struct looks *l)
{
	OWN_FD int fd = openat(u->dir_tree, name,
			       O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	return fd < 0 ? -errno : put_opened(u, fd, t, k, l);
}

static int put_dir(struct unpacker *u, const char *name, const struct tar_entry *t,
		   const struct carried *k, struct looks *l)
{
	OWN_FD int fd = -1, host = u->dir_host < 0 ? -1 : open_child(u->dir_host, name);
	int r;

	if (mkdirat(u->dir_tree, name, 0700) < 0)
		return -errno;
	fd = open_child(u->dir_tree, name);
	if (fd < 0)
		return fd;
	r = host >= 0 && k->kind == CHANGE_MODIFIED ? mirror_dir(host, fd, &u->shift) : 0;
	return r < 0 ? r : put_opened(u, fd, t, k, l);
}

static int put_other(struct unpacker *u, const char *name, const struct tar_entry *t,
		     const struct looks *l)
{
	int r = t->type == '2' ? symlinkat(tar_str(t, "linkpath"), u->dir_tree, name)
			       : mkfifoat(u->dir_tree, name, 0600);

	return r < 0 ? -errno : looks_apply_at(u->dir_tree, name, l, t->type == '2');
}

static int put_entry(struct unpacker *u, const struct tar_entry *t, const struct carried *k)
{
	const char *name = strrchr(k->path, '/') + 1;
	struct looks l = looks_of(u, t, k, name);

	switch (t->type) {
	case '3':
		return whiteout_make(u->dir_tree, name);
	case '0':
		return put_file(u, name, t, k, &l);
	case '5':
		return put_dir(u, name, t, k, &l);
	default:
		return put_other(u, name, t, &l);
	}
}

static int unpack_one(struct unpacker *u, const struct tar_entry *t)
{
	struct carried k = {0};
	int r = read_entry(u, t, &k);

	if (r == 0)
		r = add_entry(u, &k);
	if (r < 0) {
		free(k.path);
		return r;
	}
	r = open_dir(u, k.path);
	if (r == -ENOTDIR || r == -ELOOP)
		/* What was in a deleted directory went with it. */
		return k.kind == CHANGE_DELETED
			       ? 0
			       : refuse(u, k.path, "lies below something that is no directory");
	if (r == 0)
		r = put_entry(u, t, &k);
	return r < 0 && !u->e->msg[0] ? failed(u, k.path, -r) : r;
}

static void unpacker_finish(struct unpacker *u)
{
	for (size_t i = 0; u->places && i < u->set->covers.n; i++) {
		own_close(&u->places[i].tree);
		own_close(&u->places[i].host);
	}
	free(u->places);
	free(u->dir);
	own_close(&u->dir_tree);
	own_close(&u->dir_host);
	mounts_finish(&u->mounts);
}

int change_set_unpack(struct change_set *c, struct tar_reader *r, const struct plan *plan, int to,
		      const char *cwd, struct err *e)
{
	OWN(unpacker_finish)
	struct unpacker u = {
		.set = c,
		.r = r,
		.ids = ids_of_plan(plan),
		.shift = shift_of_plan(plan),
		.cwd = cwd,
		.to = to,
		.dir_tree = -1,
		.dir_host = -1,
		.e = e,
	};
	OWN_TAR_ENTRY struct tar_entry t = {0};
	int x = mounts_read(&u.mounts, e);

	while (x == 0 && (x = tar_next(r, &t, e)) > 0)
		x = unpack_one(&u, &t);
	return x;
}
