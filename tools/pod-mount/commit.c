/* SPDX-License-Identifier: Apache-2.0 */
/* pod-mount commit: chosen changes become the host's. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/anchors.h"
#include "libcommon/io.h"
#include "libcommon/jsonw.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/record.h"
#include "libcommon/say.h"
#include "tools/pod-mount/cmds.h"
#include "tools/pod-mount/commit.h"
#include "tools/pod-mount/committed.h"
#include "tools/pod-mount/gate.h"
#include "tools/pod-mount/hunks.h"
#include "tools/pod-mount/list.h"
#include "tools/pod-mount/merge.h"
#include "tools/pod-mount/output.h"
#include "tools/pod-mount/pick.h"
#include "tools/pod-mount/plan_commit.h"
#include "tools/pod-mount/refuse.h"
#include "tools/pod-mount/retain.h"
#include "tools/pod-mount/rollback.h"
#include "tools/pod-mount/run.h"
#include "tools/pod-mount/select.h"
#include "tools/pod-mount/settle.h"
#include "tools/pod-mount/shared.h"
#include "tools/pod-mount/survey.h"

#define NOTES_SHOWN 20
#define PATHS_SHOWN 1000 /* in the audit log; record.h cuts the list further by bytes */

struct commit {
	const char *cwd, *output;
	const char *hunks_file;
	struct strv exclude;
	struct hunks hunks;
	struct patch_files patch; /* --hunks, and its text */
	struct buf patch_text;
	bool pick, merge;
	struct merges merges;
	bool all, setup, rest, dry, stdin_list, null;
	struct refuse_opts refuse;
	struct gate gate;
	bool looked; /* by at_gate(): looking once more would forget what was left out */
};

static int record(const struct survey *s, const struct commit_plan *p, const char *name,
		  const char *reason, struct err *e)
{
	OWN_STRV struct strv paths = {0};
	OWN_BUF struct buf path = BUF_INIT;
	OWN_EVENT struct event ev;

	for (size_t i = 0; i < s->changes.n && paths.n < PATHS_SHOWN; i++)
		if (s->changes.v[i].chosen && !change_is_dir(&s->changes.v[i]))
			strv_add(&paths, change_path(&s->changes.v[i], &path));
	event_init(&ev, s->pod.name, "mount", name);
	event_str(&ev, "undo", p->j.id);
	event_num(&ev, "count", (int64_t)p->files);
	event_num(&ev, "bytes", (int64_t)p->bytes);
	if (reason)
		event_str(&ev, "reason", reason);
	event_strv(&ev, "paths", paths.v);
	return record_event(&ev, true, e);
}

/* The event stands before the deed, so that no change of the host goes unrecorded. */
static int prepare(struct run *r, struct commit_plan *p, struct survey *s, struct err *e)
{
	int x = commit_stage(r, p, s, e);

	if (x == 0)
		x = run_sync_staged(r, e);
	if (x == 0)
		x = record(s, p, "commit", NULL, e);
	if (x == 0)
		x = run_note_dirs(r, e);
	return x < 0 ? x : journal_prepared(&p->j, e);
}

static int give_up(struct run *r, struct commit_plan *p, struct survey *s, struct err *e)
{
	struct err worse = {0}, ignored = {0};
	bool refused = err_exit(e) == POD_EXIT_REFUSED;

	if (run_abandon(r, &worse) < 0)
		say_error("%s", worse.msg);
	record(s, p, refused ? "commit_refused" : "commit_failed", e->msg, &ignored);
	return -e->code;
}

static void say_notes(const struct commit_plan *p, const struct run *r, const char *cwd)
{
	for (size_t i = 0; i < p->notes.n && i < NOTES_SHOWN; i++)
		say_warn("%s", p->notes.v[i]);
	if (p->notes.n > NOTES_SHOWN)
		say_warn("and %zu more were changed so", p->notes.n - NOTES_SHOWN);
	for (size_t i = 0; i < r->stays.n; i++)
		say_warn("%s stays: it holds what the pod did not see",
			 esc(path_from(r->stays.v[i], cwd)));
}

