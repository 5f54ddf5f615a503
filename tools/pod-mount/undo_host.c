/* SPDX-License-Identifier: Apache-2.0 */
/* Undoing what a commit did, or what an undo of one did. */
#include "tools/pod-mount/undo_host.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/record.h"
#include "libcommon/say.h"
#include "tools/pod-mount/copy.h"
#include "tools/pod-mount/step.h"

#define PATHS_SHOWN 1000

static void undo_host_finish(struct undo_host *h)
{
	for (size_t i = 0; h->sites && i < h->u->old.sites.n; i++)
		site_finish(&h->sites[i]);
	free(h->sites);
	free(h->of);
	free(h->lost);
	own_close(&h->kept);
	own_left_finish(&h->own);
	journal_finish(&h->j);
}

static int open_all(struct undo_host *h, struct err *e)
{
	const struct journal *old = &h->u->old;
	int r = 0;

	h->kept = open_beneath(old->dir, "new", O_RDONLY | O_DIRECTORY, 0);
	if (h->kept < 0)
		return err_set(e, -h->kept, "open undo/%s/new", old->id);
	h->sites = xcalloc(old->sites.n + 1, sizeof(*h->sites));
	for (size_t i = 0; i < old->sites.n; i++)
		h->sites[i] = (struct site)SITE_INIT;
	for (size_t i = 0; i < old->sites.n && r == 0; i++)
		r = site_open(&h->sites[i], old->sites.v[i], &h->u->pod, e);
	return r;
}

/* --- staging --- */

