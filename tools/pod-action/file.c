/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files are replaced, not rewritten: a new one beside it, with its looks, takes its name.  Only a
 * file that has other names, or another owner, is rewritten where it lies, for a new one would part
 * it from these.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcommon/io.h"
#include "libcommon/jsonw.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-action/acts.h"
#include "tools/pod-action/keep.h"
#include "tools/pod-action/looks.h"
#include "tools/pod-action/state.h"

/* Where new content comes from: text, or an open file. */
struct content {
	const struct buf *text;
	int from;
};

static int pour(const struct content *c, int to)
{
	static char block[65536];
	ssize_t n;
	int r = 0;

	if (c->text)
		return write_full(to, c->text->data, c->text->len);
	while (r == 0 && (n = read(c->from, block, sizeof(block))) != 0)
		r = n < 0 ? -errno : write_full(to, block, (size_t)n);
	return r;
}

/* `how` takes it back, if it is still what we left. */
static int say_how(struct reply *y, const char *how, const struct place *p, struct err *e)
{
	char left[STATE_HEX];
	int r = state_of(p, left, e);

	if (r < 0)
		return r;
	if (!utf8_ok(p->real))
		reply_never(y, "its path is no UTF-8");
	jw_kstr(&y->undo, "do", how);
	jw_kstr(&y->undo, "path", p->real);
	jw_kstr(&y->undo, "state", left);
	return 0;
}

static int say_remove(struct reply *y, const struct place *p, struct err *e)
{
	return say_how(y, "remove", p, e);
}

static int say_restore(struct reply *y, const struct place *p, struct err *e)
{
	return say_how(y, "restore", p, e);
}

static int make_new(const struct place *p, const struct content *c, mode_t mode, struct err *e)
{
	OWN_FREE char *temp = NULL;
	OWN_FD int fd = place_temp(p, &temp, e);
	int r;

	if (fd < 0)
		return fd;
	r = pour(c, fd);
	if (r == 0 && (fchmod(fd, mode) < 0 || fsync(fd) < 0))
		r = -errno;
	if (r < 0)
		r = err_set(e, -r, "write %s", esc(p->path));
	else
		r = place_put(p, temp, false, e);
	if (r < 0)
		unlinkat(p->dir, temp, 0);
	return r;
}

static int replace(const struct place *p, const struct content *c, int old, const struct stat *st,
		   struct err *e)
{
	OWN_FREE char *temp = NULL;
	OWN_FD int fd = place_temp(p, &temp, e);
	int r;

	if (fd < 0)
		return fd;
	r = pour(c, fd);
	if (r == 0)
		r = looks_copy(old, st, fd);
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	if (r < 0)
		r = err_set(e, -r, "write %s", esc(p->path));
	else
		r = place_put(p, temp, true, e);
	if (r < 0)
		unlinkat(p->dir, temp, 0);
	return r;
}

/* Room for all of it before anything of it is written: there is no way back from half of it. */
static int make_room(int fd, const struct content *c)
{
	struct stat st = {0};
	off_t size;

	if (!c->text && fstat(c->from, &st) < 0)
		return -errno;
	size = c->text ? (off_t)c->text->len : st.st_size;
	if (size == 0 || fallocate(fd, 0, 0, size) == 0 || errno == EOPNOTSUPP)
		return 0;
	return -errno;
}

