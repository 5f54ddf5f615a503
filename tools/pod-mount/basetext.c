/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/basetext.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-mount/gitbase.h"

#define SEEN_NAME "seen"
#define SEEN_MAX  (4u << 20) /* bytes */
#define SEEN_END  "end\n"

/* --- what was seen --- */

/* The text of this view's notes without its end, and what it says; empty when there is none. */
static void seen_load(const struct survey *s, struct buf *text, struct bases *seen)
{
	struct err ignore = {0};

	if (read_file_at(s->pod.dir, SEEN_NAME, text, SEEN_MAX) == 0 && text->len &&
	    base_parse(seen, 0, text->data, text->len, &ignore) == 0 &&
	    seen->starts[0] == s->bases.upper_start) {
		text->len -= strlen(SEEN_END);
		return;
	}
	bases_finish(seen);
	*seen = (struct bases){0};
	buf_clear(text);
	buf_fmt(text, "envpod-base 1 %" PRIu64 "\n", s->bases.upper_start);
}

static const struct base_entry *seen_find(const struct bases *seen, const char *path)
{
	uint64_t start;
	bool exact = false;
	const struct base_entry *en = base_lookup(seen, path, &exact, &start);

	return en && exact && en->kind == BASE_HOST ? en : NULL;
}

/* Of the upper alone, and the host's file is from before the view. */
static bool is_worth(const struct survey *s, const struct change *c, const char *path)
{
	uint64_t start;
	bool exact;

	return c->source == 0 && c->plain && !c->raw && S_ISREG(c->mode) && S_ISREG(c->old_mode) &&
	       !(c->marks & MARK_CONFLICT) && c->old_ctime_ns < s->bases.upper_start &&
	       !base_lookup(&s->bases, path, &exact, &start);
}

static struct timespec timespec_of(uint64_t ns)
{
	return (struct timespec){(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};
}

static void put(struct buf *text, const struct change *c, const char *path)
{
	const struct stat st = {
		.st_ino = c->old_ino,
		.st_size = (off_t)c->old_size,
		.st_mode = c->old_mode,
		.st_mtim = timespec_of(c->old_mtime_ns),
		.st_ctim = timespec_of(c->old_ctime_ns),
	};

	base_line(text, BASE_HOST, &st, path);
}

void seen_note(const struct survey *s)
{
	OWN_BUF struct buf text = BUF_INIT, path = BUF_INIT;
	struct bases seen = {0};
	size_t had;

	if (s->window || s->bases.upper_unsure || s->bases.upper_start == 0)
		return;
	seen_load(s, &text, &seen);
	had = text.len;
	for (size_t i = 0; i < s->changes.n && text.len < SEEN_MAX / 2; i++) {
		const struct change *c = &s->changes.v[i];

		if (is_worth(s, c, change_path(c, &path)) && !seen_find(&seen, path.data))
			put(&text, c, path.data);
	}
	bases_finish(&seen);
	if (text.len == had)
		return;
	buf_str(&text, SEEN_END);
	write_file_at(s->pod.dir, SEEN_NAME, text.data, text.len, 0600, false);
}

/* --- reading --- */

void basetexts_finish(struct basetexts *t)
{
	preimages_finish(&t->kept);
	bases_finish(&t->seen);
	*t = (struct basetexts){0};
}

static const struct base_entry *find_seen(struct basetexts *t, const struct survey *s,
					  const char *path)
{
	OWN_BUF struct buf text = BUF_INIT;

	if (!t->looked)
		seen_load(s, &text, &t->seen);
	t->looked = true;
	return seen_find(&t->seen, path);
}

static int read_git(const struct survey *s, const struct change *c, const char *path,
		    const struct base_entry *en, struct buf *b, size_t max)
{
	struct git_place at = {.path = *c->dir ? c->dir : "/"};
	OWN_FD int dir = open_parent_beneath(s->trees[c->cover].host,
					     survey_within(s, c->cover, path), &at.name);

	at.dir = dir;
	return dir < 0 ? -ENOENT : gitbase_read(&at, en, b, max);
}

int basetext_read(struct basetexts *t, const struct survey *s, const struct change *c,
		  struct buf *b, size_t max)
{
	OWN_BUF struct buf path = BUF_INIT;
	const struct base_entry *en;
	uint64_t start = s->bases.upper_start;
	bool exact = true;
	int r;

	en = base_lookup(&s->bases, change_path(c, &path), &exact, &start);
	if (!exact || (!en && s->bases.upper_unsure))
		return -ENOENT;
	if (!en)
		en = find_seen(t, s, path.data);
	if (!t->loaded)
		preimages_load(&t->kept);
	t->loaded = true;
	r = preimage_read(&t->kept, path.data, en, start, b, max);
	return r != -ENOENT || !en ? r : read_git(s, c, path.data, en, b, max);
}
