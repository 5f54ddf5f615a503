/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/trust.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/trust.h"
#include "tools/pod-mount/keystore.h"

#define BUNDLE_MAX (8u << 20)
#define CRT_MAX    16384
#define ALIAS      "envpod"

enum kind { KIND_BUNDLE, KIND_STORE, KIND_ALONE, KIND_LINK };

struct file {
	char *path;
	enum kind kind;
};

struct trust {
	struct buf crt; /* PEM, of the pod's authority */
	char hash[16];
	struct file v[32];
	size_t n;
};

static void trust_finish(struct trust *t)
{
	buf_finish(&t->crt);
	for (size_t i = 0; i < t->n; i++)
		free(t->v[i].path);
}

/* Where tools find authorities they are to add, by distribution. */
static const char *const anchors[] = {
	"/etc/pki/ca-trust/source/anchors",
	"/etc/ca-certificates/trust-source/anchors",
	"/etc/pki/trust/anchors",
	NULL,
};

/* Directories that are looked into by the hash of a name. */
static const char *const hashed[] = {
	"/etc/ssl/certs",
	"/etc/pki/tls/certs",
	"/etc/pki/ca-trust/extracted/pem/directory-hash",
	NULL,
};

static const char *const stores[] = {
	"/etc/ssl/certs/java/cacerts",
	"/etc/pki/ca-trust/extracted/java/cacerts",
	"/etc/pki/java/cacerts",
	"/var/lib/ca-certificates/java-cacerts",
	"/etc/ca-certificates/extracted/java-cacerts.jks",
	NULL,
};

static bool is_kind(const char *path, mode_t type)
{
	struct stat st;

	return stat(path, &st) == 0 && (st.st_mode & S_IFMT) == type;
}

/* Under its real path: a file of ours can only stand in a real directory. */
static void add(struct trust *t, const char *dir, const char *name, enum kind kind)
{
	OWN_FREE char *real = realpath(dir, NULL);
	OWN_FREE char *path = xfmt("%s%s%s", real ? real : dir, *name ? "/" : "", name);

	for (size_t i = 0; i < t->n; i++)
		if (strcmp(t->v[i].path, path) == 0)
			return;
	if (t->n < sizeof(t->v) / sizeof(t->v[0]))
		t->v[t->n++] = (struct file){take_ptr(path), kind};
}

/* "HASH.N": the first N that the host has not given to an authority of the same name. */
static void add_link(struct trust *t, const char *dir)
{
	struct stat st;

	for (int i = 0; i < 10; i++) {
		OWN_FREE char *name = xfmt("%s.%d", t->hash, i);
		OWN_FREE char *path = xfmt("%s/%s", dir, name);

		if (lstat(path, &st) == 0)
			continue;
		add(t, dir, ALIAS ".pem", KIND_ALONE);
		add(t, dir, name, KIND_LINK);
		return;
	}
}

/* Each JDK's own; most are links to one of the stores above. */
static void add_jdks(struct trust *t)
{
	OWN_DIR DIR *d = opendir("/usr/lib/jvm");
	struct dirent *ent;

	while (d && (ent = readdir(d))) {
		OWN_FREE char *path = xfmt("/usr/lib/jvm/%s/lib/security/cacerts", ent->d_name);

		if (ent->d_name[0] != '.' && is_kind(path, S_IFREG))
			add(t, path, "", KIND_STORE);
	}
}

static void list(struct trust *t)
{
	bool any = false;

	for (const char *const *p = trust_bundles; *p; p++) {
		if (!is_kind(*p, S_IFREG))
			continue;
		add(t, *p, "", KIND_BUNDLE);
		any = true;
	}
	if (!any) /* a host without authorities: ours is the only one */
		add(t, trust_bundles[0], "", KIND_BUNDLE);
	add(t, TRUST_ANCHOR, "", KIND_ALONE);
	for (const char *const *p = anchors; *p; p++)
		if (is_kind(*p, S_IFDIR))
			add(t, *p, ALIAS ".crt", KIND_ALONE);
	for (const char *const *p = hashed; *p; p++)
		if (is_kind(*p, S_IFDIR))
			add_link(t, *p);
	for (const char *const *p = stores; *p; p++)
		if (is_kind(*p, S_IFREG))
			add(t, *p, "", KIND_STORE);
	add_jdks(t);
}

/* False where the pod has no authority. */
static bool load(struct trust *t, const struct pod *p)
{
	OWN_FD int dir = p->dir < 0 ? -1 : open_beneath(p->dir, "ca", O_PATH | O_DIRECTORY, 0);

	if (dir < 0 || read_file_at(dir, "crt", &t->crt, CRT_MAX) < 0 || t->crt.len == 0 ||
	    read_line_at(dir, "hash", t->hash, sizeof(t->hash)) < 0 ||
	    strspn(t->hash, "0123456789abcdef") != 8 || t->hash[8])
		return false;
	list(t);
	return true;
}

