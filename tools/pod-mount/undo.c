/* SPDX-License-Identifier: Apache-2.0 */
/* pod-mount undo: list what was done, or take one of it back. */
#include "tools/pod-mount/undo.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/opt.h"
#include "libcommon/out.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "tools/pod-mount/cmds.h"
#include "tools/pod-mount/retain.h"

/* A command that changes the pod is waited for this long. */
#define WAIT_MS 2000

static const struct undo_kind kinds[] = {
	{"commit", "commit", true, undo_on_host},
	{"redo", "commit again", true, undo_on_host},
	{"rollback", "rollback", true, undo_in_pod},
	{"undo", "undo of a commit", false, undo_on_host},
	{"return", "undo of a rollback", false, undo_return},
	{"restore", "restore", true, undo_restore},
	{"reset", "rollback of everything", true, undo_restore},
	{"unrestore", "undo of a restore", false, undo_restore},
	{0},
};

const struct undo_kind *undo_kind(const char *verb)
{
	for (const struct undo_kind *k = kinds; k->verb; k++)
		if (strcmp(k->verb, verb) == 0)
			return k;
	return NULL;
}

static void undo_finish(struct undo *u)
{
	journal_finish(&u->old);
	undo_records_finish(&u->records);
	strv_finish(&u->failed);
	plan_finish(&u->plan);
	pod_finish(&u->pod);
}

static int undo_open(struct undo *u, const char *pod, struct err *e)
{
	int r = pod_open(&u->pod, pod, e);

	if (r == 0)
		r = plan_open(&u->plan, &u->pod, e);
	if (r == 0)
		r = pod_lock(&u->pod, WAIT_MS, e);
	if (r == 0)
		r = layers_recover_idle(&u->pod, e);
	if (r == 0)
		r = journal_recover(&u->pod, e);
	if (r == 0)
		r = undo_records_load(&u->records, &u->pod, e);
	u->ids = ids_of_plan(&u->plan);
	return r;
}

/* --- the list --- */

struct row {
	const char *id, *time, *what, *undone, *undoes, *detail, *by, *never;
	uint64_t files;
};

static const struct col cols[] = {
	{"id", COL_STR, offsetof(struct row, id), 20},
	{"time", COL_STR, offsetof(struct row, time), 20},
	{"what", COL_STR, offsetof(struct row, what), 18},
	{"files", COL_U64, offsetof(struct row, files), 6},
	{"undoes", COL_STR, offsetof(struct row, undoes), 20},
	{"undone", COL_STR, offsetof(struct row, undone), 20},
	{"by", COL_STR, offsetof(struct row, by), 10},
	{"detail", COL_STR, offsetof(struct row, detail), 0},
	{0},
};

/* In JSON, why a record cannot be taken back is a key of its own. */
static const struct col json_cols[] = {
	{"id", COL_STR, offsetof(struct row, id), 0},
	{"time", COL_STR, offsetof(struct row, time), 0},
	{"what", COL_STR, offsetof(struct row, what), 0},
	{"files", COL_U64, offsetof(struct row, files), 0},
	{"undoes", COL_STR, offsetof(struct row, undoes), 0},
	{"undone", COL_STR, offsetof(struct row, undone), 0},
	{"by", COL_STR, offsetof(struct row, by), 0},
	{"detail", COL_STR, offsetof(struct row, detail), 0},
	{"never", COL_STR, offsetof(struct row, never), 0},
	{0},
};

/* What a note says of its deed, behind the kind; in text also why it stays. */
static char *detail_of(const struct undo_record *rec, bool json)
{
	OWN_BUF struct buf b = BUF_INIT;

	for (size_t i = 1; rec->noted && i < rec->note.what.n; i++)
		buf_fmt(&b, "%s%s", b.len ? " " : "", rec->note.what.v[i]);
	if (rec->note.never && !json)
		buf_fmt(&b, "%s(stays: %s)", b.len ? " " : "", rec->note.never);
	return b.len ? buf_take(&b) : NULL;
}

static const char *what_of(const struct undo_record *rec)
{
	return rec->noted ? rec->verb : undo_kind(rec->verb)->text;
}

static void list_one(const struct undo *u, struct out *o, const struct undo_record *rec)
{
	OWN_FREE char *detail = detail_of(rec, u->json);
	char time[24];
	struct row row = {
		.id = rec->id,
		.time = time,
		.what = u->json ? rec->verb : what_of(rec),
		.files = rec->files,
		.undoes = *rec->undoes ? rec->undoes : NULL,
		.undone = *rec->undone ? rec->undone : NULL,
		.by = rec->note.by,
		.detail = detail,
		.never = rec->note.never,
	};

	undo_id_time(rec->id, time);
	out_row(o, &row);
}

static int list(const struct undo *u)
{
	struct out o = {.form = u->json ? OUT_JSON : OUT_TEXT, .cols = u->json ? json_cols : cols};

	for (size_t i = 0; i < u->records.n; i++)
		list_one(u, &o, &u->records.v[i]);
	if (u->records.n == 0 && !u->json && isatty(STDERR_FILENO))
		fprintf(stderr, "Nothing to undo\n");
	return POD_EXIT_OK;
}

