/* SPDX-License-Identifier: Apache-2.0 */
/* The end of an operation, reached at once or by the command after a crash. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/plan.h"
#include "libcommon/record.h"
#include "libcommon/say.h"
#include "tools/pod-mount/base.h"
#include "tools/pod-mount/committed.h"
#include "tools/pod-mount/give.h"
#include "tools/pod-mount/journal.h"
#include "tools/pod-mount/prune.h"
#include "tools/pod-mount/restore.h"
#include "tools/pod-mount/run.h"
#include "tools/pod-mount/settle.h"

/*
 * A directory that some layer still has: something in it was not meant, and what the pod saw there
 * when it changed that must not be forgotten with the directory.
 */
static bool stays_dir(const struct run *r, const struct stack *s, uint32_t site, const char *path)
{
	OWN_FREE char *name = pod_cover_name(r->sites[site].cover);
	OWN_FD int host = open_beneath(r->sites[site].host, path, O_PATH | O_DIRECTORY, 0);

	if (host < 0 && host != -EIO)
		return false; /* mostly: files */
	for (size_t i = 0; i <= s->n; i++) {
		OWN_FD int tree = layer_cover(r->pod, i ? s->v[i - 1].id : NULL, name);
		OWN_FD int dir =
			tree < 0 ? tree : open_beneath(tree, path, O_PATH | O_DIRECTORY, 0);

		if (dir >= 0 || dir == -EIO || tree == -EIO)
			return true;
	}
	return false;
}

/* Every path whose entry left the layers. */
static void gone_paths(const struct run *r, const struct stack *s, struct strv *paths)
{
	for (size_t i = 0; i < r->j->n; i++) {
		const struct step *st = &r->j->steps[i];
		OWN_FREE char *path = NULL;

		if (!st->from_layer || st->verb == STEP_GIVE ||
		    (S_ISDIR(st->mode) && stays_dir(r, s, st->site, st->path)))
			continue;
		path = path_clean(r->sites[st->site].cover, st->path);
		strv_add(paths, path);
	}
	for (size_t i = 0; i < r->j->nprunes; i++) {
		const struct prune *p = &r->j->prunes[i];
		OWN_FREE char *path = path_clean(r->sites[p->site].cover, p->raw);

		if (stays_dir(r, s, p->site, p->raw))
			continue;
		if (paths->n == 0 || strcmp(paths->v[paths->n - 1], path) != 0)
			strv_add(paths, path);
	}
}

static int forget_gone(struct run *r, struct stack *s, struct err *e)
{
	OWN_STRV struct strv paths = {0}, dirs = {0};
	int x;

	prune_dirs(r, s, &dirs);
	gone_paths(r, s, &paths);
	x = paths.n ? bases_forget(r->pod, s, paths.v, paths.n, e) : 0;
	return x == 0 && dirs.n ? bases_forget_dirs(r->pod, s, dirs.v, dirs.n, e) : x;
}

/* The host's entries are of our making again, also for layers that were made since. */
static int mark_undone(const struct run *r, struct err *e)
{
	OWN_FREE char *path = xfmt("undo/%s", r->j->undoes);
	OWN_FD int dir = open_beneath(r->pod->dir, path, O_RDONLY | O_DIRECTORY, 0);
	int x = journal_on_host(r->j) ? committed_add(r, true, e) : 0;

	if (x < 0)
		return x;
	if (dir < 0)
		return err_set(e, -dir, "open %s/%s", r->pod->path, path);
	x = write_file_at(dir, "undone", r->j->id, strlen(r->j->id), 0600, true);
	return x < 0 ? err_set(e, -x, "write %s/%s/undone", r->pod->path, path) : 0;
}

int run_close(struct run *r, struct err *e)
{
	OWN_STRV struct strv ignore = {0};
	OWN_STACK struct stack s = {0};
	int x = stack_load(&s, r->pod, e);

	if (x == 0)
		x = run_sync(r, e);
	if (x == 0 && r->j->state < JOURNAL_APPLIED) {
		x = run_left(r, e);
		if (x == 0)
			x = journal_applied(r->j, e);
	}
	/* As it is to stay: the times of directories are set by now. */
	if (x == 0 && r->remembers)
		x = committed_add(r, r->live, e);
	if (x == 0)
		x = run_keep(r, e);
	if (x == 0)
		x = prune_entries(r, e);
	if (x == 0)
		x = forget_gone(r, &s, e);
	if (x == 0)
		x = give_layers(r, &s, e);
	if (x == 0 && *r->j->undoes)
		x = mark_undone(r, e);
	if (x < 0)
		return x;
	prune_dirs(r, &s, &ignore);
	for (size_t i = 0; i < r->j->n; i++)
		run_drop_attributes(r, i);
	run_unstage(r);
	return journal_end(r->j, JOURNAL_DONE, e);
}

