/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/content.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-mount/patch.h"
#include "tools/pod-mount/raw.h"

#define OPEN_READ (O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)

static int open_on_host(const struct survey *s, unsigned cover, const char *path)
{
	const char *in = survey_within(s, cover, path);

	return s->trees[cover].host < 0 ? -ENOENT
					: open_beneath(s->trees[cover].host, in, OPEN_READ, 0);
}

int content_open(const struct survey *s, const struct change *c, enum side_of side)
{
	OWN_BUF struct buf path = BUF_INIT;
	int fd;

	change_path(c, &path);
	if (side == SIDE_HOST)
		return c->old_mode ? open_on_host(s, c->cover, path.data) : -ENOENT;
	if (c->kind == CHANGE_DELETED)
		return -ENOENT;
	if (c->from)
		return open_on_host(s, c->cover, c->from);
	fd = survey_layer_fd(s, c->cover, c->source);
	return fd < 0 ? -ENOENT : raw_open(s, c, OPEN_READ);
}

/* A side as text: a file's bytes, a link's target; false: there is nothing to show of it. */
struct text {
	struct buf data;
	bool there, binary;
};

static void read_side(struct text *t, const struct survey *s, const struct change *c,
		      enum side_of side)
{
	unsigned mode = side == SIDE_HOST ? c->old_mode : c->mode;
	OWN_FD int fd = -1;

	t->there = mode && !S_ISDIR(mode);
	if (side == SIDE_POD && S_ISLNK(mode))
		buf_str(&t->data, c->target ? c->target : "");
	if (!S_ISREG(mode))
		return;
	fd = content_open(s, c, side);
	t->binary = fd < 0 || read_fd(fd, &t->data, CONTENT_MAX) < 0 ||
		    memchr(t->data.data, '\0', t->data.len);
}

static void mark_binary(const struct survey *s, struct change *c)
{
	char block[8192];

	for (unsigned side = SIDE_HOST; side <= SIDE_POD; side++) {
		unsigned mode = side == SIDE_HOST ? c->old_mode : c->mode;
		OWN_FD int fd = S_ISREG(mode) ? content_open(s, c, side) : -1;
		ssize_t n = fd < 0 ? 0 : read_full(fd, block, sizeof(block));

		if (n > 0 && memchr(block, '\0', (size_t)n))
			c->marks |= MARK_BINARY;
	}
}

void content_mark_binary(struct survey *s)
{
	for (size_t i = 0; i < s->changes.n; i++)
		if (s->changes.v[i].chosen)
			mark_binary(s, &s->changes.v[i]);
}

/* On a terminal the pod's bytes must not steer it; a pipe gets them as they are. */
static void print_body(const struct buf *body)
{
	OWN_BUF struct buf safe = BUF_INIT;
	const char *p = body->data, *end = p + body->len;

	if (!isatty(STDOUT_FILENO)) {
		fwrite(p, 1, body->len, stdout);
		return;
	}
	for (; p < end; p++) {
		unsigned char c = (unsigned char)*p;

		if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
			buf_fmt(&safe, "\\x%02x", c);
		else
			buf_char(&safe, *p);
	}
	fwrite(safe.data ? safe.data : "", 1, safe.len, stdout);
}

static void print_modes(const struct change *c)
{
	if (!c->old_mode)
		printf("new file mode %06o\n", c->mode);
	else if (!c->mode)
		printf("deleted file mode %06o\n", c->old_mode);
	else if (c->mode != c->old_mode)
		printf("old mode %06o\nnew mode %06o\n", c->old_mode, c->mode);
}

static void patch_one(const struct survey *s, const struct change *c, const char *cwd)
{
	OWN_BUF struct buf path = BUF_INIT, out = BUF_INIT, name = BUF_INIT;
	struct text old = {.data = BUF_INIT}, new = {.data = BUF_INIT};
	struct patch_stat stat = {0};
	const char *shown;

	read_side(&old, s, c, SIDE_HOST);
	read_side(&new, s, c, SIDE_POD);
	shown = path_from(change_path(c, &path), cwd);
	buf_esc(&name, shown + (*shown == '/'));
	printf("diff --git a/%s b/%s\n", name.data, name.data);
	print_modes(c);
	if (old.binary || new.binary)
		printf("Binary files a/%s and b/%s differ\n", name.data, name.data);
	else {
		patch_lines(&out, old.data.data ? old.data.data : "", old.data.len,
			    new.data.data ? new.data.data : "", new.data.len, &stat);
		if (out.len)
			printf("--- %s%s\n+++ %s%s\n", old.there ? "a/" : "",
			       old.there ? name.data : "/dev/null", new.there ? "b/" : "",
			       new.there ? name.data : "/dev/null");
		if (out.len)
			print_body(&out);
	}
	buf_finish(&old.data);
	buf_finish(&new.data);
}

void content_patch(const struct survey *s, const char *cwd)
{
	for (size_t i = 0; i < s->changes.n; i++) {
		const struct change *c = &s->changes.v[i];

		if (c->chosen && !(S_ISDIR(c->mode ? c->mode : c->old_mode) && !c->target))
			patch_one(s, c, cwd);
	}
}

static bool stat_one(const struct survey *s, const struct change *c, const char *cwd,
		     struct patch_stat *sum)
{
	OWN_BUF struct buf path = BUF_INIT, name = BUF_INIT;
	struct text old = {.data = BUF_INIT}, new = {.data = BUF_INIT};
	struct patch_stat st = {0};

	read_side(&old, s, c, SIDE_HOST);
	read_side(&new, s, c, SIDE_POD);
	buf_esc(&name, path_from(change_path(c, &path), cwd));
	if (old.binary || new.binary)
		printf(" %s | Bin %llu -> %llu bytes\n", name.data, (unsigned long long)c->old_size,
		       (unsigned long long)c->size);
	else {
		patch_lines(NULL, old.data.data ? old.data.data : "", old.data.len,
			    new.data.data ? new.data.data : "", new.data.len, &st);
		printf(" %s | +%zu -%zu\n", name.data, st.added, st.removed);
	}
	sum->added += st.added;
	sum->removed += st.removed;
	buf_finish(&old.data);
	buf_finish(&new.data);
	return true;
}

void content_stat(const struct survey *s, const char *cwd)
{
	struct patch_stat sum = {0};
	size_t files = 0;

	for (size_t i = 0; i < s->changes.n; i++)
		if (s->changes.v[i].chosen && !change_is_dir(&s->changes.v[i]))
			files += stat_one(s, &s->changes.v[i], cwd, &sum);
	printf(" %zu file%s changed, %zu line%s added, %zu removed\n", files, files == 1 ? "" : "s",
	       sum.added, sum.added == 1 ? "" : "s", sum.removed);
}
