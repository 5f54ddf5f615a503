/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/list.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "libcommon/jsonw.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/unit.h"
#include "tools/pod-mount/content.h"
#include "tools/pod-mount/written.h"

static const char *const what_names[] = {"content", "mode", "owner", "xattr"};

static void put_marks(struct buf *out, const struct change *c)
{
	const char *before = "  [";

	for (unsigned bit = 1; bit <= MARK_LAST; bit <<= 1) {
		if (!(c->marks & bit))
			continue;
		buf_fmt(out, "%s%s", before, mark_name(bit));
		before = ", ";
	}
	if (*before == ',')
		buf_char(out, ']');
}

static const char *type_word(unsigned mode)
{
	struct change c = {.mode = mode};

	return change_type(&c);
}

/* The other half of a rename, which is not listed by itself. */
static bool is_old_half(const struct change *c)
{
	return c->twin && c->kind == CHANGE_DELETED;
}

/* What a letter alone does not tell. */
static void put_notes(struct buf *out, const struct change *c)
{
	if (c->kind == CHANGE_TYPE)
		buf_fmt(out, "  (%s -> %s)", type_word(c->old_mode), type_word(c->mode));
	if (c->what & WHAT_MODE)
		buf_fmt(out, "  (mode %04o -> %04o)", c->old_mode & 07777, c->mode & 07777);
	if (c->what & WHAT_OWNER)
		buf_fmt(out, "  (owner %u:%u -> %u:%u)", c->old_uid, c->old_gid, c->uid, c->gid);
	if (c->what & WHAT_XATTR)
		buf_str(out, "  (attributes)");
	if (c->kind != CHANGE_DELETED && c->target) {
		buf_str(out, "  -> ");
		buf_esc(out, c->target);
	}
}

/* "old -> new  (97%)"; the marks of both. */
static void put_rename(struct buf *out, const struct survey *s, const struct change *c,
		       const char *cwd)
{
	const struct change *old = &s->changes.v[c->twin - 1];
	struct change both = *c;
	OWN_BUF struct buf path = BUF_INIT;

	buf_str(out, "R  ");
	buf_esc(out, path_from(change_path(old, &path), cwd));
	buf_str(out, " -> ");
	buf_esc(out, path_from(change_path(c, &path), cwd));
	buf_fmt(out, "  (%u%%)", c->similarity);
	if ((c->mode ^ old->old_mode) & 07777 && !S_ISLNK(c->mode))
		buf_fmt(out, "  (mode %04o -> %04o)", old->old_mode & 07777, c->mode & 07777);
	both.marks |= old->marks;
	put_marks(out, &both);
}

void list_line(struct buf *out, const struct survey *s, const struct change *c, const char *cwd)
{
	OWN_BUF struct buf path = BUF_INIT;

	if (c->twin && c->kind == CHANGE_ADDED) {
		put_rename(out, s, c, cwd);
		return;
	}
	buf_fmt(out, "%c  ", c->kind);
	buf_esc(out, path_from(change_path(c, &path), cwd));
	if (change_is_dir(c) && c->kind != CHANGE_TYPE)
		buf_char(out, '/');
	put_notes(out, c);
	put_marks(out, c);
}

/* A new or deleted directory is told by what is in it, if anything listed is. */
bool list_is_implied(const struct survey *s, size_t i)
{
	const struct change *c = &s->changes.v[i];

	if (!change_is_dir(c) || (c->kind != CHANGE_ADDED && c->kind != CHANGE_DELETED))
		return false;
	if (c->marks & ~(unsigned)MARK_SENSITIVE)
		return false;
	for (size_t k = i + 1, end = changes_end(&s->changes, i); k < end; k++)
		if (s->changes.v[k].chosen)
			return true;
	return false;
}

/* What is never folded away. */
static bool stands_out(const struct change *c)
{
	return c->kind != CHANGE_ADDED || c->twin ||
	       c->marks & ~(unsigned)(MARK_BINARY | MARK_LARGE);
}

static size_t count_files(const struct survey *s, size_t i, size_t end)
{
	size_t n = 0;

	for (; i < end; i++)
		n += s->changes.v[i].chosen && !change_is_dir(&s->changes.v[i]);
	return n;
}