/* Onto another filesystem: a copy; the record's own goes when the record does. */
static int stage_far(struct run *r, const struct step *st, const char *was, const char *name)
{
	OWN_FD int fd = -1;
	OWN_XATTRS struct xattrs x = {0};
	struct stat now;
	struct looks l;
	int y = fstatat(r->taken, was, &now, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;

	if (y == 0 && (S_ISREG(now.st_mode) || S_ISDIR(now.st_mode))) {
		fd = openat(r->taken, was, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		y = fd < 0 ? -errno : xattrs_read(&x, fd, NULL);
	}
	if (y < 0)
		return y;
	l = (struct looks){now.st_mode, now.st_uid, now.st_gid, now.st_mtim, fd < 0 ? NULL : &x};
	return copy_entry(r->taken, was, &now, step_stage(r, st), name, &l);
}

static int stage_put(struct run *r, struct step *st, const struct step *old, const char *name)
{
	char was[STEP_NAME];
	struct stat now;
	int x = 0;

	step_name(was, st->take);
	if (!r->sites[st->site].near)
		x = stage_far(r, st, was, name);
	else if (renameat2(r->sites[st->site].taken, was, step_stage(r, st), name,
			   RENAME_NOREPLACE) < 0)
		x = -errno;
	if (x == 0 && !entry_look(step_stage(r, st), name, &now))
		x = -errno;
	if (x < 0)
		return x;
	step_staged(st, &now);
	/* Emptying it changed its time; when its entries are back it gets the old one. */
	if (S_ISDIR(now.st_mode) && old->old.mtime_ns)
		st->staged_mtime_ns = old->old.mtime_ns;
	return 0;
}

static int stage(struct undo_host *h, struct run *r, struct err *e)
{
	int x = 0;

	for (size_t i = 0; i < h->j.n && x == 0; i++) {
		struct step *st = &h->j.steps[i];
		char name[STEP_NAME];

		step_name(name, i);
		if (st->verb == STEP_PUT)
			x = stage_put(r, st, &h->u->old.steps[h->of[i]], name);
		else if (st->verb == STEP_META)
			x = run_keep_looks(r, st, name);
		if (x < 0)
			x = run_failed(r, st, -x, "stage", e);
	}
	return x;
}

/* --- the whole --- */

static int record(const struct undo_host *h, const char *name, const char *why, struct err *e)
{
	OWN_STRV struct strv paths = {0};
	OWN_EVENT struct event ev;

	for (size_t i = 0; i < h->j.n && paths.n < PATHS_SHOWN; i++) {
		const struct step *st = &h->j.steps[i];
		OWN_FREE char *path = path_clean(h->j.sites.v[st->site], st->path);

		if (!S_ISDIR(st->mode))
			strv_add(&paths, path);
	}
	event_init(&ev, h->u->pod.name, "mount", name);
	event_str(&ev, "undo", h->j.id);
	event_str(&ev, "undoes", h->u->old.id);
	event_num(&ev, "count", (int64_t)h->j.files);
	if (why)
		event_str(&ev, "reason", why);
	event_strv(&ev, "paths", paths.v);
	return record_event(&ev, true, e);
}

static int give_up(struct undo_host *h, struct run *r, struct err *e)
{
	struct err worse = {0}, ignored = {0};

	if (run_abandon(r, &worse) < 0)
		say_error("%s", worse.msg);
	record(h, err_exit(e) == POD_EXIT_REFUSED ? "undo_refused" : "undo_failed", e->msg,
	       &ignored);
	return -e->code;
}

static void say_stays(const struct undo_host *h, const struct run *r)
{
	for (size_t i = 0; i < r->stays.n; i++)
		say_warn("%s stays: something is in it", esc(path_from(r->stays.v[i], h->u->cwd)));
}

static int carry_out(struct undo_host *h, struct err *e)
{
	OWN_RUN struct run r = RUN_INIT;
	int x = journal_begin(&h->j, &h->u->pod, e);

	if (x == 0)
		x = run_open(&r, &h->u->pod, &h->j, &h->u->ids, e);
	if (x < 0)
		return x;
	if (h->j.layers.n)
		x = undo_give_changes(h, &r, e);
	if (x == 0)
		x = stage(h, &r, e);
	if (x == 0)
		x = run_sync_staged(&r, e);
	if (x == 0)
		x = record(h, h->j.verb, NULL, e);
	if (x == 0)
		x = run_note_dirs(&r, e);
	if (x == 0)
		x = journal_prepared(&h->j, e);
	if (x == 0)
		x = run_apply(&r, e);
	if (x < 0)
		return give_up(h, &r, e);
	x = run_close(&r, e);
	if (x == 0)
		say_stays(h, &r);
	return x;
}

static void show(const struct undo_host *h)
{
	static const char *const words[STEP_VERBS] = {
		[STEP_PUT] = "restore", [STEP_REMOVE] = "remove", [STEP_META] = "mode"};

	for (size_t i = 0; i < h->j.n; i++) {
		OWN_FREE char *path =
			path_clean(h->j.sites.v[h->j.steps[i].site], h->j.steps[i].path);

		printf("%-7s  %s\n", words[h->j.steps[i].verb], esc(path_from(path, h->u->cwd)));
	}
}

static int refused(struct undo_host *h, struct err *e)
{
	struct err ignored = {0};

	err_status(e, POD_EXIT_REFUSED, ERR_PLAIN,
		   "nothing was undone: %zu path%s changed since (--force overwrites, and keeps "
		   "what was there for another undo)",
		   h->conflicts, h->conflicts == 1 ? "" : "s");
	record(h, "undo_refused", e->msg, &ignored);
	return -e->code;
}

static int plan_rest(struct undo_host *h, struct err *e)
{
	bool redo = strcmp(h->u->old.verb, "undo") == 0;
	char id[LAYER_ID_MAX + 1];

	snprintf(h->j.verb, sizeof(h->j.verb), "%s", redo ? "redo" : "undo");
	snprintf(h->j.undoes, sizeof(h->j.undoes), "%s", h->u->old.id);
	h->j.files = h->u->old.files;
	layer_new_id(id);
	if (!redo)
		layer_starts_add(&h->j.layers, id, 0);
	return undo_times(h, e);
}

int undo_on_host(struct undo *u, struct err *e)
{
	OWN(undo_host_finish) struct undo_host h = {.u = u, .j = JOURNAL_INIT, .kept = -1};
	int r = open_all(&h, e);

	if (r == 0)
		r = undo_reverse(&h, e);
	if (r == 0)
		r = plan_rest(&h, e);
	if (r < 0)
		return r;
	if (h.conflicts)
		return refused(&h, e);
	u->files = h.j.files;
	if (u->dry) {
		show(&h);
		return 0;
	}
	return carry_out(&h, e);
}