static int rewrite(const struct place *p, const struct content *c, struct err *e)
{
	OWN_FD int fd = openat(p->dir, p->leaf, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	off_t end;
	int r;

	if (fd < 0)
		return err_set(e, errno, "open %s to write", esc(p->path));
	r = make_room(fd, c);
	if (r == 0)
		r = pour(c, fd);
	end = lseek(fd, 0, SEEK_CUR);
	if (r == 0 && (end < 0 || ftruncate(fd, end) < 0 || fsync(fd) < 0))
		r = -errno;
	return r < 0 ? err_set(e, -r, "write %s", esc(p->path)) : 0;
}

/* New content for what is there. */
static int change(const struct place *p, const struct content *c, struct reply *y, struct err *e)
{
	struct stat st;
	OWN_FD int old = place_read(p, &st, e);
	bool kept, whole;
	int r;

	if (old < 0)
		return old;
	whole = st.st_nlink == 1 && looks_ours(&st); /* at once, or not at all */
	/* whoever may not write to it does not do so by way of its directory either */
	if (faccessat(p->dir, p->leaf, W_OK, AT_EACCESS) < 0)
		return err_set(e, errno, "open %s to write", esc(p->path));
	kept = keep_put(p, y);
	r = whole ? replace(p, c, old, &st, e) : rewrite(p, c, e);
	if (r < 0 && kept && whole)
		keep_drop();
	return r < 0 || !kept ? r : say_restore(y, p, e);
}

static int put_content(const struct place *p, const struct content *c, mode_t mode, struct reply *y,
		       struct err *e)
{
	struct stat st;
	int r = place_stat(p, &st, e);

	if (r < 0)
		return r;
	if (r == 1)
		return change(p, c, y, e);
	r = make_new(p, c, mode, e);
	return r < 0 ? r : say_remove(y, p, e);
}

static int say_file(const struct place *p, struct reply *y, struct err *e)
{
	struct stat st;
	int r = place_stat(p, &st, e);

	jw_kstr(&y->result, "path", p->real);
	if (r == 1)
		jw_knum(&y->result, "bytes", st.st_size);
	return r < 0 ? r : 0;
}

static int open_param(const struct request *q, const char *key, struct place *p, struct err *e)
{
	OWN_FREE char *path = member_need(q->params, key, e);

	return path ? place_open(p, path, e) : -e->code;
}

int act_file_create(const struct request *q, struct reply *y, struct err *e)
{
	OWN_PLACE struct place p = PLACE_INIT;
	OWN_BUF struct buf text = BUF_INIT;
	const struct content c = {.text = &text};
	int r = member_text(q->params, "content", &text, e);

	if (r >= 0)
		r = open_param(q, "path", &p, e);
	if (r >= 0)
		r = make_new(&p, &c, 0644, e);
	if (r >= 0)
		r = say_remove(y, &p, e);
	return r < 0 ? r : say_file(&p, y, e);
}

/* Undone by cutting it off where it ended: what it had before need not be kept. */
static int append(const struct place *p, const struct buf *text, struct reply *y, struct err *e)
{
	struct stat st;
	char left[STATE_HEX];
	OWN_FD int old = place_read(p, &st, e);
	OWN_FD int fd = old < 0 ? -1
				: openat(p->dir, p->leaf,
					 O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int r;

	if (old < 0)
		return old;
	if (fd < 0)
		return err_set(e, errno, "open %s to write", esc(p->path));
	r = write_full(fd, text->data, text->len);
	if (r < 0 && ftruncate(fd, st.st_size) == 0)
		return err_set(e, -r, "write %s", esc(p->path));
	if (r < 0 || fsync(fd) < 0)
		return err_set(e, r < 0 ? -r : errno, "write %s, of which a part is there",
			       esc(p->path));
	r = state_of(p, left, e);
	jw_kstr(&y->undo, "do", "cut");
	jw_kstr(&y->undo, "path", p->real);
	jw_kstr(&y->undo, "state", left);
	jw_knum(&y->undo, "size", st.st_size);
	jw_knum(&y->undo, "sec", st.st_mtim.tv_sec);
	jw_knum(&y->undo, "nsec", st.st_mtim.tv_nsec);
	return r;
}

int act_file_write(const struct request *q, struct reply *y, struct err *e)
{
	OWN_PLACE struct place p = PLACE_INIT;
	OWN_BUF struct buf text = BUF_INIT;
	const struct content c = {.text = &text};
	struct stat st;
	bool more = false;
	int r = member_text(q->params, "content", &text, e);

	if (r == 0)
		r = err_set(e, ERR_PLAIN, "content is missing");
	if (r >= 0)
		r = member_flag(q->params, "append", &more, e);
	if (r >= 0)
		r = open_param(q, "path", &p, e);
	if (r < 0)
		return r;
	if (more && place_stat(&p, &st, e) == 1)
		r = append(&p, &text, y, e);
	else
		r = put_content(&p, &c, 0644, y, e);
	return r < 0 ? r : say_file(&p, y, e);
}

/* Content and mode; the copy is a file of ours, whoever the source belongs to. */
int act_file_copy(const struct request *q, struct reply *y, struct err *e)
{
	OWN_PLACE struct place src = PLACE_INIT, dst = PLACE_INIT;
	struct stat st;
	struct content c;
	OWN_FD int from = -1;
	int r = open_param(q, "src", &src, e);

	if (r >= 0)
		r = open_param(q, "dst", &dst, e);
	if (r >= 0)
		r = from = place_read(&src, &st, e);
	if (r < 0)
		return r;
	if (strcmp(src.real, dst.real) == 0)
		return err_set(e, ERR_PLAIN, "src and dst are the same file");
	c = (struct content){.from = from};
	r = put_content(&dst, &c, st.st_mode & 0777, y, e);
	return r < 0 ? r : say_file(&dst, y, e);
}