void commit_say_appeared(const struct survey *s, const char *cwd)
{
	OWN_BUF struct buf path = BUF_INIT;

	for (size_t i = 0; i < s->changes.n; i++)
		if (s->changes.v[i].marks & MARK_APPEARED)
			say_warn("%s stays: it is new on the host",
				 esc(path_from(change_path(&s->changes.v[i], &path), cwd)));
}

static int carry_out(struct commit_plan *p, struct survey *s, const char *cwd, struct err *e)
{
	OWN_RUN struct run r = RUN_INIT;
	int x = committed_before(&p->j, p->sites, &s->pod, s->bases.upper_start, e);

	if (x == 0)
		x = journal_begin(&p->j, &s->pod, e);
	if (x == 0)
		x = run_open(&r, &s->pod, &p->j, &s->ids, e);
	if (x < 0)
		return x;
	x = prepare(&r, p, s, e);
	if (x == 0)
		x = run_apply(&r, e);
	if (x < 0)
		return give_up(&r, p, s, e);
	r.remembers = true;
	r.live = s->live && !s->foreign;
	x = run_close(&r, e);
	if (x == 0) {
		say_notes(p, &r, cwd);
		undo_retain(&s->pod, &s->plan);
	}
	return x;
}

static int look_again(struct commit *o, struct survey *s, struct err *e)
{
	commit_choose(s);
	if (o->merge)
		merges_make(&o->merges, s);
	return refuse_check(s, &o->refuse, e);
}

/* Directories may become explicit on the way; then what was chosen is looked at again. */
static int settle_and_check(struct commit *o, struct survey *s, const struct selection *sel,
			    struct err *e)
{
	int r = o->looked ? 0 : look_again(o, s, e);

	if (r < 0 || s->live || o->dry || o->output)
		return r;
	r = settle(s, sel, false, e);
	return r <= 0 ? r : look_again(o, s, e);
}

int commit_to_host(struct survey *s, const char *cwd, size_t *files, struct err *e)
{
	OWN_COMMIT_PLAN struct commit_plan p = COMMIT_PLAN_INIT;
	int r;

	snprintf(p.j.verb, sizeof(p.j.verb), "commit");
	r = commit_plan_make(&p, s, e);
	*files = p.j.files = p.files;
	if (r < 0 || p.j.n == 0)
		return r;
	return carry_out(&p, s, cwd, e);
}

static size_t count_chosen(const struct survey *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->changes.n; i++)
		n += s->changes.v[i].chosen && !change_is_dir(&s->changes.v[i]);
	return n;
}

static int show(struct survey *s, struct refuse_opts *o, struct err *e)
{
	const struct list_opts lo = {.cwd = o->cwd};

	if (o->json) {
		list_json(s);
	} else {
		list_text(s, &lo);
		printf("Would commit %zu file(s).\n", count_chosen(s));
	}
	for (size_t i = 0; i < o->drop.n && !o->json; i++)
		printf("Would keep the host's %s.\n", esc(path_from(o->drop.v[i], o->cwd)));
	return refuse_left_out(s, o, e);
}

/* The commit may have given the pod copies of layers that others hold. */
static int walk_again(struct survey *s, struct err *e)
{
	int r = shared_follow(s, e);

	return r < 0 ? r : survey_walk(s, e);
}

static int roll_back_rest(struct survey *s, size_t *dropped, struct err *e)
{
	const struct selection all = {0};
	int r = walk_again(s, e);

	if (r == 0)
		r = hunks_select(&all, s, false, e);
	return r < 0 ? r : rollback_chosen(s, &all, dropped, e);
}

/* --ours: the pod's side of each conflict goes to undo, the host's shows in the pod again. */
static int drop_theirs(struct commit *o, struct survey *s, size_t *dropped, struct err *e)
{
	const struct selection sel = {.below = o->refuse.drop, .from_stdin = true};
	int r;

	if (o->refuse.drop.n == 0)
		return 0;
	r = walk_again(s, e);
	if (r == 0)
		r = selection_apply(&sel, &s->changes, false, e);
	return r < 0 ? r : rollback_chosen(s, &sel, dropped, e);
}

