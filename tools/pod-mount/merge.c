/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/merge.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "libcommon/clock.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "tools/pod-mount/content.h"
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

static void merge_one(struct merges *m, struct survey *s, struct change *c)
{
	OWN_BUF struct buf base = BUF_INIT, ours = BUF_INIT, theirs = BUF_INIT, path = BUF_INIT;
	struct merged *to;
	struct merge3 in = {.ours_name = "host", .theirs_name = s->pod.name};

	if (!read_side(&ours, s, c, SIDE_HOST) || !read_side(&theirs, s, c, SIDE_POD) ||
	    basetext_read(&m->bases, s, c, &base, CONTENT_MAX) < 0 || !is_text(&base))
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
	basetexts_finish(&m->bases);
}
