/* SPDX-License-Identifier: Apache-2.0 */
/* What a pod's own layers have in place of our files, set right through a view. */
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libcommon/io.h"
#include "libcommon/own.h"
#include "tools/pod-mount/trust.h"
#include "tools/pod-mount/trustlist.h"

/* An overlay shows a lower file's own number. */
static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static bool is_older(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec < b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec < b->tv_nsec);
}

/* A directory that the pod got when its mask was made without it: not before its next start. */
static bool has_no_place(int root, const char *path)
{
	OWN_FREE char *dir = xstrdup(path + 1);
	char *slash = strrchr(dir, '/');
	struct stat st;

	if (slash)
		*slash = '\0';
	return slash && fstatat(root, dir, &st, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT;
}

bool trust_shows(const struct pod *p, const struct mask *m, int root)
{
	struct stat crt;
	bool any = false;

	if (fstatat(p->dir, "ca/crt", &crt, AT_SYMLINK_NOFOLLOW) < 0)
		return false;

	for (size_t i = 0; i < m->n; i++) {
		OWN_FREE char *made = NULL;
		struct stat shown, ours;

		if (!m->v[i].derived)
			continue;
		any = true;
		made = xfmt("mask/_%s", m->v[i].path);
		if (has_no_place(root, m->v[i].path))
			continue;
		if (fstatat(root, m->v[i].path + 1, &shown, AT_SYMLINK_NOFOLLOW) < 0 ||
		    fstatat(p->dir, made, &ours, AT_SYMLINK_NOFOLLOW) < 0 ||
		    !is_same(&shown, &ours) || is_older(&ours.st_mtim, &crt.st_ctim))
			return false; /* or of an authority before this one */
	}
	return any;
}

/*
 * The tree is the pod's: no symlink is followed, nothing that is mounted in it entered (it may be a
 * directory of the host's), and what is read has a bound.
 */
static int open_in_view(int root, const char *path, int flags)
{
	struct open_how how = {.flags = (unsigned)flags | O_CLOEXEC,
			       .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
					  RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV};
	long fd = syscall(SYS_openat2, root, path + 1, &how, sizeof(how));

	return fd < 0 ? -errno : (int)fd;
}

static void read_in_view(int root, const char *path, struct buf *b)
{
	OWN_FD int fd = open_in_view(root, path, O_RDONLY | O_NONBLOCK);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    read_fd(fd, b, TRUST_FILE_MAX) < 0)
		buf_clear(b);
}

static int write_in(int dir, const char *name, const struct buf *text, uid_t owner)
{
	OWN_FD int fd =
		openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	int r = fd < 0 ? -errno : write_full(fd, text->data, text->len);

	if (r == 0 && (fchown(fd, owner, owner) < 0 || fchmod(fd, 0644) < 0))
		r = -errno;
	return r;
}

static int put_in_view(int root, const struct trust_file *f, const struct buf *text, uid_t owner)
{
	OWN_FREE char *parent = xstrdup(f->path);
	char *name = strrchr(parent, '/');
	OWN_FREE char *new = xfmt("%s.envpod", name + 1);
	OWN_FD int dir = -1;
	int r;

	*name++ = '\0';
	dir = open_in_view(root, *parent ? parent : "/.", O_RDONLY | O_DIRECTORY);
	if (dir < 0)
		return dir;
	unlinkat(dir, new, 0);
	if (f->kind == TRUST_HASH)
		r = symlinkat(text->data, dir, new) < 0 ? -errno : 0;
	else
		r = write_in(dir, new, text, owner);
	if (r == 0 && renameat(dir, new, dir, name) < 0)
		r = -errno;
	if (r < 0)
		unlinkat(dir, new, 0);
	return r;
}

static bool link_is_there(int root, const char *path)
{
	OWN_FD int fd = open_in_view(root, path, O_PATH | O_NOFOLLOW);

	return fd >= 0;
}

static void mend(const struct trust *t, const struct trust_file *f, int root, uid_t owner)
{
	OWN_BUF struct buf now = BUF_INIT, text = BUF_INIT;

	if (f->kind == TRUST_HASH && link_is_there(root, f->path))
		return;
	if (f->kind != TRUST_HASH)
		read_in_view(root, f->path, &now);
	if (f->kind != TRUST_HASH && (trust_has(t, f, &now) || trust_is_strange(f, &now)))
		return;
	trust_make(t, f, &now, &text);
	put_in_view(root, f, &text, owner);
}

void trust_mend(const struct pod *p, int root, uid_t owner)
{
	OWN(trust_finish) struct trust t = {.n = 0};

	if (!trust_load(&t, p))
		return;
	for (size_t i = 0; i < t.n; i++)
		mend(&t, &t.v[i], root, owner);
}

/* The list says what is no change.  Its input is not that of a pod with this authority: the next
 * view makes it, and its trees, anew. */
static int list_ours(const struct pod *p, struct mask *m, const struct trust *t, struct err *e)
{
	bool new = false;

	for (size_t i = 0; i < t->n; i++) {
		if (mask_covers(m, t->v[i].path))
			continue;
		trust_mask(m, t->v[i].path);
		new = true;
	}
	if (!new)
		return 0;
	mask_sort(m);
	return mask_save(m, p, e);
}

int trust_join(const struct pod *p, pid_t init, uid_t owner, struct err *e)
{
	OWN(trust_finish) struct trust t = {.n = 0};
	OWN_FREE char *path = xfmt("/proc/%d/root", (int)init);
	OWN_MASK struct mask m = {0};
	OWN_FD int root = -1;
	int r;

	if (!trust_stamp(p))
		return 0;
	root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return err_set(e, errno, "open the view of pod %s", p->name);
	r = mask_load(&m, p, e);
	if (r < 0 || trust_shows(p, &m, root) || !trust_load(&t, p))
		return r;
	r = list_ours(p, &m, &t, e);
	for (size_t i = 0; r == 0 && i < t.n; i++)
		mend(&t, &t.v[i], root, owner);
	return r;
}
