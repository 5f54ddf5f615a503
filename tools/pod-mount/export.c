/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/export.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "libcommon/tar.h"
#include "tools/pod-mount/patches.h"
#include "tools/pod-mount/xattrs.h"
#include "tools/pod-mount/zfile.h"

struct writer {
	struct survey *s;
	struct zfile z;
	const char *base;
	size_t n;
	struct buf out;
};

static const char *type_word(unsigned mode)
{
	return S_ISREG(mode) ? "file" : S_ISLNK(mode) ? "link" : S_ISDIR(mode) ? "dir" : "other";
}

int export_base(char out[BASE_TEXT], const struct survey *s, const struct change *c)
{
	unsigned char digest[DIGEST_BYTES];
	char hex[2 * DIGEST_BYTES + 1] = "-";
	int r;

	if (!c->old_mode) {
		snprintf(out, BASE_TEXT, "none");
		return 0;
	}
	if (S_ISREG(c->old_mode) || S_ISLNK(c->old_mode)) {
		r = content_digest(s, c, SIDE_HOST, digest);
		if (r < 0)
			return r;
		sodium_bin2hex(hex, sizeof(hex), digest, sizeof(digest));
	}
	snprintf(out, BASE_TEXT, "%s %04o %s", type_word(c->old_mode), c->old_mode & 07777, hex);
	return 0;
}

static int flush(struct writer *w, struct err *e)
{
	int r = zfile_add(&w->z, w->out.data, w->out.len, e);

	buf_clear(&w->out);
	return r;
}

static int failed(const struct change *c, int code, struct err *e)
{
	OWN_BUF struct buf path = BUF_INIT;

	if (code == EBUSY)
		return err_status(e, POD_EXIT_BUSY, ERR_PLAIN,
				  "%s is being written to in the pod: try again",
				  esc(change_path(c, &path)));
	return err_set(e, code, "export %s", esc(change_path(c, &path)));
}

/* --- the first member --- */

static int put_head(struct writer *w, struct err *e)
{
	OWN_TAR_ENTRY struct tar_entry t = {.type = '0', .mode = 0600};
	const struct survey *s = w->s;
	OWN_BUF struct buf text = BUF_INIT;

	buf_fmt(&text, EXPORT_HEAD " 1\npod %s\nuser %u %u\nfrom %s\nchanges %zu\n", s->pod.name,
		s->ids.owner_uid, s->ids.owner_gid, strcmp(w->base, "/") == 0 ? "/" : ".", w->n);
	t.size = text.len;
	clock_gettime(CLOCK_REALTIME, &t.mtime);
	tar_record_str(&t, "path", EXPORT_HEAD);
	tar_put(&w->out, &t);
	buf_add(&w->out, text.data, text.len);
	tar_pad(&w->out, text.len);
	return flush(w, e);
}

/* --- a change --- */

static char tar_type(unsigned mode)
{
	return S_ISREG(mode) ? '0' : S_ISLNK(mode) ? '2' : S_ISDIR(mode) ? '5' : '6';
}

static void put_what(struct tar_entry *t, const struct change *c)
{
	static const char *const words[] = {"content", "mode", "owner", "xattr"};
	OWN_BUF struct buf b = BUF_INIT;

	for (unsigned i = 0; i < 4; i++)
		if (c->what & (1u << i))
			buf_fmt(&b, "%s%s", b.len ? "," : "", words[i]);
	if (b.len)
		tar_record_str(t, "ENVPOD.what", b.data);
}

static void put_marks(struct tar_entry *t, const struct change *c)
{
	OWN_BUF struct buf b = BUF_INIT;

	for (unsigned bit = 1; bit <= MARK_LAST; bit <<= 1)
		if (c->marks & bit)
			buf_fmt(&b, "%s%s", b.len ? "," : "", mark_name(bit));
	if (b.len)
		tar_record_str(t, "ENVPOD.marks", b.data);
}

static int put_base(const struct writer *w, struct tar_entry *t, const struct change *c)
{
	char text[BASE_TEXT] = "unknown";
	int r = c->marks & MARK_CONFLICT ? 0 : export_base(text, w->s, c);

	tar_record_str(t, "ENVPOD.base", text);
	return r;
}

/* ACLs name ids as the pod sees them, as the owner in the header does. */
static int put_xattrs(const struct writer *w, struct tar_entry *t, const struct change *c, int fd)
{
	OWN_XATTRS struct xattrs x = {0};
	int r = xattrs_read(&x, fd, c->from ? NULL : &w->s->ids);

	for (size_t i = 0; i < x.n && r == 0; i++) {
		OWN_FREE char *key = xfmt(EXPORT_XATTR "%s", x.v[i].name);

		if (!strchr(x.v[i].name, '='))
			tar_record(t, key, x.v[i].value, x.v[i].len);
	}
	return r;
}

static int put_content(struct writer *w, int fd, uint64_t size, struct err *e)
{
	static char block[1 << 17];
	int r = flush(w, e);

	while (r == 0 && size > 0) {
		size_t want = size < sizeof(block) ? (size_t)size : sizeof(block);
		ssize_t n = read_full(fd, block, want);

		if (n != (ssize_t)want)
			return n < 0 ? (int)n : -EBUSY;
		r = zfile_add(&w->z, block, want, e);
		size -= want;
	}
	return r;
}