static void say_merged(const struct merges *m, const char *cwd)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->v[i].conflicts && m->markers)
			say_warn("%s: %zu conflict%s marked: put right what stands between the "
				 "markers",
				 esc(path_from(m->v[i].path, cwd)), m->v[i].conflicts,
				 m->v[i].conflicts == 1 ? "" : "s");
}

struct outcome {
	bool some;
	size_t files, ours, dropped;
};

static void say_outcome(const struct commit *o, const struct outcome *out)
{
	OWN_BUF struct buf b = BUF_INIT;

	if (o->refuse.json) {
		jw_open(&b, '{');
		jw_knum(&b, "committed", (int64_t)out->files);
		jw_knum(&b, "rolled_back", (int64_t)(out->dropped + out->ours));
		jw_knum(&b, "left_out", (int64_t)o->refuse.left_out);
		jw_close(&b, '}');
		printf("%s\n", b.data);
		return;
	}
	if (out->some)
		buf_fmt(&b, "Committed %zu file(s).", out->files);
	else
		buf_str(&b, "Nothing to commit.");
	if (out->ours)
		buf_fmt(&b, " Kept the host's %zu.", out->ours);
	if (o->rest)
		buf_fmt(&b, " Rolled back %zu.", out->dropped);
	printf("%s\n", b.data);
}

static int act(struct commit *o, struct survey *s, const struct selection *sel, struct err *e)
{
	struct outcome out = {0};
	int r = settle_and_check(o, s, sel, e);

	if (r < 0)
		return r;
	if (o->dry)
		return show(s, &o->refuse, e);
	for (size_t i = 0; i < s->changes.n; i++)
		out.some = out.some || s->changes.v[i].chosen;
	if (out.some)
		r = o->output ? output_write(s, o->output, &out.files, e)
			      : commit_to_host(s, o->refuse.cwd, &out.files, e);
	if (r < 0)
		return r;
	commit_say_appeared(s, o->refuse.cwd);
	say_merged(&o->merges, o->refuse.cwd);
	r = drop_theirs(o, s, &out.ours, e);
	/* What was left out is not what --rollback-rest is to drop. */
	if (r == 0 && o->rest && o->refuse.left_out == 0)
		r = roll_back_rest(s, &out.dropped, e);
	if (r < 0)
		return r;
	r = refuse_left_out(s, &o->refuse, e);
	say_outcome(o, &out);
	return r;
}

static int read_patch(struct commit *o, struct err *e)
{
	bool in = strcmp(o->hunks_file, "-") == 0;
	OWN_FD int file = in ? -1 : open(o->hunks_file, O_RDONLY | O_CLOEXEC);
	int fd = in ? STDIN_FILENO : file;
	int r = fd < 0 ? -errno : read_fd(fd, &o->patch_text, PATCHFILE_MAX);

	if (r < 0)
		return err_set(e, -r, "read the patch %s", esc(o->hunks_file));
	buf_add(&o->gate.input, o->patch_text.data, o->patch_text.len);
	return patch_files_parse(&o->patch, o->patch_text.data, o->patch_text.len, e);
}

/* -p and --hunks: parts of changes; without holding the lock, since a person or a pipe takes time.
 */
static int part_of(struct commit *o, const char *pod, struct selection *sel, struct err *e)
{
	struct pick_ask ask = {pod, sel, &o->hunks, o->refuse.cwd, o->all, o->setup};
	int r = 0;

	if (!o->pick && !o->hunks_file)
		return 0;
	if (o->output || (o->hunks_file && (o->pick || o->stdin_list || sel->paths.n)))
		return err_status(e, POD_EXIT_USAGE, ERR_PLAIN, "%s",
				  o->output ? "--output writes whole files: not with -p or --hunks"
					    : "--hunks says itself which paths are meant");
	r = o->pick ? pick_hunks(&ask, e) : read_patch(o, e);
	selection_finish(sel);
	*sel = (struct selection){.hunks = &o->hunks, .from_stdin = true};
	return r;
}

