/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/survey.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-mount/committed.h"
#include "tools/pod-mount/cover.h"
#include "tools/pod-mount/journal.h"
#include "tools/pod-mount/marks.h"
#include "tools/pod-mount/unpack.h"
#include "tools/pod-mount/window.h"

const char *survey_layer_id(const struct survey *s, unsigned source)
{
	return source == 0 ? NULL : s->stack.v[s->stack.n - source].id;
}

const char *survey_layer_name(const struct survey *s, unsigned source)
{
	const struct layer *l;

	if (source == SOURCE_NONE)
		return NULL;
	if (source == 0)
		return "upper";
	l = &s->stack.v[s->stack.n - source];
	return strcmp(l->name, "-") != 0 ? l->name : l->id;
}

/* What goes with a deleted directory was deleted by whoever deleted that. */
static unsigned source_of(const struct survey *s, const struct change *c)
{
	OWN_BUF struct buf path = BUF_INIT;
	OWN_FREE char *dir = xstrdup(c->dir);
	char *slash;

	while (c->source == SOURCE_NONE && *dir) {
		size_t i = changes_find(&s->changes, dir);

		if (i < s->changes.n && strcmp(change_path(&s->changes.v[i], &path), dir) == 0)
			c = &s->changes.v[i];
		slash = strrchr(dir, '/');
		*slash = '\0';
	}
	return c->source;
}

const struct run_notes *survey_runs(struct survey *s, const struct change *c)
{
	static const struct run_notes none;
	unsigned source = source_of(s, c);
	struct run_notes *r;
	OWN_FD int dir = -1;

	if (source == SOURCE_NONE)
		return &none;
	if (!s->runs)
		s->runs = xcalloc(s->nlayers, sizeof(*s->runs));
	r = &s->runs[source];
	if (!r->v) {
		dir = source ? layer_open(survey_layer_id(s, source), "") : -1;
		provenance_read(r, source ? dir : s->pod.dir);
		if (!r->v)
			r->v = xcalloc(1, sizeof(*r->v)); /* asked, and there are none */
	}
	return r;
}

int survey_layer_fd(const struct survey *s, unsigned cover, unsigned source)
{
	return s->trees[cover].layers[source];
}

const char *survey_within(const struct survey *s, unsigned cover, const char *path)
{
	const char *in = path_from(path, s->covers.v[cover]);

	return strcmp(in, ".") == 0 ? "" : in;
}

static int open_layers(struct survey *s, struct tree *t, struct err *e)
{
	OWN_FREE char *name = pod_cover_name(t->cover);
	int *fds = xcalloc(s->nlayers, sizeof(*fds));

	t->layers = fds;
	t->n = s->nlayers;
	for (unsigned i = 0; i < s->nlayers; i++)
		fds[i] = -1;
	for (unsigned i = 0; i < s->nlayers; i++) {
		fds[i] = layer_cover(&s->pod, survey_layer_id(s, i), name);
		if (fds[i] < 0 && fds[i] != -ENOENT)
			return err_set(e, -fds[i], "open layer %s of pod %s",
				       survey_layer_name(s, i), s->pod.name);
	}
	return 0;
}

/* A cover whose host directory is gone, or a symlink now, is still shown: all of it is new. */
static int open_tree_of(struct survey *s, unsigned i, struct err *e)
{
	struct tree *t = &s->trees[i];
	struct err gone = {0};

	*t = (struct tree){.cover = s->covers.v[i], .index = i, .host = -1};
	t->host = cover_anchor(t->cover, &gone);
	if (t->host < 0 && t->host != -ENOENT && t->host != -ENOTDIR && t->host != -ELOOP) {
		*e = gone;
		return t->host;
	}
	return open_layers(s, t, e);
}

static int open_trees(struct survey *s, struct err *e)
{
	int r = covers_stored(&s->covers, &s->pod, &s->stack, e);

	s->nlayers = s->stack.n + 1;
	s->trees = xcalloc(s->covers.n + 1, sizeof(*s->trees));
	for (unsigned i = 0; i < s->covers.n && r == 0; i++)
		r = open_tree_of(s, i, e);
	return r;
}

static void note_quiet(struct survey *s, bool setup)
{
	s->quiet = xcalloc(s->nlayers, sizeof(*s->quiet));
	for (unsigned i = 1; i < s->nlayers && !setup; i++) {
		const char *kind = s->stack.v[s->stack.n - i].kind;

		s->quiet[i] = strcmp(kind, "setup") == 0 || strcmp(kind, "base") == 0;
	}
}

static int load_stack(struct survey *s, const struct survey_opts *o, struct err *e)
{
	if (!o->stack)
		return stack_load(&s->stack, &s->pod, e);
	for (size_t i = 0; i < o->stack->n; i++)
		stack_push(&s->stack, o->stack->v[i].id, o->stack->v[i].kind, o->stack->v[i].name);
	return 0;
}

static void leave_upper(struct survey *s)
{
	for (unsigned i = 0; i < s->covers.n; i++) {
		int *layers = (int *)s->trees[i].layers;

		own_close(&layers[0]);
		layers[0] = -1;
	}
}