/* What the pod has there: an open file or directory, or -1 for what cannot be opened. */
static int open_pod(const struct writer *w, const struct change *c, struct stat *st)
{
	int fd;

	if (!S_ISREG(c->mode) && !S_ISDIR(c->mode))
		return content_stat(w->s, c, SIDE_POD, st) < 0 ? -ESTALE : -1;
	fd = content_open(w->s, c, SIDE_POD);
	if (fd >= 0 && (fstat(fd, st) < 0 || ((st->st_mode ^ c->mode) & S_IFMT))) {
		close(fd);
		return -EBUSY;
	}
	return fd == -1 ? -EIO : fd;
}

static int put_pod(struct writer *w, struct tar_entry *t, const struct change *c, struct err *e)
{
	struct stat st = {0};
	OWN_FD int fd = open_pod(w, c, &st);
	int r = fd < -1 ? fd : 0;

	t->type = tar_type(c->mode);
	t->mode = c->mode & 07777;
	t->uid = c->uid;
	t->gid = c->gid;
	t->mtime = st.st_mtim;
	t->size = S_ISREG(c->mode) ? (uint64_t)st.st_size : 0;
	if (c->target)
		tar_record_str(t, "linkpath", c->target);
	if (r == 0 && fd >= 0)
		r = put_xattrs(w, t, c, fd);
	if (r < 0)
		return failed(c, -r, e);
	tar_put(&w->out, t);
	r = fd >= 0 ? put_content(w, fd, t->size, e) : 0;
	if (r < 0)
		return e->code || e->msg[0] ? r : failed(c, -r, e);
	tar_pad(&w->out, t->size);
	return flush(w, e);
}

static int put_change(struct writer *w, const struct change *c, struct err *e)
{
	OWN_TAR_ENTRY struct tar_entry t = {.type = '3'};
	OWN_BUF struct buf path = BUF_INIT;
	const char *from_base = path_from(change_path(c, &path), w->base);
	OWN_FREE char *name = xfmt(EXPORT_TREE "%s", from_base + (*from_base == '/'));
	char kind[2] = {(char)c->kind, '\0'};
	int r;

	tar_record_str(&t, "path", name);
	tar_record_str(&t, "ENVPOD.kind", kind);
	put_what(&t, c);
	put_marks(&t, c);
	r = put_base(w, &t, c);
	if (r < 0)
		return failed(c, -r, e);
	if (c->kind != CHANGE_DELETED)
		return put_pod(w, &t, c, e);
	tar_put(&w->out, &t);
	return flush(w, e);
}

/* --- the file --- */

static const char *left_out(const struct change *c)
{
	if (c->marks & MARK_MASKED)
		return "is hidden from the pod";
	if (c->marks & MARK_DEEP)
		return "has a path longer than any program can use";
	if (S_ISCHR(c->mode) || S_ISBLK(c->mode) || S_ISSOCK(c->mode))
		return "is a device or a socket";
	return NULL;
}

static void leave_out(struct writer *w)
{
	OWN_BUF struct buf path = BUF_INIT;

	for (size_t i = 0; i < w->s->changes.n; i++) {
		struct change *c = &w->s->changes.v[i];

		if (c->chosen && (left_out(c) || c->marks & MARK_APPEARED)) {
			if (left_out(c))
				say_warn("%s %s: left out", esc(change_path(c, &path)),
					 left_out(c));
			c->chosen = false;
		}
		w->n += c->chosen;
	}
}

static int write_all(struct writer *w, int fd, struct err *e)
{
	int r = zfile_write(&w->z, fd, e);

	if (r == 0)
		r = put_head(w, e);
	for (size_t i = 0; i < w->s->changes.n && r == 0; i++)
		if (w->s->changes.v[i].chosen)
			r = put_change(w, &w->s->changes.v[i], e);
	if (r < 0)
		return r;
	tar_end(&w->out);
	r = flush(w, e);
	return r < 0 ? r : zfile_end(&w->z, e);
}

static int write_file(struct writer *w, const char *file, struct err *e)
{
	OWN_FREE char *temp = xfmt("%s.part", file);
	OWN_FD int fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r;

	if (fd < 0)
		return err_set(e, errno, "write %s", esc(temp));
	r = write_all(w, fd, e);
	if (r == 0 && fsync(fd) < 0)
		r = err_set(e, errno, "write %s", esc(temp));
	if (r == 0 && rename(temp, file) < 0)
		r = err_set(e, errno, "write %s", esc(file));
	if (r < 0)
		unlink(temp);
	return r;
}

int export_write(struct survey *s, const char *cwd, const char *file, size_t *n, struct err *e)
{
	struct writer w = {.s = s, .z.fd = -1};
	int r;

	leave_out(&w);
	w.base = patches_base(s, cwd);
	*n = w.n;
	if (strcmp(file, "-") != 0)
		r = write_file(&w, file, e);
	else if (isatty(STDOUT_FILENO))
		r = err_status(e, POD_EXIT_USAGE, ERR_PLAIN,
			       "an archive is nothing for a terminal");
	else
		r = write_all(&w, STDOUT_FILENO, e);
	zfile_finish(&w.z);
	buf_finish(&w.out);
	return r;
}