int run_abandon(struct run *r, struct err *e)
{
	int x = run_undo(r, e);

	if (x < 0)
		return err_wrap(e, "undo/%s is kept", r->j->id);
	x = committed_restored(r, e);
	if (x < 0)
		return x;
	run_unstage(r);
	remove_tree_at(r->j->dir, "layers");
	x = journal_end(r->j, JOURNAL_UNDONE, e);
	run_forget(r);
	return x;
}

static int report(const struct pod *p, const struct journal *j, const char *suffix, struct err *e)
{
	OWN_FREE char *name = xfmt("%s_%s", j->verb[0] ? j->verb : "operation", suffix);
	OWN_EVENT struct event ev;

	say_warn("pod %s: a %s that was cut off is %s now", p->name, j->verb, suffix);
	event_init(&ev, p->name, "mount", name);
	event_str(&ev, "undo", j->id);
	return record_event(&ev, true, e);
}

static int finish(struct run *r, struct err *e)
{
	int x = pod_init_pid(r->pod, NULL, e);

	r->remembers = true;
	r->live = x > 0;
	if (x >= 0)
		x = run_close(r, e);
	return x < 0 ? x : report(r->pod, r->j, "finished", e);
}

/* Forward when everything was prepared; back when it was not, or when the host moved on meanwhile.
 * Any other failure may be mended, and is tried again by the next command. */
static int recover(struct run *r, struct err *e)
{
	int x;

	if (r->j->state == JOURNAL_APPLIED)
		return finish(r, e);
	if (r->j->state == JOURNAL_PREPARED) {
		x = run_apply(r, e);
		if (x == 0)
			return finish(r, e);
		if (err_exit(e) != POD_EXIT_REFUSED)
			return x;
		say_warn("%s", e->msg);
		*e = (struct err){0};
	}
	x = run_abandon(r, e);
	return x < 0 ? x : report(r->pod, r->j, "undone", e);
}

static int recover_journal(const struct pod *p, struct journal *j, struct err *e)
{
	OWN_RUN struct run r = RUN_INIT;
	OWN_PLAN struct plan pl = {0};
	struct id_map ids;
	int x;

	if (j->state == JOURNAL_OPEN || j->state >= JOURNAL_DONE) {
		unlinkat(j->dir, "../open", 0);
		if (j->state == JOURNAL_OPEN)
			unlinkat(j->dir, "new", AT_REMOVEDIR);
		return 0;
	}
	if (restore_is(j->verb))
		return restore_recover(p, j, e);
	x = plan_open(&pl, p, e);
	if (x < 0)
		return x;
	ids = ids_of_plan(&pl);
	/* Nobody knows who changed those directories between the crash and now. */
	for (size_t i = 0; i < j->n; i++)
		j->steps[i].busy = true;
	x = run_open(&r, p, j, &ids, e);
	return x < 0 ? x : recover(&r, e);
}

int journal_recover(const struct pod *p, struct err *e)
{
	OWN_JOURNAL struct journal j = JOURNAL_INIT;
	OWN_FD int undo = open_beneath(p->dir, "undo", O_RDONLY | O_DIRECTORY, 0);
	char id[sizeof(j.id)];
	int x = settle_recover(p, e);

	if (x < 0)
		return x;
	x = undo < 0 ? undo : read_line_at(undo, "open", id, sizeof(id));
	if (x < 0)
		return x == -ENOENT ? 0 : err_set(e, -x, "read %s/undo/open", p->path);
	if (undo_is_id(id) && faccessat(undo, id, F_OK, 0) < 0 && errno != ENOENT)
		return err_set(e, errno, "look for %s/undo/%s", p->path, id);
	if (!undo_is_id(id) || faccessat(undo, id, F_OK, 0) < 0)
		return unlinkat(undo, "open", 0) < 0 ? err_set(e, errno, "remove undo/open") : 0;
	x = journal_open(&j, p, id, e);
	if (x == 0)
		x = recover_journal(p, &j, e);
	return x < 0 ? err_wrap(e, "pod %s: finish what was cut off (undo/%s)", p->name, id) : 0;
}
