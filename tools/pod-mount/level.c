/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/level.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-mount/renamed.h"
#include "tools/pod-mount/whiteout.h"

#define OPEN_DIR (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)

/* A soft mask at or above the cover does not hold: somebody named this directory to be shown. */
bool path_hidden(const struct walker *w, const char *path)
{
	const struct mask_entry *m;

	if (!w->w->mask || !mask_covers(w->w->mask, path))
		return false;
	m = mask_find(w->w->mask, path);
	return !m || !m->soft || !path_below(w->t->cover, m->path);
}

void walk_fault(struct walker *w)
{
	int code = errno;

	if (!w->fault && (code == EIO || code == EUCLEAN || code == ENOMEM || code == ENFILE))
		w->fault = err_set(w->e, code, "look at %s", esc(w->path.len ? w->path.data : "/"));
	errno = code;
}

static int look(struct walker *w, int dirfd, const char *name, struct stat *st)
{
	int r = fstatat(dirfd, name, st, AT_SYMLINK_NOFOLLOW);

	if (r < 0)
		walk_fault(w);
	return r;
}

static int open_dir(struct walker *w, int dirfd, const char *name)
{
	int fd = openat(dirfd, name, OPEN_DIR);

	if (fd < 0)
		walk_fault(w);
	return fd;
}

const char *path_within(const struct walker *w)
{
	size_t n = strlen(w->t->cover);

	return w->path.data + (n == 1 ? 0 : n);
}

static void note_place(const struct walker *w, struct level *l, const struct level *up)
{
	const char *path = w->path.len ? w->path.data : "/";

	l->path_len = w->path.len;
	l->masks = w->w->mask && (mask_below(w->w->mask, path) || path_hidden(w, path));
	l->place = TRACK_IN;
	l->uniform = true;
	if (!w->w->track)
		return;
	l->place = up && up->uniform ? up->place : track_place(w->w->track, path);
	l->uniform = (up && up->uniform) || track_uniform(w->w->track, path);
}

static void add_part(struct level *l, const struct part *p)
{
	l->parts = xrealloc(l->parts, (l->nparts + 1) * sizeof(l->parts[0]));
	l->parts[l->nparts++] = *p;
}

static void note_rename(struct walker *w, const char *from, uint16_t source)
{
	struct renames *r = w->w->renames;

	if (!r)
		return;
	r->v = xrealloc(r->v, (r->n + 1) * sizeof(r->v[0]));
	r->v[r->n++] = (struct rename_note){
		.path = xstrdup(w->path.data),
		.from = xfmt("%s%s", strcmp(w->t->cover, "/") == 0 ? "" : w->t->cover, from),
		.cover = w->t->index,
		.source = source,
	};
}

void renames_finish(struct renames *r)
{
	for (size_t i = 0; i < r->n; i++) {
		free(r->v[i].path);
		free(r->v[i].from);
	}
	free(r->v);
	*r = (struct renames){0};
}

/* The layers below `source`, and the host, are asked for `where` from their roots on. */
static void follow_redirect(struct walker *w, struct level *down, uint16_t source,
			    struct buf *where)
{
	bool stop = false;

	for (size_t i = source + 1u; i < w->t->n && !stop; i++) {
		OWN_FREE char *raw = xstrdup(where->data);
		struct part p = {.source = (uint16_t)i};

		p.fd = w->t->layers[i] < 0 ? -1 : renamed_lookup(w->t->layers[i], where, &stop);
		if (p.fd < 0 && w->t->layers[i] >= 0) {
			errno = -p.fd;
			walk_fault(w);
		}
		if (p.fd < 0)
			continue;
		p.raw = take_ptr(raw);
		p.below = xstrdup(where->data);
		add_part(down, &p);
	}
	if (stop || w->t->host < 0)
		return;
	buf_clear(&w->text);
	buf_fmt(&w->text, "%s%s", strcmp(w->t->cover, "/") == 0 ? "" : w->t->cover, where->data);
	if (path_hidden(w, w->text.data))
		return;
	down->shown = open_beneath(w->t->host, where->data, O_RDONLY | O_DIRECTORY | O_NONBLOCK, 0);
	if (down->shown >= 0) {
		down->from = xstrdup(w->text.data);
		return;
	}
	errno = -down->shown;
	walk_fault(w);
}

enum flow { FLOW_ON, FLOW_STOPPED, FLOW_REDIRECTED };

/* One layer's directory of the group joins; what shows through below it? */
static enum flow join_part(struct walker *w, const struct part *up, const struct group *g,
			   struct level *down)
{
	OWN_FREE struct dir_marks *marks = xcalloc(1, sizeof(*marks));
	OWN_BUF struct buf where = BUF_INIT;
	struct part p = {.fd = open_dir(w, up->fd, g->name), .source = up->source};
	bool unreadable;

	if (p.fd < 0)
		return FLOW_STOPPED; /* a file or a whiteout: it hides what is below */
	unreadable = dir_marks_read(p.fd, marks) < 0;
	if (unreadable)
		walk_fault(w);
	p.raw = up->raw ? xfmt("%s/%s", up->raw, g->name) : NULL;
	p.below = up->below ? xfmt("%s/%s", up->below, g->name) : NULL;
	if (marks->redirected) {
		/* A bare name stands beside where the parent's lower half lies. */
		renamed_target(&where, p.below ? p.below : path_within(w), marks->redirect);
		free(p.below);
		p.below = xstrdup(where.data);
	}
	add_part(down, &p);
	if (unreadable || marks->opaque)
		return FLOW_STOPPED;
	if (!marks->redirected)
		return FLOW_ON;
	follow_redirect(w, down, up->source, &where);
	note_rename(w, where.data, up->source);
	return FLOW_REDIRECTED;
}

