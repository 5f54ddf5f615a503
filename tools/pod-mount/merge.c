/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/merge.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "libcommon/clock.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-mount/content.h"
#include "tools/pod-mount/gitbase.h"
#include "tools/pod-mount/merge3.h"

static bool is_text(const struct buf *b)
{
	return !b->len || !memchr(b->data, '\0', b->len);
}

/* The host's must be the very file that was looked at: it is what the merge stands in for. */
static bool read_side(struct buf *b, const struct survey *s, const struct change *c,
		      enum side_of side)
{
	OWN_FD int fd = content_open(s, c, side);
	struct stat st;

	buf_add(b, "", 0);
	if (fd < 0 || read_fd(fd, b, CONTENT_MAX) < 0 || fstat(fd, &st) < 0 || !is_text(b))
		return false;
	return side == SIDE_POD ||
	       (st.st_ino == c->old_ino && clock_ns(&st.st_ctim) == c->old_ctime_ns);
}

static bool is_mergeable(const struct change *c)
{
	return c->chosen && c->marks & MARK_CONFLICT && !c->composed && c->plain && !c->raw &&
	       S_ISREG(c->mode) && S_ISREG(c->old_mode) && c->source != SOURCE_NONE;
}

/*
 * The very content the host had when the pod's change began.  It is at hand where an operation of
 * any pod has replaced or deleted it since, and keeps it; and where git's index says by its stat
 * data that a blob is that content.
 */
static int read_base(struct merges *m, const struct survey *s, const struct change *c,
		     struct buf *b)
{
	OWN_BUF struct buf path = BUF_INIT;
	OWN_FD int dir = -1;
	const struct base_entry *en;
	struct git_place at = {.path = *c->dir ? c->dir : "/"};
	uint64_t start = s->bases.upper_start;
	bool exact = true;
	int r;

	en = base_lookup(&s->bases, change_path(c, &path), &exact, &start);
	if (!exact || (!en && s->bases.upper_unsure))
		return -ENOENT;
	if (!m->loaded)
		preimages_load(&m->kept);
	m->loaded = true;
	r = preimage_read(&m->kept, path.data, en, start, b, CONTENT_MAX);
	if (r != -ENOENT || !en)
		return r;
	dir = open_parent_beneath(s->trees[c->cover].host, survey_within(s, c->cover, path.data),
				  &at.name);
	at.dir = dir;
	return dir < 0 ? -ENOENT : gitbase_read(&at, en, b, CONTENT_MAX);
}

static void merge_one(struct merges *m, struct survey *s, struct change *c)
{
	OWN_BUF struct buf base = BUF_INIT, ours = BUF_INIT, theirs = BUF_INIT, path = BUF_INIT;
	struct merged *to;
	struct merge3 in = {.ours_name = "host", .theirs_name = s->pod.name};

	if (!read_side(&ours, s, c, SIDE_HOST) || !read_side(&theirs, s, c, SIDE_POD) ||
	    read_base(m, s, c, &base) < 0 || !is_text(&base))
		return;
	in.base = base.data ? base.data : "", in.base_len = base.len;
	in.ours = ours.data, in.ours_len = ours.len;
	in.theirs = theirs.data, in.theirs_len = theirs.len;
	m->v = xrealloc(m->v, (m->n + 1) * sizeof(m->v[0]));
	to = &m->v[m->n];
	*to = (struct merged){.path = xstrdup(change_path(c, &path))};
	to->conflicts = merge3(&to->text, &in);
	m->n++;
}

/* Only now do the texts stay where they are. */
static void attach(const struct merges *m, struct survey *s)
{
	for (size_t i = 0; i < m->n; i++) {
		size_t k = changes_find(&s->changes, m->v[i].path);
		struct change *c = &s->changes.v[k];

		if (m->v[i].conflicts && !m->markers)
			continue;
		c->composed = &m->v[i].text;
		c->merged = true;
	}
}

static void drop_texts(struct merges *m)
{
	for (size_t i = 0; i < m->n; i++) {
		free(m->v[i].path);
		buf_finish(&m->v[i].text);
	}
	free(m->v);
	m->v = NULL;
	m->n = 0;
}

void merges_make(struct merges *m, struct survey *s)
{
	drop_texts(m);
	for (size_t i = 0; i < s->changes.n; i++)
		if (is_mergeable(&s->changes.v[i]))
			merge_one(m, s, &s->changes.v[i]);
	attach(m, s);
}

void merges_finish(struct merges *m)
{
	drop_texts(m);
	preimages_finish(&m->kept);
	m->loaded = false;
}