static int load(struct survey *s, const struct survey_opts *o, struct err *e)
{
	OWN_STRV struct strv dirs = {0};
	int r = load_stack(s, o, e);

	if (r == 0)
		r = bases_load(&s->bases, &s->pod, &s->stack, e);
	if (r == 0)
		r = mask_load(&s->mask, &s->pod, e);
	if (r == 0)
		r = tracked_load(&dirs, &s->pod, e);
	if (r == 0)
		r = open_trees(s, e);
	if (r < 0)
		return r;
	if (o->stack)
		leave_upper(s);
	track_init(&s->track, &s->plan, &dirs, o->all);
	note_quiet(s, o->setup);
	s->ids = ids_of_plan(&s->plan);
	r = pod_init_pid(&s->pod, NULL, e);
	if (r < 0)
		return r;
	s->live = r > 0;
	return window_asked(o) ? window_open(s, o, e) : 0;
}

int survey_open(struct survey *s, const char *pod, const struct survey_opts *o, struct err *e)
{
	int r = pod_open(&s->pod, pod, e);

	if (r == 0)
		r = plan_open(&s->plan, &s->pod, e);
	if (r == 0)
		r = pod_lock(&s->pod, o->wait_ms, e);
	if (r == 0)
		r = layers_recover_idle(&s->pod, e);
	if (r == 0)
		r = journal_recover(&s->pod, e);
	if (r == 0)
		remove_tree_at(s->pod.dir, UNPACK_DIR); /* an apply that was cut off */
	return r < 0 ? r : load(s, o, e);
}

int survey_adopt(struct survey *s, const struct pod *p, const struct survey_opts *o, struct err *e)
{
	int r;

	s->pod = *p;
	s->adopted = true;
	r = plan_open(&s->plan, &s->pod, e);
	return r < 0 ? r : load(s, o, e);
}

bool survey_is_fixed(const struct survey *s)
{
	return s->live || s->foreign;
}

static void close_trees(struct survey *s)
{
	for (unsigned i = 0; s->trees && i < s->covers.n; i++) {
		for (unsigned k = 0; s->trees[i].layers && k < s->nlayers; k++)
			own_close(&s->trees[i].layers[k]);
		free((void *)s->trees[i].layers);
		own_close(&s->trees[i].host);
	}
	free(s->trees);
	s->trees = NULL;
}

static int carry_tree(struct tree *t, unsigned index, const char *cover, int tree, struct err *e)
{
	OWN_FREE char *name = pod_cover_name(cover);
	int *fd = xcalloc(1, sizeof(*fd));

	*t = (struct tree){.cover = cover, .index = index, .layers = fd, .n = 1, .host = -1};
	*fd = open_beneath(tree, name, O_RDONLY | O_DIRECTORY, 0);
	if (*fd < 0)
		return err_set(e, -*fd, "open the change set's %s", name);
	t->host = cover_anchor(cover, e);
	return t->host < 0 ? t->host : 0;
}

int survey_carry(struct survey *s, const struct strv *covers, int tree, struct err *e)
{
	int r = 0;

	close_trees(s);
	strv_finish(&s->covers);
	s->stack.n = 0;
	s->nlayers = 1;
	s->foreign = s->window = true;
	for (size_t i = 0; i < covers->n; i++)
		strv_add(&s->covers, covers->v[i]);
	s->trees = xcalloc(covers->n + 1, sizeof(*s->trees));
	for (size_t i = 0; i < covers->n; i++)
		s->trees[i].host = -1;
	for (unsigned i = 0; i < covers->n && r == 0; i++)
		r = carry_tree(&s->trees[i], i, s->covers.v[i], tree, e);
	return r;
}

int survey_walk(struct survey *s, struct err *e)
{
	struct committed own = {0};
	struct walk w = {
		.ids = &s->ids,
		.track = &s->track,
		.mask = &s->mask,
		.bases = s->window ? NULL : &s->bases,
		.nested = (const char *const *)s->covers.v,
		.quiet = s->quiet,
		.renames = &s->renames,
		.own = &own,
	};
	struct marks *marks = marks_load(plan_str(&s->plan, "user.home", NULL), e);
	int r = marks ? committed_load(&own, &s->pod, e) : -e->code;

	changes_clear(&s->changes);
	renames_finish(&s->renames);
	for (unsigned i = 0; i < s->covers.n && r == 0; i++)
		r = walk_tree(&w, &s->trees[i], &s->changes, e);
	if (s->covers.n > 1)
		changes_sort(&s->changes);
	if (r == 0)
		marks_apply(marks, &s->track, &s->changes);
	marks_free(marks);
	committed_finish(&own);
	return r;
}

void survey_finish(struct survey *s)
{
	close_trees(s);
	for (size_t i = 0; s->runs && i < s->nlayers; i++)
		run_notes_finish(&s->runs[i]);
	free(s->runs);
	if (s->writers)
		writers_finish(s->writers);
	free(s->writers);
	free(s->quiet);
	renames_finish(&s->renames);
	changes_finish(&s->changes);
	strv_finish(&s->covers);
	track_finish(&s->track);
	mask_finish(&s->mask);
	bases_finish(&s->bases);
	stack_finish(&s->stack);
	plan_finish(&s->plan);
	if (!s->adopted)
		pod_finish(&s->pod);
}