/* --- taking back --- */

static int undo_files(struct undo *u, const struct undo_record *rec, struct err *e)
{
	const struct undo_kind *k = undo_kind(rec->verb);
	int r = journal_open(&u->old, &u->pod, rec->id, e);

	if (r == 0)
		r = k->run(u, e);
	if (r == 0 && !u->dry && !u->json)
		printf("Undone: %s of %llu file(s), %s.\n", k->text, (unsigned long long)rec->files,
		       rec->id);
	return r;
}

static int undo_one(struct undo *u, const struct undo_record *rec, struct err *e)
{
	u->what = rec;
	u->files = 0;
	journal_finish(&u->old);
	if (*rec->undone)
		return err_set(e, ERR_PLAIN, "undo %s: %s undid it already (undo %s does it again)",
			       rec->id, rec->undone, rec->undone);
	return rec->noted ? undo_by_command(u, e) : undo_files(u, rec, e);
}

/* Each adds a record, which the next one must know. */
static int undo_again(struct undo *u, const char *id, struct err *e)
{
	const struct undo_record *rec;
	int r;

	undo_records_finish(&u->records);
	r = undo_records_load(&u->records, &u->pod, e);
	rec = r == 0 ? undo_records_find(&u->records, id, e) : NULL;
	return rec ? undo_one(u, rec, e) : -e->code;
}

/*
 * What a command does not take back stays, and the rest goes on: freezes, limits, mounts and names
 * do not stand on each other as the operations of files do.
 */
static bool goes_on(struct undo *u, const char *id, struct err *e)
{
	if (!u->what || !u->what->noted || strcmp(u->what->id, id) != 0)
		return false;
	strv_fmt(&u->failed, "%s", e->msg);
	*e = (struct err){0};
	return true;
}

static bool stands(const struct undo_record *rec)
{
	if (*rec->undone)
		return false;
	return rec->noted ? !*rec->undoes : undo_kind(rec->verb)->stands;
}

static int undo_all(struct undo *u, struct err *e)
{
	OWN_STRV struct strv ids = {0};
	size_t done = 0;
	int r = 0;

	for (size_t i = u->records.n; i-- > 0;)
		if (stands(&u->records.v[i]))
			strv_add(&ids, u->records.v[i].id);
	for (; done < ids.n && r == 0; done++) {
		r = undo_again(u, ids.v[done], e);
		if (r < 0 && goes_on(u, ids.v[done], e))
			r = 0;
	}
	if (done == 0 && !u->json)
		printf("Nothing to undo.\n");
	fflush(stdout); /* the list of what stays comes last */
	for (size_t i = 0; i < u->failed.n; i++)
		say_error("%s", u->failed.v[i]);
	if (r == 0 && u->failed.n)
		return err_status(e, POD_EXIT_REFUSED, ERR_PLAIN,
				  "undo --all: %zu of %zu could not be taken back", u->failed.n,
				  ids.n);
	return r;
}

static int undo(struct undo *u, bool all, char **args, int n)
{
	const struct undo_record *rec = NULL;
	struct err e = {0};

	if (all && n > 1)
		err_status(&e, POD_EXIT_USAGE, ERR_PLAIN, "undo: --all takes no ID");
	else if (undo_open(u, args[0], &e) == 0) {
		if (!all && n == 1)
			return list(u);
		if (all)
			undo_all(u, &e);
		else if ((rec = undo_records_find(&u->records, args[1], &e)))
			undo_one(u, rec, &e);
	}
	if (!u->dry && u->files)
		undo_retain(&u->pod, &u->plan);
	return e.code ? say_err(&e) : POD_EXIT_OK;
}

int cmd_undo(int argc, char **argv)
{
	OWN(undo_finish) struct undo u = {.pod = POD_INIT, .old = JOURNAL_INIT};
	OWN_FREE char *here = getcwd(NULL, 0), *cwd = NULL;
	const char *dir = NULL;
	bool all = false;
	const struct opt opts[] = {
		{OPT_FLAG, 0, "all", &all, NULL, "all that stands, the newest first"},
		{OPT_FLAG, 'f', "force", &u.force, NULL, "also what changed since; that is kept"},
		{OPT_FLAG, 'n', "dry-run", &u.dry, NULL, "say what would be undone"},
		{OPT_FLAG, 'j', "json", &u.json, NULL, "one JSON object a line"},
		{OPT_STR, 0, "cwd", &dir, "DIR", "paths are relative to DIR"},
		{0},
	};
	const struct opt_usage usage = {
		.line = "pod-mount undo [OPTION]... POD [ID]",
		.text = "List what was done, or take one of it back.",
		.min = 1,
		.max = 2,
	};
	int n = opt_parse(opts, &usage, argc, argv);

	u.cwd = cwd = path_clean(here ? here : "/", dir ? dir : "");
	return undo(&u, all, argv, n);
}
