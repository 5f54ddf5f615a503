/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/patches.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-mount/content.h"
#include "tools/pod-mount/gitpatch.h"
#include "tools/pod-mount/list.h"

static void half_finish(struct half *h)
{
	buf_finish(&h->data);
}

#define OWN_HALF OWN(half_finish)

const char *patches_base(const struct survey *s, const char *cwd)
{
	for (size_t i = 0; i < s->changes.n; i++)
		if (s->changes.v[i].chosen && !change_below(&s->changes.v[i], cwd))
			return "/";
	return cwd;
}

static bool is_old_half(const struct change *c)
{
	return c->kind == CHANGE_DELETED && c->twin;
}

/* Without the slash in front that git takes for the root of its tree. */
static const char *seen_from(const char *path, const char *base)
{
	path = path_from(path, base);
	return path + (*path == '/');
}

/* --- what a patch cannot say --- */

static bool has_exact_mode(const struct survey *s, const struct change *c)
{
	unsigned mode = c->mode & 07777, usual = mode & S_IXUSR ? 0755 : 0644;
	unsigned old = c->twin ? s->changes.v[c->twin - 1].old_mode : c->old_mode;

	if (!S_ISREG(c->mode) || c->kind == CHANGE_DELETED)
		return false;
	return S_ISREG(old) ? mode != (old & 07777) : mode != usual;
}

static bool is_unspeakable(const struct change *c)
{
	return (c->mode && !git_mode(c->mode)) || (c->old_mode && !git_mode(c->old_mode));
}

static void put_comment(struct buf *out, const struct survey *s, const struct change *c,
			const char *base)
{
	size_t i = (size_t)(c - s->changes.v);
	unsigned marks = c->marks & ~(unsigned)(MARK_BINARY | MARK_LARGE);
	bool implied = is_unspeakable(c) && change_is_dir(c) && list_is_implied(s, i);

	if (implied || !(has_exact_mode(s, c) || is_unspeakable(c) || marks ||
			 c->what & (WHAT_OWNER | WHAT_XATTR)))
		return;
	buf_str(out, "# ");
	list_line(out, s, c, base);
	if (c->kind == CHANGE_ADDED && !c->twin && has_exact_mode(s, c))
		buf_fmt(out, "  (mode %04o)", c->mode & 07777);
	buf_char(out, '\n');
}

/* --- patches --- */

void patches_put(struct buf *out, const struct survey *s, const struct change *c, const char *base,
		 bool literal)
{
	const struct change *from = c->twin ? &s->changes.v[c->twin - 1] : c;
	OWN_BUF struct buf old_path = BUF_INIT, new_path = BUF_INIT;
	OWN_HALF struct half old = HALF_INIT, new = HALF_INIT;
	struct gitpatch g = {
		.from = seen_from(change_path(from, &old_path), base),
		.to = seen_from(change_path(c, &new_path), base),
		.old = &old,
		.new = &new,
		.similarity = c->similarity,
		.literal = literal,
	};

	put_comment(out, s, c, base);
	content_half(&old, s, from, SIDE_HOST);
	content_half(&new, s, c, SIDE_POD);
	gitpatch_put(out, &g);
}

/* A piece of text without line ends, tabs and NUL bytes. */
static void put_piece(struct buf *safe, const char *p, size_t n)
{
	OWN_FREE char *piece = xcalloc(1, n + 1);
	char *rest = piece, *part;

	memcpy(piece, p, n);
	while ((part = strsep(&rest, "\\"))) { /* escaped names have these doubled, text has not */
		buf_esc(safe, part);
		if (rest)
			buf_char(safe, '\\');
	}
}

/* Escape sequences are the pod's to write; the reader's terminal is not the pod's to steer. */
static void put_safe(struct buf *safe, const struct buf *text)
{
	const char *p = text->data, *end = p + text->len;

	while (p < end) {
		size_t n = 0;

		while (p + n < end && p[n] && p[n] != '\n' && p[n] != '\t')
			n++;
		put_piece(safe, p, n);
		p += n;
		if (p < end && *p)
			buf_char(safe, *p);
		else if (p < end)
			buf_str(safe, "\\x00");
		p++;
	}
}

void patches_write(const struct buf *text)
{
	OWN_BUF struct buf safe = BUF_INIT;

	if (text->len == 0)
		return;
	if (isatty(STDOUT_FILENO)) {
		put_safe(&safe, text);
		text = &safe;
	}
	fwrite(text->data, 1, text->len, stdout);
}

void patches_print(const struct survey *s, const char *cwd, bool literal)
{
	const char *base = patches_base(s, cwd);
	OWN_BUF struct buf out = BUF_INIT;

	if (strcmp(base, cwd) != 0)
		printf("# paths are seen from /\n");
	for (size_t i = 0; i < s->changes.n; i++) {
		const struct change *c = &s->changes.v[i];

		if (!c->chosen || is_old_half(c))
			continue;
		buf_clear(&out);
		patches_put(&out, s, c, base, literal);
		patches_write(&out);
	}
}
