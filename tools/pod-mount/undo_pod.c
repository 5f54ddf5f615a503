/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bringing back into the pod what a rollback took out of it.  The entries do not go back into the
 * layers they came from, which may have been merged or be shared by now: each of those gets a new
 * layer, in the old order, on top of the stack.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/jsonw.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/record.h"
#include "libcommon/say.h"
#include "tools/pod-mount/copy.h"
#include "tools/pod-mount/give.h"
#include "tools/pod-mount/rollback.h"
#include "tools/pod-mount/run.h"
#include "tools/pod-mount/step.h"
#include "tools/pod-mount/survey.h"
#include "tools/pod-mount/undo.h"

#define PATHS_SHOWN 1000

struct undo_pod {
	struct undo *u;
	struct journal j;
	struct stack stack;
	struct pile *piles;  /* one a site of the old journal */
	struct site *sites;  /* the same: for the host's looks of directories */
	const char **layers; /* of the old journal's, lowest first; NULL: the upper */
	size_t nlayers;
	struct strv newer; /* paths at which the pod has newer work */
};

static void close_piles(struct undo_pod *p)
{
	for (size_t i = 0; i < p->u->old.sites.n; i++) {
		if (p->piles)
			pile_finish(&p->piles[i]);
		if (p->sites)
			site_finish(&p->sites[i]);
	}
	free(p->piles);
	free(p->sites);
	stack_finish(&p->stack);
	p->piles = NULL;
	p->sites = NULL;
}

static void undo_pod_finish(struct undo_pod *p)
{
	close_piles(p);
	free(p->layers);
	strv_finish(&p->newer);
	journal_finish(&p->j);
}

static int open_piles(struct undo_pod *p, struct err *e)
{
	const struct strv *sites = &p->u->old.sites;
	int r = stack_load(&p->stack, &p->u->pod, e);

	p->piles = xcalloc(sites->n + 1, sizeof(*p->piles));
	p->sites = xcalloc(sites->n + 1, sizeof(*p->sites));
	for (size_t i = 0; i < sites->n && r == 0; i++) {
		struct err gone = {0};

		if (site_open(&p->sites[i], sites->v[i], &p->u->pod, &gone) < 0 &&
		    gone.code != ENOENT && gone.code != ENOTDIR && gone.code != ELOOP &&
		    gone.status != POD_EXIT_REFUSED) {
			*e = gone;
			return -gone.code;
		}
		r = pile_open(&p->piles[i], &p->u->pod, &p->stack, sites->v[i], p->sites[i].host,
			      e);
	}
	return r;
}

/* --- newer work --- */

static char *path_of(const struct undo_pod *p, const struct step *st)
{
	return path_clean(p->u->old.sites.v[st->site], st->path);
}

/* A path's entries of several layers come one behind another. */
static void add_path(struct strv *list, const char *path)
{
	if (list->n == 0 || strcmp(list->v[list->n - 1], path) != 0)
		strv_add(list, path);
}

static int find_newer(struct undo_pod *p, struct err *e)
{
	const struct journal *old = &p->u->old;

	for (size_t i = 0; i < old->n; i++) {
		const struct step *st = &old->steps[i];
		OWN_FREE char *path = path_of(p, st);
		bool dir;
		int speaks = pile_speaks(&p->piles[st->site], st->path, &dir);

		if (speaks < 0)
			return err_set(e, -speaks, "look at %s in the pod", esc(path));
		if (st->verb == STEP_DROP && (speaks || dir))
			add_path(&p->newer, path);
	}
	return 0;
}

static void say_newer(const struct undo_pod *p)
{
	for (size_t i = 0; i < p->newer.n; i++) {
		OWN_BUF struct buf b = BUF_INIT;

		if (!p->u->json) {
			say_error("%s: the pod has newer work there",
				  esc(path_from(p->newer.v[i], p->u->cwd)));
			continue;
		}
		jw_open(&b, '{');
		jw_kstr(&b, "path", p->newer.v[i]);
		jw_kstr(&b, "conflict", "newer");
		jw_close(&b, '}');
		printf("%s\n", b.data);
	}
}

/* Roll back what the pod has at some paths: a record of its own. */
static int drop_paths(struct undo *u, const struct strv *paths, size_t *files, struct err *e)
{
	OWN_SURVEY struct survey s = SURVEY_INIT;
	struct selection sel = {.below = *paths, .from_stdin = true};
	const struct survey_opts all = {.all = true, .setup = true};
	int r = survey_adopt(&s, &u->pod, &all, e);

	if (r == 0)
		r = survey_walk(&s, e);
	if (r == 0)
		r = selection_apply(&sel, &s.changes, false, e);
	return r < 0 ? r : rollback_chosen(&s, &sel, files, e);
}

