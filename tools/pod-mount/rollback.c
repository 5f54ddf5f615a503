/* SPDX-License-Identifier: Apache-2.0 */
/* pod-mount rollback: the host's version again, for all or some of what changed. */
#include "tools/pod-mount/rollback.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/anchors.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/record.h"
#include "libcommon/say.h"
#include "tools/pod-mount/cmds.h"
#include "tools/pod-mount/copy.h"
#include "tools/pod-mount/gate.h"
#include "tools/pod-mount/journal.h"
#include "tools/pod-mount/raw.h"
#include "tools/pod-mount/restore.h"
#include "tools/pod-mount/retain.h"
#include "tools/pod-mount/run.h"
#include "tools/pod-mount/settle.h"

int rollback_possible(const struct survey *s, struct err *e)
{
	if (!s->live)
		return 0;
	return err_status(e, POD_EXIT_BUSY, ERR_PLAIN,
			  "a program runs in pod %s, and its files cannot be taken away under it: "
			  "envpod stop %s first",
			  s->pod.name, s->pod.name);
}

static bool wholly_chosen(const struct survey *s, size_t i, size_t end)
{
	for (; i < end; i++)
		if (!s->changes.v[i].chosen)
			return false;
	return true;
}

static bool layer_has(struct survey *s, unsigned cover, unsigned layer, const char *path)
{
	const char *leaf;
	int tree = survey_layer_fd(s, cover, layer);
	OWN_FD int parent = tree < 0 ? -ENOENT : open_parent_beneath(tree, path, &leaf);
	int r = parent < 0                                               ? parent
		: faccessat(parent, leaf, F_OK, AT_SYMLINK_NOFOLLOW) < 0 ? -errno
									 : 0;

	if (r < 0 && r != -ENOENT && r != -ENOTDIR && r != -ELOOP)
		s->fault = r;
	return r == 0;
}

static void add_drop(struct journal *j, const struct survey *s, const struct change *c,
		     unsigned layer, const char *raw)
{
	OWN_BUF struct buf path = BUF_INIT;
	struct step *st = journal_step(j, STEP_DROP, journal_site(j, s->covers.v[c->cover]),
				       survey_within(s, c->cover, change_path(c, &path)));

	step_from(st, survey_layer_id(s, layer), raw);
	st->mode = c->mode & S_IFMT;
}

/*
 * Every layer's entry of this name down to the first of a setup layer, lowest first: taking the
 * topmost away last brings the old version back at one stroke.
 */
static void drop_change(struct journal *j, struct survey *s, const struct change *c)
{
	OWN_BUF struct buf raw = BUF_INIT;
	unsigned end = c->source;

	raw_path(s, c, &raw);
	if (c->source == SOURCE_NONE)
		return;
	if (!c->plain || c->raw) {
		add_drop(j, s, c, c->source, raw.data);
		return;
	}
	while (end < s->nlayers && (!s->quiet[end] || !layer_has(s, c->cover, end, raw.data)))
		end++;
	for (unsigned i = end; i-- > c->source;)
		if (layer_has(s, c->cover, i, raw.data))
			add_drop(j, s, c, i, raw.data);
}

/* A directory's own mode, owner and xattrs become the host's again. */
static void add_reset(struct journal *j, const struct survey *s, const struct change *c)
{
	OWN_BUF struct buf path = BUF_INIT;
	OWN_BUF struct buf raw = BUF_INIT;
	struct step *st = journal_step(j, STEP_RESET, journal_site(j, s->covers.v[c->cover]),
				       survey_within(s, c->cover, change_path(c, &path)));

	step_from(st, survey_layer_id(s, c->source), raw_path(s, c, &raw));
	st->mode = S_IFDIR;
	st->was_mode = c->mode;
	st->was_uid = uid_stored(&s->ids, c->uid);
	st->was_gid = gid_stored(&s->ids, c->gid);
}