static size_t layers_in(const struct group *g)
{
	size_t n = 0;

	while (n < g->n && g->v[n].part < PART_SHOWN)
		n++;
	return n;
}

static enum flow join_parts(struct walker *w, const struct level *up, const struct group *g,
			    struct level *down)
{
	size_t n = layers_in(g);
	enum flow flow = FLOW_ON;

	for (size_t i = 0; i < n && flow == FLOW_ON; i++) {
		const struct part *p = &up->parts[g->v[i].part];

		flow = join_part(w, p, g, down);
		if (flow == FLOW_STOPPED && w->w->quiet)
			down->quiet = w->w->quiet[p->source];
	}
	down->fresh = flow != FLOW_REDIRECTED && down->nparts == n;
	return flow;
}

/* A directory that shows through from elsewhere lets its own directories show through. */
static void show_below(struct walker *w, const struct level *up, const struct group *g,
		       struct level *down)
{
	if (up->shown < 0)
		return;
	buf_clear(&w->text);
	buf_fmt(&w->text, "%s/%s", up->from, g->name);
	if (up->masks && path_hidden(w, w->text.data))
		return;
	down->shown = open_dir(w, up->shown, g->name);
	if (down->shown >= 0)
		down->from = xstrdup(w->text.data);
}

void level_enter(struct walker *w, const struct level *up, const struct group *g,
		 struct level *down)
{
	enum flow flow;

	*down = (struct level){.host = -1, .shown = -1, .quiet = up->quiet};
	note_place(w, down, up);
	flow = join_parts(w, up, g, down);
	if (g->on_host && S_ISDIR(g->host.st_mode))
		down->host = open_dir(w, up->host, g->name);
	down->vanished = up->vanished ||
			 (flow == FLOW_ON && up->clear && !g->on_host && !g->masked &&
			  down->nparts > 0 && is_copied_up(up->parts[g->v[0].part].fd, g->name));
	if (flow == FLOW_ON) {
		show_below(w, up, g, down);
		down->clear = up->clear && down->host >= 0 && down->nparts > 0;
	}
	down->fresh = down->fresh && down->host < 0 && down->shown < 0 && down->nparts > 0 &&
		      (up->clear || up->fresh);
	if (down->shown >= 0)
		down->masks = w->w->mask != NULL;
}

void level_root(struct walker *w, struct level *down)
{
	*down = (struct level){.host = -1, .shown = -1};
	note_place(w, down, NULL);
	for (size_t i = 0; i < w->t->n; i++) {
		struct part p = {.fd = -1, .source = (uint16_t)i};

		if (w->t->layers[i] >= 0)
			p.fd = fcntl(w->t->layers[i], F_DUPFD_CLOEXEC, 3);
		if (w->t->layers[i] >= 0)
			add_part(down, &p);
	}
	if (w->t->host >= 0)
		down->host = fcntl(w->t->host, F_DUPFD_CLOEXEC, 3);
	down->clear = down->host >= 0;
	down->fresh = !down->clear;
}

static uint8_t type_of(const struct stat *st)
{
	return IFTODT(st->st_mode);
}

void level_step(struct walker *w, const struct level *up, const char *name, struct level *down)
{
	OWN_FREE struct name *found = xcalloc(up->nparts + 1, sizeof(*found));
	struct group g = {.name = name, .v = found};
	struct stat st;

	w->path.len = up->path_len;
	buf_fmt(&w->path, "/%s", name);
	for (size_t i = 0; i < up->nparts; i++)
		if (look(w, up->parts[i].fd, name, &st) == 0)
			found[g.n++] = (struct name){.part = (uint16_t)i, .type = type_of(&st)};
	g.masked = up->masks && path_hidden(w, w->path.data);
	g.on_host = up->host >= 0 && !g.masked && look(w, up->host, name, &g.host) == 0;
	level_enter(w, up, &g, down);
}

int level_read(struct walker *w, struct level *l)
{
	int r = 0;

	for (size_t i = 0; i < l->nparts && r == 0; i++)
		r = names_read(&l->names, l->parts[i].fd, (uint16_t)i);
	if (r == 0 && l->shown >= 0)
		r = names_read(&l->names, l->shown, PART_SHOWN);
	if (r == 0 && l->host >= 0 && !l->clear)
		r = names_read(&l->names, l->host, PART_HOST);
	if (r < 0)
		return err_set(w->e, -r, "list %s", esc(w->path.len ? w->path.data : "/"));
	names_sort(&l->names);
	return 0;
}

void level_finish(struct level *l)
{
	for (size_t i = 0; i < l->nparts; i++) {
		own_close(&l->parts[i].fd);
		free(l->parts[i].raw);
		free(l->parts[i].below);
	}
	free(l->parts);
	free(l->from);
	own_close(&l->host);
	own_close(&l->shown);
	names_finish(&l->names);
	*l = (struct level){.host = -1, .shown = -1};
}