static int match_patch(struct commit *o, struct survey *s, struct err *e)
{
	return o->hunks_file ? hunks_match(&o->hunks, s, &o->patch, o->refuse.cwd, e) : 0;
}

/* The command as somebody else can give it again, whatever directory he stands in. */
static void keep_words(struct commit *o, const struct selection *sel, const char *cwd, char **args,
		       int n)
{
	const struct refuse_opts *r = &o->refuse;
	const struct {
		bool on;
		const char *word;
	} flags[] = {
		{o->rest, "--rollback-rest"},
		{r->sensitive, "--sensitive"},
		{r->include_system, "--include-system"},
		{r->partial, "--partial"},
		{r->theirs, "--theirs"},
		{r->ours, "--ours"},
		{o->merge, "--merge"},
		{o->merges.markers, "--markers"},
		{r->json, "--json"},
		{o->all, "--all"},
		{o->setup, "--setup"},
		{o->stdin_list, "--stdin"},
		{o->stdin_list, "--null"},
		{o->hunks_file != NULL, "--hunks=-"},
	};
	struct strv *w = &o->gate.words;

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (flags[i].on)
			strv_add(w, flags[i].word);
	for (size_t i = 0; i < o->exclude.n; i++)
		strv_fmt(w, "--exclude=%s", o->exclude.v[i]);
	if (o->output) {
		OWN_FREE char *here = getcwd(NULL, 0);
		OWN_FREE char *to = path_clean(here ? here : "/", o->output);

		strv_fmt(w, "--output=%s", to);
	}
	strv_fmt(w, "--cwd=%s", cwd);
	strv_add(w, "--");
	for (int i = 0; i < n; i++)
		strv_add(w, args[i]);
	for (size_t i = 0; o->stdin_list && i < sel->exact.n; i++)
		buf_add(&o->gate.input, sel->exact.v[i], strlen(sel->exact.v[i]) + 1);
}

/* It would be refused anyway: then nobody is asked.  What is approved and what is submitted are the
 * same choice, with the directories that it needs and without what cannot be committed. */
static int at_gate(struct commit *o, struct survey *s, struct err *e)
{
	if (o->gate.is_closed && o->pick)
		return err_status(
			e, POD_EXIT_USAGE, ERR_PLAIN,
			"commits of pod %s wait for approval, and -p is a talk: write the "
			"patch to a file (envpod diff -p) and give it by --hunks",
			s->pod.name);
	o->looked = o->gate.is_closed || o->gate.action;
	if (o->looked && look_again(o, s, e) < 0)
		return -EPERM;
	return gate_pass(&o->gate, s, e);
}

static int check_options(const struct commit *o, struct err *e)
{
	const struct refuse_opts *r = &o->refuse;

	if (r->theirs && r->ours)
		return err_status(e, POD_EXIT_USAGE, ERR_PLAIN,
				  "--theirs and --ours: only one side can win");
	if (o->merges.markers && !o->merge)
		return err_status(e, POD_EXIT_USAGE, ERR_PLAIN, "--markers belongs to --merge");
	if (o->output && (r->theirs || r->ours || r->partial || o->merge))
		return err_status(
			e, POD_EXIT_USAGE, ERR_PLAIN,
			"--output knows no conflicts: not with --theirs, --ours, --merge or --partial");
	return 0;
}

