/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/window.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-mount/mountinfo.h"
#include "tools/pod-mount/overlay.h"
#include "tools/pod-mount/view.h"

bool window_asked(const struct survey_opts *o)
{
	return o->layer || o->since || o->until;
}

int window_prepare(const struct survey_opts *o, struct err *e)
{
	if (o->layer && (o->since || o->until))
		return err_status(e, POD_EXIT_USAGE, ERR_PLAIN,
				  "--layer is one layer: it goes without --since and --until");
	return window_asked(o) ? namespace_own(e) : 0;
}

/* --- which --- */

static bool is_named(const struct layer *l, const char *word)
{
	return strcmp(l->id, word) == 0 || (strcmp(l->name, "-") != 0 && !strcmp(l->name, word));
}

/* Index in the stack, its length for the upper; an id may be shortened to eight digits. */
static int find(const struct survey *s, const char *word, size_t *at, struct err *e)
{
	size_t found = 0, n = strlen(word);

	*at = s->stack.n;
	if (strcmp(word, "upper") == 0)
		return 0;
	for (size_t i = s->stack.n; i-- > 0;)
		if (is_named(&s->stack.v[i], word)) {
			*at = i;
			return 0;
		}
	for (size_t i = 0; i < s->stack.n; i++)
		if (n >= 8 && strncmp(s->stack.v[i].id, word, n) == 0) {
			*at = i;
			found++;
		}
	if (found == 1)
		return 0;
	return err_status(
		e, POD_EXIT_USAGE, ERR_PLAIN,
		found ? "pod %s has several layers whose id begins with %s"
		      : "pod %s has no layer %s (diff --json says which layers are in it; "
			"the writable one is called upper)",
		s->pod.name, esc(word));
}

/* The layers [*from, *to] of the stack, its length standing for the upper. */
static int bounds(const struct survey *s, const struct survey_opts *o, size_t *from, size_t *to,
		  struct err *e)
{
	int r = 0;

	*from = 0;
	*to = s->stack.n;
	if (o->layer) {
		r = find(s, o->layer, from, e);
		*to = *from;
		return r;
	}
	if (o->since && (r = find(s, o->since, from, e)) == 0)
		++*from;
	if (r == 0 && o->until)
		r = find(s, o->until, to, e);
	if (r == 0 && o->since && *from > *to + 1)
		return err_status(e, POD_EXIT_USAGE, ERR_PLAIN, "layer %s comes before layer %s",
				  esc(o->until), esc(o->since));
	return r;
}

/* --- what it is held against --- */

struct base_view {
	struct survey *s;
	struct view v;
	struct stack below;
	struct mounts host;
	int userns;
};

static void base_finish(struct base_view *b)
{
	mounts_finish(&b->host);
	own_close(&b->userns);
}

static int base_open(struct base_view *b, struct survey *s, size_t below, struct err *e)
{
	int r = mounts_read(&b->host, e);

	if (r < 0)
		return r;
	if (mkdirat(s->pod.run, "scratch", 0700) < 0 && errno != EEXIST)
		return err_set(e, errno, "make %s/scratch", s->pod.runpath);
	b->s = s;
	b->below = (struct stack){.v = s->stack.v, .n = below};
	b->userns = pod_userns(&s->pod, s->ids.base, s->ids.uid, s->ids.gid, e);
	b->v = (struct view){
		.pod = &s->pod,
		.plan = &s->plan,
		.stack = &b->below,
		.mask = &s->mask,
		.host = &b->host,
		.userns = b->userns,
	};
	return b->userns < 0 ? b->userns : 0;
}

static int base_cover(struct base_view *b, struct tree *t, struct err *e)
{
	const struct mount_row *row = mounts_find(&b->host, t->cover);
	OWN_FREE char *path = xstrdup(t->cover);
	OWN_FREE char *name = pod_cover_name(t->cover);
	OWN_FREE char *fspath = row ? mount_fspath(row, t->cover) : xstrdup(t->cover);
	const struct cover c = {.path = path,
				.name = name,
				.target = path,
				.dev = row ? row->dev : 0,
				.fspath = fspath,
				.readonly = true};
	int mnt = view_cover(&b->v, &c, e);

	if (mnt < 0)
		return mnt;
	own_close(&t->host);
	t->host = mnt;
	t->host_ids = &b->s->ids;
	return 0;
}

static void keep_layers(struct survey *s, struct tree *t, size_t from, size_t to)
{
	int *fds = (int *)(uintptr_t)t->layers; /* made by the survey, const for those who look */

	for (size_t source = 0; source < s->nlayers; source++) {
		size_t at = s->stack.n - source;

		if (at >= from && at <= to)
			continue;
		own_close(&fds[source]);
		fds[source] = -1;
	}
}

int window_open(struct survey *s, const struct survey_opts *o, struct err *e)
{
	OWN(base_finish) struct base_view b = {.userns = -1};
	size_t from, to;
	int r = bounds(s, o, &from, &to, e);

	if (r == 0)
		r = base_open(&b, s, from < s->stack.n ? from : s->stack.n, e);
	for (size_t i = 0; i < s->covers.n && r == 0; i++) {
		keep_layers(s, &s->trees[i], from, to);
		if (s->trees[i].host >= 0)
			r = base_cover(&b, &s->trees[i], e);
	}
	if (r == 0 && o->layer)
		memset(s->quiet, 0, s->nlayers * sizeof(*s->quiet)); /* asked for by name */
	s->window = true;
	return r;
}