/* One change, or all that lies below it when all of it is meant; the next index. */
static size_t plan_one(struct journal *j, struct survey *s, size_t i)
{
	const struct change *c = &s->changes.v[i];
	size_t end = changes_end(&s->changes, i);

	if (!c->chosen)
		return i + 1;
	if (c->kind == CHANGE_MODIFIED && S_ISDIR(c->mode)) {
		add_reset(j, s, c);
		return i + 1;
	}
	if (S_ISDIR(c->mode) && !wholly_chosen(s, i, end))
		return i + 1; /* it stays for what is in it */
	if (c->source == SOURCE_NONE)
		return i + 1; /* comes back with the deleted directory it is in */
	drop_change(j, s, c);
	return end;
}

/* When what was dropped was begun: an undo asks whether the host has changed since. */
static void note_starts(struct journal *j, const struct survey *s)
{
	layer_starts_add(&j->starts, NULL, s->bases.upper_unsure ? 0 : s->bases.upper_start);
	for (size_t i = 0; i < s->stack.n && i < s->bases.nlayers; i++)
		layer_starts_add(&j->starts, s->stack.v[i].id, s->bases.starts[i]);
}

static int record(const struct survey *s, const struct journal *j, size_t files, struct err *e)
{
	OWN_STRV struct strv paths = {0};
	OWN_BUF struct buf path = BUF_INIT;
	OWN_EVENT struct event ev;

	for (size_t i = 0; i < s->changes.n && paths.n < 1000; i++)
		if (s->changes.v[i].chosen && !change_is_dir(&s->changes.v[i]))
			strv_add(&paths, change_path(&s->changes.v[i], &path));
	event_init(&ev, s->pod.name, "mount", "rollback");
	event_str(&ev, "undo", j->id);
	event_num(&ev, "count", (int64_t)files);
	event_strv(&ev, "paths", paths.v);
	return record_event(&ev, true, e);
}

static int carry_out(struct survey *s, struct journal *j, size_t files, struct err *e)
{
	OWN_RUN struct run r = RUN_INIT;
	int x = journal_begin(j, &s->pod, e);

	if (x == 0)
		x = run_open(&r, &s->pod, j, &s->ids, e);
	if (x == 0)
		x = record(s, j, files, e);
	if (x == 0)
		x = journal_prepared(j, e);
	if (x == 0)
		x = run_apply(&r, e);
	if (x == 0)
		x = run_close(&r, e);
	if (x == 0)
		undo_retain(&s->pod, &s->plan);
	return x;
}

int rollback_chosen(struct survey *s, const struct selection *sel, size_t *files, struct err *e)
{
	OWN_JOURNAL struct journal j = JOURNAL_INIT;
	int r = rollback_possible(s, e);

	if (r == 0)
		r = settle(s, sel, true, e);
	if (r < 0)
		return r;
	*files = 0;
	snprintf(j.verb, sizeof(j.verb), "rollback");
	for (size_t i = 0; i < s->changes.n; i++)
		*files += s->changes.v[i].chosen && !change_is_dir(&s->changes.v[i]);
	for (size_t i = 0; i < s->changes.n;)
		i = plan_one(&j, s, i);
	if (s->fault)
		return err_set(e, -s->fault, "look at the layers of pod %s", s->pod.name);
	if (j.n == 0)
		return 0;
	j.files = *files;
	note_starts(&j, s);
	return carry_out(s, &j, *files, e);
}

struct rollback {
	const char *cwd;
	bool all, setup, null, stdin_list;
	struct gate gate;
};

/* As commit's. */
static void keep_words(struct rollback *o, const struct selection *sel, const char *cwd,
		       char **args, int n)
{
	struct strv *w = &o->gate.words;

	if (o->all)
		strv_add(w, "--all");
	if (o->setup)
		strv_add(w, "--setup");
	if (o->stdin_list) {
		strv_add(w, "--stdin");
		strv_add(w, "--null");
	}
	strv_fmt(w, "--cwd=%s", cwd);
	strv_add(w, "--");
	for (int i = 0; i < n; i++)
		strv_add(w, args[i]);
	for (size_t i = 0; o->stdin_list && i < sel->exact.n; i++)
		buf_add(&o->gate.input, sel->exact.v[i], strlen(sel->exact.v[i]) + 1);
}