static size_t count_large(const struct survey *s, size_t i, size_t end)
{
	size_t n = 0;

	for (; i < end; i++)
		n += s->changes.v[i].chosen && s->changes.v[i].marks & MARK_LARGE;
	return n;
}

void list_why(struct buf *out, struct survey *s, const struct change *c)
{
	const struct run_notes *r = survey_runs(s, c);
	char when[UNIT_TIME_LEN];

	if (r->n == 0)
		return;
	unit_time(r->v[r->n - 1].time_ns, when);
	buf_str(out, "  by ");
	if (r->n > 1)
		buf_fmt(out, "one of %zu runs, last ", r->n);
	buf_esc(out, r->v[r->n - 1].user);
	buf_fmt(out, ", %.10s %.5s UTC: ", when, when + 11);
	buf_esc(out, r->v[r->n - 1].command);
	written_text(out, s, c);
}

void list_runs(struct buf *b, struct survey *s, const struct change *c)
{
	const struct run_notes *r = survey_runs(s, c);
	char when[UNIT_TIME_LEN];

	if (r->n == 0)
		return;
	jw_key(b, "runs");
	jw_open(b, '[');
	for (size_t i = r->n > RUNS_SHOWN ? r->n - RUNS_SHOWN : 0; i < r->n; i++) {
		unit_time(r->v[i].time_ns, when);
		jw_open(b, '{');
		jw_kstr(b, "time", when);
		jw_knum(b, "uid", (int64_t)r->v[i].uid);
		jw_kstr(b, "user", r->v[i].user);
		jw_kstr(b, "command", r->v[i].command);
		jw_close(b, '}');
	}
	jw_close(b, ']');
}

static void print_line(struct survey *s, struct change *c, const struct list_opts *o)
{
	OWN_BUF struct buf line = BUF_INIT;

	if (is_old_half(c))
		return;
	content_mark_binary(s, c);
	list_line(&line, s, c, o->cwd);
	if (o->why)
		list_why(&line, s, c);
	buf_char(&line, '\n');
	fwrite(line.data, 1, line.len, stdout);
}

static void print_fold(struct survey *s, size_t i, size_t end, const struct list_opts *o)
{
	size_t files = count_files(s, i, end);
	size_t large = count_large(s, i, end);
	const struct change *c = &s->changes.v[i];
	OWN_BUF struct buf line = BUF_INIT;
	OWN_BUF struct buf path = BUF_INIT;

	buf_str(&line, "A  ");
	buf_esc(&line, path_from(change_path(c, &path), o->cwd));
	buf_fmt(&line, "/...  (%zu files", files);
	if (large)
		buf_fmt(&line, ", %zu large", large);
	printf("%s)\n", line.data);
	for (size_t k = i + 1; k < end; k++)
		if (s->changes.v[k].chosen && stands_out(&s->changes.v[k]))
			print_line(s, &s->changes.v[k], o);
}

/* The end of what one line, or one fold, stood for. */
static size_t print_one(struct survey *s, size_t i, const struct list_opts *o)
{
	struct change *c = &s->changes.v[i];
	size_t end = change_is_dir(c) ? changes_end(&s->changes, i) : i + 1;

	if (c->kind == CHANGE_ADDED && end - i > LIST_FOLD && !o->no_fold && !stands_out(c) &&
	    count_files(s, i, end) > LIST_FOLD) {
		print_fold(s, i, end, o);
		return end;
	}
	if (end == i + 1 || !list_is_implied(s, i))
		print_line(s, c, o);
	return i + 1;
}

size_t list_text(struct survey *s, const struct list_opts *o)
{
	size_t n = 0, i = 0;

	while (i < s->changes.n) {
		if (!s->changes.v[i].chosen) {
			i++;
			continue;
		}
		n++;
		i = print_one(s, i, o);
	}
	return n;
}

static void put_what(struct buf *b, const struct change *c)
{
	jw_key(b, "what");
	jw_open(b, '[');
	for (unsigned i = 0; i < 4; i++)
		if (c->what & (1u << i))
			jw_string(b, what_names[i]);
	jw_close(b, ']');
}

