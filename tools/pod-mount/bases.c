/* SPDX-License-Identifier: Apache-2.0 */
/* pod-mount base: what pods are cloned of. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/opt.h"
#include "libcommon/out.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/record.h"
#include "libcommon/say.h"
#include "libcommon/spawn.h"
#include "tools/pod-mount/cmds.h"
#include "tools/pod-mount/current.h"
#include "tools/pod-mount/journal.h"
#include "tools/pod-mount/podbase.h"

#define LOCK_WAIT_MS 10000

struct base_ask {
	char **args;
	int n;
	bool force, json;
};

/* --- create --- */

static int record(const struct pod *p, const char *base, struct err *e)
{
	OWN_EVENT struct event ev;

	event_init(&ev, p->name, "mount", "base_create");
	event_str(&ev, "base", base);
	return record_event(&ev, true, e);
}

static int make(const struct pod *p, const char *name, struct err *e)
{
	OWN_STACK struct stack s = {0};
	char made[POD_NAME_MAX + 1];
	int r = current_stack(&s, p, e);

	if (r == 0)
		r = podbase_make(p, &s, name, made, e);
	if (r == 0)
		r = current_done(p, e);
	if (r == 0)
		r = record(p, made, e);
	if (r == 0)
		printf("%s\n", made);
	return r;
}

static int create(const struct base_ask *a, struct err *e)
{
	OWN(pod_finish) struct pod p = POD_INIT;
	int r = pod_open(&p, a->args[0], e);

	if (r == 0)
		r = pod_lock(&p, LOCK_WAIT_MS, e);
	if (r == 0)
		r = layers_recover_idle(&p, e);
	if (r == 0)
		r = journal_recover(&p, e);
	return r == 0 ? make(&p, a->n > 1 ? a->args[1] : NULL, e) : r;
}

/* --- ls --- */

struct row {
	const char *name, *time, *pod;
	uint64_t layers, pods;
};

static const struct col cols[] = {
	{"name", COL_STR, offsetof(struct row, name), 20},
	{"time", COL_STR, offsetof(struct row, time), 28},
	{"pod", COL_STR, offsetof(struct row, pod), 20},
	{"layers", COL_U64, offsetof(struct row, layers), 6},
	{"pods", COL_U64, offsetof(struct row, pods), 6},
	{0},
};

static int list_one(struct out *o, const char *name, struct err *e)
{
	OWN_FD int dir = podbase_open(name);
	OWN_STACK struct stack s = {0};
	OWN_STRV struct strv users = {0};
	struct row row = {.name = name};
	char created[128] = "", *pod;
	int r = dir < 0 ? err_set(e, -dir, "open base %s", name) : podbase_stack(&s, dir, name, e);

	if (r == 0)
		r = podbase_users(&users, name, e);
	if (r < 0)
		return r;
	if (read_line_at(dir, "created", created, sizeof(created)) < 0)
		created[0] = '\0';
	pod = strchr(created, ' ');
	if (pod)
		*pod++ = '\0';
	row.time = created[0] ? created : NULL;
	row.pod = pod;
	row.layers = s.n;
	row.pods = users.n;
	out_row(o, &row);
	return 0;
}

static int ls(const struct base_ask *a, struct err *e)
{
	OWN_STRV struct strv names = {0};
	struct out o = {.form = a->json ? OUT_JSON : OUT_TEXT, .cols = cols};
	int r = podbase_names(&names, e);

	for (size_t i = 0; r == 0 && i < names.n; i++)
		r = list_one(&o, names.v[i], e);
	return r;
}

/* --- destroy, prune --- */

static int destroy(const struct base_ask *a, struct err *e)
{
	OWN_STRV struct strv users = {0};
	const char *name = a->args[0];
	int r = pod_check_name(name, e);
	OWN_FD int dir = r == 0 ? podbase_open(name) : -1;

	if (r == 0 && dir < 0)
		r = err_set(e, -dir, "open base %s", name);
	if (r == 0)
		r = podbase_users(&users, name, e);
	if (r == 0 && users.n && !a->force)
		return err_status(e, POD_EXIT_REFUSED, ERR_PLAIN,
				  "base %s: %zu pod(s) were cloned of it, %s the first; they keep "
				  "what they have: --force destroys it",
				  name, users.n, users.v[0]);
	return r == 0 ? podbase_destroy(name, e) : r;
}

static int prune(const struct base_ask *a, struct err *e)
{
	OWN_STRV struct strv names = {0};
	size_t gone = 0;
	int r = podbase_names(&names, e);

	(void)a;
	for (size_t i = 0; r == 0 && i < names.n; i++) {
		OWN_STRV struct strv users = {0};

		r = podbase_users(&users, names.v[i], e);
		if (r < 0 || users.n)
			continue;
		r = podbase_destroy(names.v[i], e);
		gone++;
	}
	if (r == 0)
		printf("Removed %zu base(s).\n", gone);
	return r;
}

/* --- resize --- */

/* The pod file that clones get is pod-config's to edit. */
static int resize(const struct base_ask *a, struct err *e)
{
	OWN_STRV struct strv line = {0};

	strv_add(&line, "pod-config");
	strv_add(&line, "set");
	strv_add(&line, "--base");
	strv_add(&line, "--");
	for (int i = 0; i < a->n; i++)
		strv_add(&line, a->args[i]);
	return spawn_exec(line.v, e);
}

/* --- */

static const struct verb {
	const char *word;
	int min, max; /* further words */
	int (*run)(const struct base_ask *a, struct err *e);
} verbs[] = {
	{"create", 1, 2, create},       {"ls", 0, 0, ls},
	{"destroy", 1, 1, destroy},     {"prune", 0, 0, prune},
	{"resize", 2, INT_MAX, resize}, {0},
};

int cmd_base(int argc, char **argv)
{
	struct base_ask a = {0};
	const struct verb *v = verbs;
	struct err e = {0};
	const struct opt opts[] = {
		{OPT_FLAG, 'f', "force", &a.force, NULL,
		 "destroy: also one that pods were cloned of"},
		{OPT_FLAG, 'j', "json", &a.json, NULL, "ls: one JSON object a line"},
		{0},
	};
	const struct opt_usage u = {
		"pod-mount base [OPTION]... create POD [NAME] | ls | destroy NAME | prune | "
		"resize NAME KEY=VALUE...",
		"What pods are cloned of.", 1, 0, 0};
	int n = opt_parse(opts, &u, argc, argv);

	while (v->word && strcmp(v->word, argv[0]) != 0)
		v++;
	if (!v->word)
		die(POD_EXIT_USAGE, "base: %s is none of create, ls, destroy, prune, resize",
		    esc(argv[0]));
	if (n - 1 < v->min || n - 1 > v->max)
		die(POD_EXIT_USAGE, "base: wrong number of words for %s", v->word);
	a.args = argv + 1;
	a.n = n - 1;
	if (pod_check_caller(&e) < 0 || pod_state_open(&e) < 0 || v->run(&a, &e) < 0)
		return say_err(&e);
	return say_end(POD_EXIT_OK);
}