static int commit(struct commit *o, char **args, int n)
{
	OWN_SURVEY struct survey s = SURVEY_INIT;
	OWN_SELECTION struct selection sel = {0};
	OWN_FREE char *here = getcwd(NULL, 0);
	OWN_FREE char *cwd = path_clean(here ? here : "/", o->cwd ? o->cwd : "");
	struct survey_opts so = {.all = o->all, .setup = o->setup};
	struct err e = {0};
	int status = POD_EXIT_OK;

	o->refuse.cwd = cwd;
	o->refuse.elsewhere = o->output != NULL;
	if (check_options(o, &e) < 0)
		return say_err(&e);
	selection_add(&sel, cwd, args + 1, (size_t)n - 1);
	selection_exclude(&sel, cwd, o->exclude.v, o->exclude.n);
	/* Before the lock: what writes the list may need it. */
	if (o->stdin_list && selection_stdin(&sel, cwd, o->null, &e) < 0)
		return say_err(&e);
	keep_words(o, &sel, cwd, args, n);
	if (part_of(o, args[0], &sel, &e) < 0)
		return say_err(&e);
	if (o->gate.action)
		so.wait_ms = GATE_WAIT_MS;
	if (survey_open(&s, args[0], &so, &e) < 0 || gate_begin(&o->gate, &s, o->dry, &e) < 0 ||
	    ((o->rest || o->refuse.ours || o->merge) && rollback_possible(&s, &e) < 0) ||
	    survey_walk(&s, &e) < 0 || match_patch(o, &s, &e) < 0 ||
	    hunks_select(&sel, &s, true, &e) < 0 || at_gate(o, &s, &e) < 0 ||
	    act(o, &s, &sel, &e) < 0)
		status = say_err(&e);
	gate_end(&o->gate, &s);
	if (status == POD_EXIT_OK && !o->dry) {
		pod_unlock(&s.pod);
		anchors_send(s.pod.name, &s.plan);
	}
	return status;
}

int cmd_commit(int argc, char **argv)
{
	struct commit o = {.gate = GATE_INIT("commit")};
	const struct opt opts[] = {
		{OPT_LIST, 0, "exclude", &o.exclude, "PATH", "all but these; may be a pattern"},
		{OPT_FLAG, 0, "rollback-rest", &o.rest, NULL, "drop what is not committed"},
		{OPT_STR, 'o', "output", &o.output, "DIR", "write below DIR instead of the host"},
		{OPT_FLAG, 0, "sensitive", &o.refuse.sensitive, NULL,
		 "also what the host runs or obeys"},
		{OPT_FLAG, 0, "include-system", &o.refuse.include_system, NULL,
		 "also /usr, /bin, /sbin, /lib*"},
		{OPT_FLAG, 0, "partial", &o.refuse.partial, NULL, "leave out what is refused"},
		{OPT_FLAG, 0, "theirs", &o.refuse.theirs, NULL, "conflicts: the pod's side wins"},
		{OPT_FLAG, 0, "ours", &o.refuse.ours, NULL, "conflicts: the host's side wins"},
		{OPT_FLAG, 0, "merge", &o.merge, NULL, "conflicts: merge the text of both sides"},
		{OPT_FLAG, 0, "markers", &o.merges.markers, NULL, "--merge: mark what it cannot"},
		{OPT_FLAG, 'j', "json", &o.refuse.json, NULL, "one JSON object a line"},
		{OPT_FLAG, 'n', "dry-run", &o.dry, NULL, "say what would be committed"},
		{OPT_FLAG, 'a', "all", &o.all, NULL, "also what is not tracked"},
		{OPT_FLAG, 0, "setup", &o.setup, NULL, "also what the pod's setup installed"},
		{OPT_FLAG, 0, "stdin", &o.stdin_list, NULL, "read paths from stdin"},
		{OPT_FLAG, 'z', "null", &o.null, NULL, "those paths are ended by NUL"},
		{OPT_FLAG, 'p', "patch", &o.pick, NULL, "ask about each hunk"},
		{OPT_STR, 0, "hunks", &o.hunks_file, "FILE", "exactly what this patch says"},
		{OPT_STR, 0, "cwd", &o.cwd, "DIR", "paths are relative to DIR"},
		{OPT_STR, 0, "action", &o.gate.action, "ID", "the action that was approved"},
		{0},
	};
	const struct opt_usage u = {
		.line = "pod-mount commit [OPTION]... POD [PATH]...",
		.text = "Bring changes of the pod to the host: those tracked, or those named.",
		.min = 1,
	};
	int n = opt_parse(opts, &u, argc, argv), status = commit(&o, argv, n);

	strv_finish(&o.exclude);
	hunks_finish(&o.hunks);
	patch_files_finish(&o.patch);
	buf_finish(&o.patch_text);
	refuse_finish(&o.refuse);
	merges_finish(&o.merges);
	return status;
}
