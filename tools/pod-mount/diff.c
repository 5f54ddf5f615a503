/* SPDX-License-Identifier: Apache-2.0 */
/* pod-mount diff: what the pod would change on the host. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "tools/pod-mount/basetext.h"
#include "tools/pod-mount/cmds.h"
#include "tools/pod-mount/content.h"
#include "tools/pod-mount/export.h"
#include "tools/pod-mount/list.h"
#include "tools/pod-mount/patches.h"
#include "tools/pod-mount/select.h"
#include "tools/pod-mount/similar.h"
#include "tools/pod-mount/survey.h"
#include "tools/pod-mount/window.h"
#include "tools/pod-mount/written.h"

/* A command that changes the pod is waited for this long: a run's start takes milliseconds. */
#define WAIT_MS 2000

struct diff {
	bool json, null, no_fold, patch, binary, stat, exit_code, why;
	const char *cwd, *renames, *export;
	struct survey_opts survey;
};

/* "90" or "90%" */
static unsigned least_similar(const struct diff *d)
{
	char *end;
	unsigned long n = strtoul(d->renames, &end, 10);

	if (!*d->renames)
		return SIMILAR_DEFAULT;
	if (end == d->renames || n > 100 || strcmp(end + (*end == '%'), "") != 0)
		die(POD_EXIT_USAGE, "-M wants a number of percent, not %s", esc(d->renames));
	return n ? (unsigned)n : 1;
}

static size_t print(struct survey *s, const struct diff *d, const char *cwd)
{
	struct list_opts o = {.cwd = cwd, .no_fold = d->no_fold, .why = d->why};
	size_t n = 0;

	for (size_t i = 0; i < s->changes.n; i++)
		n += s->changes.v[i].chosen;
	if (n == 0) {
		if (!d->json && !d->null && isatty(STDERR_FILENO))
			fprintf(stderr, "No changes\n");
		return 0;
	}
	if (d->renames && !similar_find(s, least_similar(d)))
		say_warn("too many files for all renames: only those of equal content are shown");
	if (d->why)
		written_ask(s);
	if (d->json)
		list_json(s);
	else if (d->null)
		list_null(s);
	else if (d->stat)
		patches_stat(s, cwd);
	else if (d->patch || d->binary)
		patches_print(s, cwd, d->binary);
	else
		list_text(s, &o);
	return n;
}

/* The lock is held: what is committed meanwhile leaves the layers. */
static int export(struct survey *s, const struct diff *d, const char *cwd)
{
	struct err e = {0};
	size_t n = 0;

	if (window_asked(&d->survey))
		die(POD_EXIT_USAGE, "--export goes without --layer, --since and --until");
	if (export_write(s, cwd, d->export, &n, &e) < 0)
		return say_err(&e);
	return d->exit_code && n > 0 ? POD_EXIT_NO : POD_EXIT_OK;
}

/* The lock is let go before anything is printed: a commit may be waiting at the end of the pipe. */
static int diff(const struct diff *d, char **args, int n)
{
	OWN_SURVEY struct survey s = SURVEY_INIT;
	OWN_SELECTION struct selection sel = {0};
	OWN_FREE char *here = getcwd(NULL, 0);
	OWN_FREE char *cwd = path_clean(here ? here : "/", d->cwd ? d->cwd : "");
	struct err e = {0};
	size_t found;

	selection_add(&sel, cwd, args + 1, (size_t)n - 1);
	if (window_prepare(&d->survey, &e) < 0 || survey_open(&s, args[0], &d->survey, &e) < 0 ||
	    survey_walk(&s, &e) < 0 || selection_apply(&sel, &s.changes, false, &e) < 0)
		return say_err(&e);
	seen_note(&s);
	if (d->export)
		return export(&s, d, cwd);
	pod_unlock(&s.pod);
	found = print(&s, d, cwd);
	return d->exit_code && found > 0 ? POD_EXIT_NO : POD_EXIT_OK;
}

int cmd_diff(int argc, char **argv)
{
	struct diff d = {.survey.wait_ms = WAIT_MS};
	const struct opt opts[] = {
		{OPT_FLAG, 'j', "json", &d.json, NULL, "one JSON object a line"},
		{OPT_FLAG, 'z', "null", &d.null, NULL, "absolute paths alone, each ended by NUL"},
		{OPT_FLAG, 'a', "all", &d.survey.all, NULL, "also what is not tracked"},
		{OPT_FLAG, 0, "no-fold", &d.no_fold, NULL, "list the files of new directories"},
		{OPT_FLAG, 'p', "patch", &d.patch, NULL, "what changed in each file"},
		{OPT_FLAG, 0, "binary", &d.binary, NULL, "the same, with binary content in full"},
		{OPT_MAYBE, 'M', "find-renames", &d.renames, "N",
		 "show renames; N: least likeness"},
		{OPT_FLAG, 0, "stat", &d.stat, NULL, "how many lines changed in each file"},
		{OPT_FLAG, 0, "exit-code", &d.exit_code, NULL, "status 1 when there are changes"},
		{OPT_FLAG, 0, "setup", &d.survey.setup, NULL,
		 "also what the pod's setup installed"},
		{OPT_STR, 0, "layer", &d.survey.layer, "LAYER", "what this layer changed"},
		{OPT_STR, 0, "since", &d.survey.since, "LAYER", "what changed after this layer"},
		{OPT_STR, 0, "until", &d.survey.until, "LAYER", "what had changed by this layer"},
		{OPT_STR, 0, "export", &d.export, "FILE", "write a change set for apply"},
		{OPT_FLAG, 0, "why", &d.why, NULL, "by which run, and by which of its commands"},
		{OPT_STR, 0, "cwd", &d.cwd, "DIR", "paths are relative to DIR"},
		{0},
	};
	const struct opt_usage u = {
		.line = "pod-mount diff [OPTION]... POD [PATH]...",
		.text = "List what the pod changed, held against the host as it is now.",
		.min = 1,
	};

	return diff(&d, argv, opt_parse(opts, &u, argc, argv));
}