static int clear_newer(struct undo_pod *p, struct err *e)
{
	size_t files;
	int r = find_newer(p, e);

	if (r < 0 || p->newer.n == 0)
		return r;
	if (!p->u->force) {
		say_newer(p);
		return err_status(e, POD_EXIT_REFUSED, ERR_PLAIN,
				  "nothing was undone: newer work at %zu path%s (--force drops it, "
				  "and keeps it for another undo)",
				  p->newer.n, p->newer.n == 1 ? "" : "s");
	}
	if (p->u->dry)
		return 0;
	r = drop_paths(p->u, &p->newer, &files, e);
	close_piles(p);
	strv_finish(&p->newer);
	if (r == 0)
		r = open_piles(p, e);
	if (r == 0)
		r = find_newer(p, e);
	if (r < 0 || p->newer.n == 0)
		return r;
	return err_status(e, POD_EXIT_REFUSED, ERR_PLAIN,
			  "%s: what the pod has there cannot be taken out by itself; commit or "
			  "roll back its directory first",
			  esc(path_from(p->newer.v[0], p->u->cwd)));
}

/* --- the plan --- */

/* Layer IDs sort by time; the upper was on top. */
static int by_age(const void *a, const void *b)
{
	const char *x = *(const char *const *)a, *y = *(const char *const *)b;

	if (!x || !y)
		return (x == NULL) - (y == NULL);
	return strcmp(x, y);
}