/*
 * Everything at once: the layers leave the stack as they are, renamed directories and all, and the
 * record names them.  What the set-up made stays.
 */
static int rollback_all(struct survey *s, size_t *files, struct err *e)
{
	OWN_STACK struct stack grounds = {0};
	OWN_JOURNAL struct journal j = JOURNAL_INIT;
	int r;

	for (size_t i = 0; i < s->stack.n; i++) {
		const struct layer *l = &s->stack.v[i];

		if (strcmp(l->kind, "auto") != 0 && strcmp(l->kind, "named") != 0)
			stack_push(&grounds, l->id, l->kind, l->name);
	}
	for (size_t i = 0; i < s->changes.n; i++)
		*files += s->changes.v[i].chosen && !change_is_dir(&s->changes.v[i]);
	r = restore_grounds(&s->pod, &grounds, *files, j.id, e);
	if (r == 0 && *j.id)
		r = record(s, &j, *files, e);
	if (r == 0)
		undo_retain(&s->pod, &s->plan);
	return r;
}

static int drop(const struct rollback *o, struct survey *s, const struct selection *sel, int n,
		size_t *files, struct err *e)
{
	return o->all && !o->setup && !o->stdin_list && n == 1 ? rollback_all(s, files, e)
							       : rollback_chosen(s, sel, files, e);
}

static int rollback(struct rollback *o, char **args, int n)
{
	OWN_SURVEY struct survey s = SURVEY_INIT;
	OWN_SELECTION struct selection sel = {0};
	OWN_FREE char *here = getcwd(NULL, 0);
	OWN_FREE char *cwd = path_clean(here ? here : "/", o->cwd ? o->cwd : "");
	struct survey_opts so = {.all = o->all, .setup = o->setup};
	struct err e = {0};
	size_t files = 0;
	int status = POD_EXIT_OK;

	selection_add(&sel, cwd, args + 1, (size_t)n - 1);
	if (o->stdin_list && selection_stdin(&sel, cwd, o->null, &e) < 0)
		return say_err(&e);
	keep_words(o, &sel, cwd, args, n);
	if (o->gate.action)
		so.wait_ms = GATE_WAIT_MS;
	if (survey_open(&s, args[0], &so, &e) < 0 || gate_begin(&o->gate, &s, false, &e) < 0 ||
	    rollback_possible(&s, &e) < 0 || survey_walk(&s, &e) < 0 ||
	    selection_apply(&sel, &s.changes, true, &e) < 0 || gate_pass(&o->gate, &s, &e) < 0 ||
	    drop(o, &s, &sel, n, &files, &e) < 0)
		status = say_err(&e);
	else if (files)
		printf("Rolled back %zu file(s).\n", files);
	else
		printf("Nothing to roll back.\n");
	gate_end(&o->gate, &s);
	if (status == POD_EXIT_OK) {
		pod_unlock(&s.pod);
		anchors_send(s.pod.name, &s.plan);
	}
	return status;
}

int cmd_rollback(int argc, char **argv)
{
	struct rollback o = {.gate = GATE_INIT("rollback")};
	const struct opt opts[] = {
		{OPT_FLAG, 'a', "all", &o.all, NULL, "also what is not tracked"},
		{OPT_FLAG, 0, "setup", &o.setup, NULL, "also what the pod's setup installed"},
		{OPT_FLAG, 0, "stdin", &o.stdin_list, NULL, "read paths from stdin"},
		{OPT_FLAG, 'z', "null", &o.null, NULL, "those paths are ended by NUL"},
		{OPT_STR, 0, "cwd", &o.cwd, "DIR", "paths are relative to DIR"},
		{OPT_STR, 0, "action", &o.gate.action, "ID", "the action that was approved"},
		{0},
	};
	const struct opt_usage u = {
		.line = "pod-mount rollback [OPTION]... POD [PATH]...",
		.text = "Drop what diff lists, or the given part of it.",
		.min = 1,
	};

	return rollback(&o, argv, opt_parse(opts, &u, argc, argv));
}