static void put_mark_names(struct buf *b, const struct change *c)
{
	jw_key(b, "marks");
	jw_open(b, '[');
	for (unsigned bit = 1; bit <= MARK_LAST; bit <<= 1)
		if (c->marks & bit)
			jw_string(b, mark_name(bit));
	jw_close(b, ']');
}

/* "mode" as people write it. */
static void put_side(struct buf *b, unsigned mode, uint64_t size, unsigned uid, unsigned gid)
{
	OWN_FREE char *text = xfmt("%04o", mode & 07777);

	jw_kstr(b, "type", type_word(mode));
	jw_knum(b, "size", (int64_t)size);
	jw_kstr(b, "mode", text);
	jw_knum(b, "uid", uid);
	jw_knum(b, "gid", gid);
}

const char *list_conflict(unsigned verdict)
{
	static const char *const names[] = {
		[BASE_CHANGED] = "changed",
		[BASE_APPEARED] = "appeared",
		[BASE_VANISHED] = "vanished",
		[BASE_UNSURE] = "unsure",
	};

	return verdict < sizeof(names) / sizeof(names[0]) ? names[verdict] : NULL;
}

static void put_named_side(struct buf *b, const char *name, unsigned mode, uint64_t size,
			   const uint32_t ids[2])
{
	if (!mode)
		return;
	jw_key(b, name);
	jw_open(b, '{');
	put_side(b, mode, size, ids[0], ids[1]);
	jw_close(b, '}');
}

void list_sides(struct buf *b, const struct change *c)
{
	put_named_side(b, "host", c->old_mode, c->old_size,
		       (const uint32_t[2]){c->old_uid, c->old_gid});
	put_named_side(b, "pod", c->mode, c->size, (const uint32_t[2]){c->uid, c->gid});
}

void list_members(struct buf *b, struct survey *s, const struct change *c)
{
	OWN_BUF struct buf path = BUF_INIT;
	char kind[2] = {(char)(c->twin ? 'R' : c->kind), '\0'};

	jw_kstr(b, "path", change_path(c, &path));
	jw_kstr(b, "kind", kind);
	if (c->mode)
		put_side(b, c->mode, c->size, c->uid, c->gid);
	else
		put_side(b, c->old_mode, c->old_size, c->old_uid, c->old_gid);
	put_what(b, c);
	put_mark_names(b, c);
	if (c->source != SOURCE_NONE)
		jw_kstr(b, "layer", survey_layer_name(s, c->source));
	if (c->target)
		jw_kstr(b, "target", c->target);
	if (c->from)
		jw_kstr(b, "from", c->from);
	if (c->twin) {
		jw_kstr(b, "renamed_from", change_path(&s->changes.v[c->twin - 1], &path));
		jw_knum(b, "similarity", c->similarity);
	}
	if (list_conflict(c->conflict))
		jw_kstr(b, "conflict", list_conflict(c->conflict));
	list_runs(b, s, c);
	written_json(b, s, c);
	if (c->mode && c->old_mode) {
		jw_key(b, "host");
		jw_open(b, '{');
		put_side(b, c->old_mode, c->old_size, c->old_uid, c->old_gid);
		jw_close(b, '}');
	}
}

size_t list_json(struct survey *s)
{
	OWN_BUF struct buf line = BUF_INIT;
	size_t n = 0;

	for (size_t i = 0; i < s->changes.n; i++) {
		if (!s->changes.v[i].chosen || is_old_half(&s->changes.v[i]))
			continue;
		buf_clear(&line);
		content_mark_binary(s, &s->changes.v[i]);
		jw_open(&line, '{');
		list_members(&line, s, &s->changes.v[i]);
		jw_close(&line, '}');
		buf_char(&line, '\n');
		fwrite(line.data, 1, line.len, stdout);
		n++;
	}
	return n;
}

size_t list_null(const struct survey *s)
{
	OWN_BUF struct buf path = BUF_INIT;
	size_t n = 0;

	for (size_t i = 0; i < s->changes.n; i++) {
		if (!s->changes.v[i].chosen)
			continue;
		change_path(&s->changes.v[i], &path);
		fwrite(path.data, 1, path.len + 1, stdout);
		n++;
	}
	return n;
}