static bool same_layer(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static size_t layer_index(const struct undo_pod *p, const char *id)
{
	size_t i = 0;

	while (i < p->nlayers && !same_layer(p->layers[i], id))
		i++;
	return i;
}

static uint64_t start_of(const struct journal *old, const char *id)
{
	for (size_t i = 0; i < old->starts.n; i++)
		if (same_layer(old->starts.v[i].id, id))
			return old->starts.v[i].ns;
	return 0;
}

static bool brings_back(const struct step *st)
{
	return st->from_layer && (st->verb == STEP_DROP || st->verb == STEP_RESET);
}

static void plan_layers(struct undo_pod *p)
{
	const struct journal *old = &p->u->old;
	char id[LAYER_ID_MAX + 1];

	for (size_t i = 0; i < old->n; i++) {
		const struct step *st = &old->steps[i];

		if (!brings_back(st) || layer_index(p, st->layer) < p->nlayers)
			continue;
		p->layers = xrealloc(p->layers, (p->nlayers + 1) * sizeof(*p->layers));
		p->layers[p->nlayers++] = st->layer;
	}
	qsort(p->layers, p->nlayers, sizeof(*p->layers), by_age);
	for (size_t i = 0; i < p->nlayers; i++) {
		layer_new_id(id);
		layer_starts_add(&p->j.layers, id, start_of(old, p->layers[i]));
	}
}

static void plan(struct undo_pod *p)
{
	const struct journal *old = &p->u->old;

	snprintf(p->j.verb, sizeof(p->j.verb), "return");
	snprintf(p->j.undoes, sizeof(p->j.undoes), "%s", old->id);
	p->j.files = old->files;
	for (size_t i = 0; i < old->sites.n; i++)
		journal_site(&p->j, old->sites.v[i]);
	plan_layers(p);
	for (size_t i = 0; i < old->n; i++) {
		const struct step *from = &old->steps[i];
		struct step *st;

		if (!brings_back(from))
			continue;
		st = journal_step(&p->j, STEP_GIVE, from->site, from->path);
		step_from(st, p->j.layers.v[layer_index(p, from->layer)].id, from->path);
		st->mode = from->mode;
		st->taken = from->verb == STEP_DROP;
		st->take = i;
	}
}

/* --- making the layers --- */

static int make_way(struct undo_pod *p, struct run *r, const struct step *st, bool itself)
{
	OWN_FD int tree = give_tree(r, st->layer, p->j.sites.v[st->site]);
	OWN_FREE char *way = xfmt("%s%s", st->raw, itself ? "/" : "");

	return tree < 0 ? tree : give_way(r, &p->piles[st->site], tree, way);
}

/* The topmost layer has the word on how a directory looks. */
static int dress_one(struct undo_pod *p, struct run *r, const struct step *was, const char *layer)
{
	OWN_FD int tree = give_tree(r, layer, p->j.sites.v[was->site]);
	OWN_FD int dir = tree < 0 ? tree : open_beneath(tree, was->path, O_RDONLY | O_DIRECTORY, 0);
	struct looks l = {.mode = was->was_mode, .uid = was->was_uid, .gid = was->was_gid};
	struct stat now;

	if (dir < 0)
		return dir == -ENOENT ? 0 : dir;
	if (fstat(dir, &now) < 0)
		return -errno;
	l.mtime = now.st_mtim;
	return looks_apply(dir, &l);
}

static int dress_all(struct undo_pod *p, struct run *r, const struct step *was)
{
	int x = 0;

	for (size_t i = 0; i < p->j.layers.n && x == 0; i++)
		x = dress_one(p, r, was, p->j.layers.v[i].id);
	return x;
}

static int build(struct undo_pod *p, struct run *r, struct err *e)
{
	const struct journal *old = &p->u->old;
	int x = 0;

	for (size_t i = 0; i < p->j.n && x == 0; i++)
		x = make_way(p, r, &p->j.steps[i], !p->j.steps[i].taken);
	for (size_t i = 0; i < old->n && x == 0; i++)
		if (old->steps[i].verb == STEP_RESET && old->steps[i].from_layer)
			x = dress_all(p, r, &old->steps[i]);
	if (x == 0 && syncfs(r->given) < 0)
		x = -errno;
	return x < 0 ? err_set(e, -x, "make a layer of undo/%s", old->id) : 0;
}

/* --- the whole --- */

static int record(const struct undo_pod *p, struct err *e)
{
	OWN_STRV struct strv paths = {0};
	OWN_EVENT struct event ev;

	for (size_t i = 0; i < p->j.n && paths.n < PATHS_SHOWN; i++) {
		OWN_FREE char *path = path_of(p, &p->j.steps[i]);

		strv_add(&paths, path);
	}
	event_init(&ev, p->u->pod.name, "mount", "return");
	event_str(&ev, "undo", p->j.id);
	event_str(&ev, "undoes", p->u->old.id);
	event_num(&ev, "count", (int64_t)p->j.files);
	event_strv(&ev, "paths", paths.v);
	return record_event(&ev, true, e);
}

static int carry_out(struct undo_pod *p, struct err *e)
{
	OWN_RUN struct run r = RUN_INIT;
	struct err worse = {0};
	int x = journal_begin(&p->j, &p->u->pod, e);

	if (x == 0)
		x = run_open(&r, &p->u->pod, &p->j, &p->u->ids, e);
	if (x < 0)
		return x;
	x = build(p, &r, e);
	if (x == 0)
		x = record(p, e);
	if (x == 0)
		x = journal_prepared(&p->j, e);
	if (x == 0)
		x = run_apply(&r, e);
	if (x == 0)
		return run_close(&r, e);
	if (run_abandon(&r, &worse) < 0)
		say_error("%s", worse.msg);
	return x;
}

static void show(const struct undo_pod *p)
{
	for (size_t i = 0; i < p->j.n; i++) {
		OWN_FREE char *path = path_of(p, &p->j.steps[i]);

		printf("return   %s\n", esc(path_from(path, p->u->cwd)));
	}
}

int undo_in_pod(struct undo *u, struct err *e)
{
	OWN(undo_pod_finish) struct undo_pod p = {.u = u, .j = JOURNAL_INIT};
	int r = open_piles(&p, e);

	if (r == 0)
		r = clear_newer(&p, e);
	if (r < 0)
		return r;
	plan(&p);
	u->files = p.j.files;
	if (u->dry)
		show(&p);
	return u->dry ? 0 : carry_out(&p, e);
}

/* --- and out again --- */

static int mark_undone(struct undo *u, struct err *e)
{
	OWN_UNDO_RECORDS struct undo_records now = {0};
	const char *id;
	int r = undo_records_load(&now, &u->pod, e);

	if (r < 0 || now.n == 0)
		return r;
	id = now.v[now.n - 1].id;
	r = write_file_at(u->old.dir, "undone", id, strlen(id), 0600, true);
	return r < 0 ? err_set(e, -r, "write undo/%s/undone", u->old.id) : 0;
}

int undo_return(struct undo *u, struct err *e)
{
	OWN_STRV struct strv paths = {0};
	int r;

	for (size_t i = 0; i < u->old.n; i++) {
		const struct step *st = &u->old.steps[i];
		OWN_FREE char *path = path_clean(u->old.sites.v[st->site], st->path);

		add_path(&paths, path);
		if (u->dry)
			printf("drop     %s\n", esc(path_from(path, u->cwd)));
	}
	if (u->dry)
		return 0;
	r = drop_paths(u, &paths, &u->files, e);
	return r < 0 ? r : mark_undone(u, e);
}
