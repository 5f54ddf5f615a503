/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pod-upload pack: a file or a tree as an archive.  Whatever it is of changes while it is read:
 * what is opened is looked at again, no link is followed, and a file has the size that its entry
 * says.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "libcommon/tar.h"
#include "tools/pod-upload/caller.h"
#include "tools/pod-upload/cmds.h"
#include "tools/pod-upload/sparse.h"

#define DEEPEST 200 /* directories within each other: each keeps one open */
#define PIECE   65536

struct packer {
	struct buf out;
	struct buf path; /* of the entry at hand, in the archive */
	bool left_out;
	char piece[PIECE];
};

static int pack_entry(struct packer *p, int dir, const char *name, unsigned depth, struct err *e);

static int flush(struct packer *p, struct err *e)
{
	int r = write_full(STDOUT_FILENO, p->out.data, p->out.len);

	buf_clear(&p->out);
	return r < 0 ? err_set(e, -r, "write the archive") : 0;
}

static int leave_out(struct packer *p, const char *why)
{
	say_warn("left out: %s (%s)", esc(p->path.data), why);
	p->left_out = true;
	return 0;
}

/* What has become shorter meanwhile is filled with zeros. */
static int pack_part(struct packer *p, int fd, struct part part, bool *changed, struct err *e)
{
	int r = 0;

	while (r == 0 && part.len > 0) {
		size_t n = part.len < PIECE ? (size_t)part.len : PIECE;
		ssize_t got = pread(fd, p->piece, n, (off_t)part.at);

		*changed = *changed || got <= 0;
		if (got <= 0)
			memset(p->piece, 0, n);
		else
			n = (size_t)got;
		buf_add(&p->out, p->piece, n);
		part.at += n;
		part.len -= n;
		r = flush(p, e);
	}
	return r;
}

static struct tar_entry entry_of(const struct packer *p, char type, const struct stat *st)
{
	struct tar_entry t = {.type = type,
			      .mode = st->st_mode & 07777,
			      .uid = st->st_uid,
			      .gid = st->st_gid,
			      .mtime = st->st_mtim};

	tar_record_str(&t, "path", p->path.data);
	return t;
}

static int pack_file(struct packer *p, int dir, const char *name, struct err *e)
{
	OWN_FD int fd =
		openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	OWN_SPARSE struct sparse s = {0};
	bool changed = false;
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return leave_out(p, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return leave_out(p, "it changed while it was read");
	OWN_TAR_ENTRY struct tar_entry t = entry_of(p, '0', &st);
	sparse_find(&s, fd, (uint64_t)st.st_size);
	sparse_say(&s, &t);
	tar_put(&p->out, &t);
	r = flush(p, e);
	for (size_t i = 0; i < s.n && r == 0; i++)
		r = pack_part(p, fd, s.v[i], &changed, e);
	tar_pad(&p->out, t.size);
	if (changed)
		leave_out(p, "it changed while it was read");
	return r;
}

static int pack_link(struct packer *p, int dir, const char *name, const struct stat *st)
{
	OWN_TAR_ENTRY struct tar_entry t = entry_of(p, '2', st);
	char target[PATH_MAX];
	ssize_t n = readlinkat(dir, name, target, sizeof(target) - 1);

	if (n <= 0)
		return leave_out(p, "it changed while it was read");
	target[n] = '\0';
	tar_record_str(&t, "linkpath", target);
	tar_put(&p->out, &t);
	return 0;
}

static int pack_names(struct packer *p, DIR *d, unsigned depth, struct err *e)
{
	size_t len = p->path.len;
	const char *name;
	int more, r = 0;

	while (r == 0 && (more = dir_next(d, &name)) != 0) {
		if (more < 0)
			return leave_out(p, strerror(-more));
		buf_fmt(&p->path, "/%s", name);
		r = pack_entry(p, dirfd(d), name, depth + 1, e);
		p->path.len = len;
		p->path.data[len] = '\0';
	}
	return r;
}

static int pack_dir(struct packer *p, int dir, const char *name, unsigned depth, struct err *e)
{
	OWN_FD int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	OWN_DIR DIR *d = NULL;
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return leave_out(p, strerror(errno));
	if (depth > DEEPEST)
		return leave_out(p, "it lies too deep");
	OWN_TAR_ENTRY struct tar_entry t = entry_of(p, '5', &st);
	tar_put(&p->out, &t);
	r = flush(p, e);
	d = r == 0 ? fdopendir(fd) : NULL;
	if (!d)
		return r < 0 ? r : leave_out(p, strerror(errno));
	take_fd(&fd);
	return pack_names(p, d, depth, e);
}

static int pack_entry(struct packer *p, int dir, const char *name, unsigned depth, struct err *e)
{
	struct stat st;
	int r;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return leave_out(p, strerror(errno));
	switch (st.st_mode & S_IFMT) {
	case S_IFREG:
		r = pack_file(p, dir, name, e);
		break;
	case S_IFDIR:
		return pack_dir(p, dir, name, depth, e);
	case S_IFLNK:
		r = pack_link(p, dir, name, &st);
		break;
	default:
		return leave_out(p, "no file, directory or symbolic link");
	}
	return r < 0 ? r : flush(p, e);
}

/* The named path itself, and a link there only when that is asked for. */
static int pack(struct packer *p, const char *path, const char *as, bool follow, struct err *e)
{
	OWN_FREE char *real = follow ? realpath(path, NULL) : xstrdup(path);
	OWN_FREE char *above = NULL;
	OWN_FD int dir = -1;
	struct stat st;
	char *slash;
	int r;

	if (!real || lstat(real, &st) < 0)
		return err_set(e, errno, "look at %s", esc(path));
	for (size_t n = strlen(real); n > 1 && real[n - 1] == '/'; n--)
		real[n - 1] = '\0';
	slash = strrchr(real, '/');
	above = slash ? xfmt("%.*s", slash == real ? 1 : (int)(slash - real), real) : xstrdup(".");
	dir = open(above, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_set(e, errno, "open %s", esc(above));
	buf_str(&p->path, as);
	r = pack_entry(p, dir, slash && slash[1] ? slash + 1 : slash ? "." : real, 0, e);
	tar_end(&p->out);
	return r < 0 ? r : flush(p, e);
}

int cmd_pack(int argc, char **argv)
{
	static struct packer p;
	const char *as = "x", *owner = NULL;
	bool follow = false;
	struct err e = {0};
	const struct opt opts[] = {
		{OPT_STR, 0, "as", &as, "NAME", "what it is called in the archive"},
		{OPT_STR, 0, "owner", &owner, "UID:GID", "read as this user"},
		{OPT_FLAG, 'L', "follow-link", &follow, NULL,
		 "what PATH leads to, if it is a link"},
		{0},
	};
	const struct opt_usage usage = {"pod-upload pack [OPTION]... PATH",
					"Write a file or a tree to standard output, as an archive.",
					1, 1, 0};

	opt_parse(opts, &usage, argc, argv);
	if (caller_become(owner, &e) < 0 || pack(&p, argv[0], as, follow, &e) < 0)
		return say_err(&e);
	return p.left_out ? POD_EXIT_REFUSED : POD_EXIT_OK;
}
