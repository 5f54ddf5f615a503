/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/journal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-mount/journal_words.h"

const char *const step_verbs[STEP_VERBS] = {"put", "remove", "meta", "drop", "reset", "give"};

/* --- in memory --- */

uint32_t journal_site(struct journal *j, const char *cover)
{
	for (size_t i = 0; i < j->sites.n; i++)
		if (strcmp(j->sites.v[i], cover) == 0)
			return (uint32_t)i;
	strv_add(&j->sites, cover);
	return (uint32_t)j->sites.n - 1;
}

struct step *journal_step(struct journal *j, enum step_verb verb, uint32_t site, const char *path)
{
	struct step *st;

	if (j->n == j->cap) {
		j->cap = j->cap ? 2 * j->cap : 64;
		j->steps = xrealloc(j->steps, j->cap * sizeof(j->steps[0]));
	}
	st = &j->steps[j->n++];
	*st = (struct step){.verb = verb, .site = site, .path = xstrdup(path)};
	return st;
}

void step_from(struct step *st, const char *layer, const char *raw)
{
	st->from_layer = true;
	st->layer = layer ? xstrdup(layer) : NULL;
	st->raw = xstrdup(raw);
}

void journal_prune(struct journal *j, uint32_t site, const char *layer, const char *raw)
{
	if (j->nprunes == j->capprunes) {
		j->capprunes = j->capprunes ? 2 * j->capprunes : 64;
		j->prunes = xrealloc(j->prunes, j->capprunes * sizeof(j->prunes[0]));
	}
	j->prunes[j->nprunes++] = (struct prune){site, layer ? xstrdup(layer) : NULL, xstrdup(raw)};
}

void layer_starts_add(struct layer_starts *list, const char *id, uint64_t ns)
{
	list->v = xrealloc(list->v, (list->n + 1) * sizeof(list->v[0]));
	list->v[list->n++] = (struct layer_start){id ? xstrdup(id) : NULL, ns};
}

static void layer_starts_finish(struct layer_starts *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->v[i].id);
	free(list->v);
}

struct dir_time *dir_times_add(struct dir_times *list, uint32_t site, const char *path)
{
	struct dir_time *d;

	if (list->n == list->cap) {
		list->cap = list->cap ? 2 * list->cap : 16;
		list->v = xrealloc(list->v, list->cap * sizeof(list->v[0]));
	}
	d = &list->v[list->n++];
	*d = (struct dir_time){.site = site, .path = xstrdup(path)};
	return d;
}

static void dir_times_finish(struct dir_times *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->v[i].path);
	free(list->v);
}

bool journal_on_host(const struct journal *j)
{
	return strcmp(j->verb, "commit") == 0 || strcmp(j->verb, "undo") == 0 ||
	       strcmp(j->verb, "redo") == 0;
}

void journal_finish(struct journal *j)
{
	for (size_t i = 0; i < j->n; i++) {
		free(j->steps[i].path);
		free(j->steps[i].layer);
		free(j->steps[i].raw);
	}
	for (size_t i = 0; i < j->nprunes; i++) {
		free(j->prunes[i].layer);
		free(j->prunes[i].raw);
	}
	free(j->steps);
	free(j->prunes);
	layer_starts_finish(&j->layers);
	layer_starts_finish(&j->starts);
	dir_times_finish(&j->dirs);
	dir_times_finish(&j->times);
	strv_finish(&j->sites);
	own_close(&j->dir);
	own_close(&j->fd);
	*j = (struct journal)JOURNAL_INIT;
}

/* --- writing --- */

static void put_path(struct buf *b, const char *path)
{
	for (; *path; path++) {
		if (*path == '\\' || *path == '\n')
			buf_str(b, *path == '\n' ? "\\n" : "\\\\");
		else
			buf_char(b, *path);
	}
	buf_char(b, '\n');
}

static void put_step(struct buf *b, const struct step *st)
{
	buf_fmt(b, "step %s %u %o %u %u %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " ",
		step_verbs[st->verb], st->site, st->mode, st->uid, st->gid, st->old.ino,
		st->old.ctime_ns, st->old.mtime_ns, st->old.size);
	put_path(b, st->path);
	if (st->from_layer) {
		buf_fmt(b, "from %o %u %u %s ", st->was_mode, st->was_uid, st->was_gid,
			st->layer ? st->layer : "-");
		put_path(b, st->raw);
	}
	if (st->taken)
		buf_fmt(b, "take %" PRIu64 "\n", st->take);
	if (st->kept)
		buf_str(b, "kept \n");
}

static void put_starts(struct buf *b, const char *word, const struct layer_starts *list)
{
	for (size_t i = 0; i < list->n; i++)
		buf_fmt(b, "%s %s %" PRIu64 "\n", word, list->v[i].id ? list->v[i].id : "-",
			list->v[i].ns);
}

static void put_times(struct buf *b, const char *word, const struct dir_times *list)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct dir_time *d = &list->v[i];

		buf_fmt(b, "%s %u %" PRIu64 " %" PRIu64 " ", word, d->site, d->ino, d->ns);
		put_path(b, d->path);
	}
}