uint64_t trust_stamp(const struct pod *p)
{
	struct stat st;

	if (p->dir < 0 || fstatat(p->dir, "ca/crt", &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	return ((uint64_t)st.st_ino << 32) ^ (uint64_t)st.st_ctim.tv_sec * 1000000000u ^
	       (uint64_t)st.st_ctim.tv_nsec;
}

static void add_made(struct mask *m, const char *path)
{
	struct mask_entry *en = mask_add(m, path, MASK_MADE);

	en->file = en->derived = true;
}

void trust_collect(struct mask *m, const struct mask_ask *ask)
{
	OWN(trust_finish) struct trust t = {.n = 0};

	if (!load(&t, ask->pod))
		return;
	for (size_t i = 0; i < t.n; i++) {
		add_made(m, t.v[i].path);
		if (t.v[i].kind == KIND_BUNDLE || t.v[i].kind == KIND_STORE)
			mask_watch(m, t.v[i].path, false);
	}
	if (is_kind("/usr/lib/jvm", S_IFDIR))
		mask_watch(m, "/usr/lib/jvm", false);
}

/* --- what they hold --- */

static bool host_file(const char *path, struct buf *b)
{
	OWN_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	return fd >= 0 && read_fd(fd, b, BUNDLE_MAX) >= 0 && b->len > 0;
}

static void append_crt(struct buf *b, const struct buf *crt)
{
	if (b->len && b->data[b->len - 1] != '\n')
		buf_char(b, '\n');
	buf_add(b, crt->data, crt->len);
}

static bool add_ours(struct keystore *k, const struct trust *t)
{
	OWN_BUF struct buf der = BUF_INIT;
	const char *at = t->crt.data;

	if (!pem_next(&at, &der))
		return false;
	keystore_add(k, ALIAS, der.data, der.len);
	return true;
}

/* From the bundle's certificates, where the host's store is of a form that we do not write. */
static void fill_store(struct keystore *k, const struct trust *t)
{
	OWN_BUF struct buf bundle = BUF_INIT, der = BUF_INIT;
	const char *at;

	for (size_t i = 0; i < t->n && !bundle.len; i++)
		if (t->v[i].kind == KIND_BUNDLE)
			host_file(t->v[i].path, &bundle);
	at = bundle.len ? bundle.data : "";
	for (unsigned n = 1; pem_next(&at, &der); n++) {
		OWN_FREE char *alias = xfmt("host-%u", n);

		keystore_add(k, alias, der.data, der.len);
	}
}

static void make_store(const struct trust *t, const struct buf *old, struct buf *out)
{
	OWN(keystore_finish) struct keystore k = {.count = 0};

	if (!keystore_open(&k, old->len ? old->data : "", old->len))
		fill_store(&k, t);
	add_ours(&k, t);
	keystore_close(&k, out);
}

/* old: what lies there, of the host's or the pod's */
static void make(const struct trust *t, const struct file *f, const struct buf *old,
		 struct buf *out)
{
	if (f->kind == KIND_STORE) {
		make_store(t, old, out);
	} else if (f->kind == KIND_LINK) {
		buf_str(out, ALIAS ".pem");
	} else {
		if (f->kind == KIND_BUNDLE)
			buf_add(out, old->len ? old->data : "", old->len);
		append_crt(out, &t->crt);
	}
}

enum trust_made trust_content(const struct pod *p, const char *path, struct buf *out)
{
	OWN(trust_finish) struct trust t = {.n = 0};
	OWN_BUF struct buf old = BUF_INIT;

	if (!load(&t, p))
		return TRUST_NOT_OURS;
	for (size_t i = 0; i < t.n; i++) {
		const struct file *f = &t.v[i];

		if (strcmp(f->path, path) != 0)
			continue;
		if (f->kind == KIND_BUNDLE || f->kind == KIND_STORE)
			host_file(path, &old);
		make(&t, f, &old, out);
		return f->kind == KIND_LINK ? TRUST_LINK : TRUST_TEXT;
	}
	return TRUST_NOT_OURS;
}

/* --- what the pod's layers have instead --- */

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
		if (fstatat(root, m->v[i].path + 1, &shown, AT_SYMLINK_NOFOLLOW) < 0 ||
		    fstatat(p->dir, made, &ours, AT_SYMLINK_NOFOLLOW) < 0 ||
		    !is_same(&shown, &ours) || is_older(&ours.st_mtim, &crt.st_ctim))
			return false; /* or of an authority before this one */
	}
	return any;
}

/* Does what lies there name our authority?  What cannot be read does not. */
static bool has_ours(const struct trust *t, const struct file *f, const struct buf *now)
{
	OWN_BUF struct buf der = BUF_INIT;
	const char *at = t->crt.data;

	if (f->kind != KIND_STORE)
		return now->len >= t->crt.len &&
		       memmem(now->data, now->len, t->crt.data, t->crt.len);
	return pem_next(&at, &der) && now->len && memmem(now->data, now->len, der.data, der.len);
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

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || read_fd(fd, b, BUNDLE_MAX) < 0)
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

static int put_in_view(int root, const struct file *f, const struct buf *text, uid_t owner)
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
	if (f->kind == KIND_LINK)
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

/* A store that we cannot add to may have what somebody put into it: it stays. */
static bool is_strange(const struct file *f, const struct buf *now)
{
	OWN(keystore_finish) struct keystore k = {.count = 0};

	return f->kind == KIND_STORE && !keystore_open(&k, now->len ? now->data : "", now->len);
}

static void mend(const struct trust *t, const struct file *f, int root, uid_t owner)
{
	OWN_BUF struct buf now = BUF_INIT, text = BUF_INIT;

	if (f->kind == KIND_LINK && link_is_there(root, f->path))
		return;
	if (f->kind != KIND_LINK)
		read_in_view(root, f->path, &now);
	if (f->kind != KIND_LINK && (has_ours(t, f, &now) || is_strange(f, &now)))
		return;
	make(t, f, &now, &text);
	put_in_view(root, f, &text, owner);
}

void trust_mend(const struct pod *p, int root, uid_t owner)
{
	OWN(trust_finish) struct trust t = {.n = 0};

	if (!load(&t, p))
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
		add_made(m, t->v[i].path);
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
	if (r < 0 || trust_shows(p, &m, root) || !load(&t, p))
		return r;
	r = list_ours(p, &m, &t, e);
	for (size_t i = 0; r == 0 && i < t.n; i++)
		mend(&t, &t.v[i], root, owner);
	return r;
}