static void put_plan(struct buf *b, const struct journal *j)
{
	buf_fmt(b, "envpod-journal 1 %s\n", j->verb);
	if (*j->undoes)
		buf_fmt(b, "undoes %s\n", j->undoes);
	buf_fmt(b, "files %" PRIu64 "\n", j->files);
	for (size_t i = 0; i < j->sites.n; i++) {
		buf_str(b, "site ");
		put_path(b, j->sites.v[i]);
	}
	put_starts(b, "start", &j->starts);
	put_starts(b, "layer", &j->layers);
	for (size_t i = 0; i < j->n; i++)
		put_step(b, &j->steps[i]);
	for (size_t i = 0; i < j->nprunes; i++) {
		const struct prune *p = &j->prunes[i];

		buf_fmt(b, "prune %u %s ", p->site, p->layer ? p->layer : "-");
		put_path(b, p->raw);
	}
	put_times(b, "time", &j->times);
	buf_str(b, "planned\n");
}

static int append(struct journal *j, const struct buf *b, struct err *e)
{
	int r = write_full(j->fd, b->data, b->len);

	if (r == 0 && fsync(j->fd) < 0)
		r = -errno;
	return r < 0 ? err_set(e, -r, "write undo/%s/journal", j->id) : 0;
}

static int open_dir(int at, const char *path)
{
	return open_beneath(at, path, O_RDONLY | O_DIRECTORY, 0);
}

/* A name that sorts by time; a second one within the same second is told apart by its number. */
static int make_dir(struct journal *j, const struct pod *p, struct err *e)
{
	OWN_FD int undo = -1;
	int r;

	if (mkdirat(p->dir, "undo", 0700) < 0 && errno != EEXIST)
		return err_set(e, errno, "make %s/undo", p->path);
	undo = open_dir(p->dir, "undo");
	if (undo < 0)
		return err_set(e, -undo, "open %s/undo", p->path);
	do {
		r = undo_id_next(undo, j->id);
		if (r < 0)
			return err_set(e, -r, "list %s/undo", p->path);
		r = mkdirat(undo, j->id, 0700) < 0 ? -errno : 0;
	} while (r == -EEXIST);
	if (r < 0)
		return err_set(e, -r, "make %s/undo/%s", p->path, j->id);
	/* From here on the next command looks after it. */
	if (write_file_at(undo, "open", j->id, strlen(j->id), 0600, false) < 0)
		return err_set(e, errno, "write %s/undo/open", p->path);
	j->dir = open_dir(undo, j->id);
	if (j->dir < 0 || mkdirat(j->dir, "new", 0700) < 0 || fsync(undo) < 0)
		return err_set(e, errno, "make %s/undo/%s/new", p->path, j->id);
	return 0;
}

int journal_begin(struct journal *j, const struct pod *p, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;
	int r = make_dir(j, p, e);

	if (r < 0)
		return r;
	j->fd = openat(j->dir, "journal", O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
	if (j->fd < 0)
		return err_set(e, errno, "make undo/%s/journal", j->id);
	put_plan(&b, j);
	r = append(j, &b, e);
	if (r == 0 && fsync(j->dir) < 0)
		r = err_set(e, errno, "sync undo/%s", j->id);
	j->state = JOURNAL_PLANNED;
	return r;
}

int journal_prepared(struct journal *j, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;
	int r;

	for (size_t i = 0; i < j->n; i++)
		if (j->steps[i].staged)
			buf_fmt(&b, "staged %zu %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", i,
				j->steps[i].staged, j->steps[i].staged_mtime_ns,
				j->steps[i].staged_size);
	put_times(&b, "dir", &j->dirs);
	buf_str(&b, "prepared\n");
	r = append(j, &b, e);
	if (r == 0)
		j->state = JOURNAL_PREPARED;
	return r;
}

static void put_left(struct buf *b, size_t i, const struct step *st)
{
	if (st->has_left)
		buf_fmt(b, "left %zu %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %o\n", i,
			st->left.ino, st->left.ctime_ns, st->left.mtime_ns, st->left.size,
			st->left_mode);
}

int journal_applied(struct journal *j, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;

	for (size_t i = 0; i < j->n; i++)
		put_left(&b, i, &j->steps[i]);
	for (size_t i = 0; i < j->dirs.n; i++)
		if (j->dirs.v[i].has_left)
			buf_fmt(&b, "dirleft %zu %" PRIu64 "\n", i, j->dirs.v[i].left_ns);
	buf_str(&b, "applied\n");
	j->state = JOURNAL_APPLIED;
	return append(j, &b, e);
}

int journal_end(struct journal *j, enum journal_state state, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;
	int r;

	buf_str(&b, state == JOURNAL_DONE ? "done\n" : "undone\n");
	j->state = state;
	r = append(j, &b, e);
	if (r == 0 && unlinkat(j->dir, "../open", 0) < 0 && errno != ENOENT)
		r = err_set(e, errno, "remove undo/open");
	return r;
}
