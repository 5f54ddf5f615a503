/* SPDX-License-Identifier: Apache-2.0 */
/* pod-queue actions: which actions a pod has, what they take, and who decides about them. */
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
#include "libcommon/opt.h"
#include "libcommon/out.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/record.h"
#include "libcommon/say.h"
#include "tools/pod-queue/agent.h"
#include "tools/pod-queue/canon.h"
#include "tools/pod-queue/catalog.h"
#include "tools/pod-queue/cmds.h"
#include "tools/pod-queue/desk.h"

#define EXECUTOR_MAX (16u << 20)

struct words {
	const char *description, *tier, *type, *exec;
	struct strv params, config;
	uint64_t delay;
	bool json;
};

/* --- listing --- */

struct row {
	const char *name, *tier, *type, *params, *description;
};

static const struct col cols[] = {
	{"name", COL_STR, offsetof(struct row, name), 16},
	{"tier", COL_STR, offsetof(struct row, tier), 10},
	{"type", COL_STR, offsetof(struct row, type), 13},
	{"params", COL_STR, offsetof(struct row, params), 30},
	{"description", COL_STR, offsetof(struct row, description), 0},
	{0},
};

static int list(const struct catalog *c, bool json)
{
	struct out o = {.form = OUT_TEXT, .cols = cols};

	for (size_t i = 0; i < c->n; i++) {
		const struct entry *en = &c->v[i];
		OWN_BUF struct buf params = BUF_INIT, line = BUF_INIT, text = BUF_INIT;
		struct row row = {en->name, tier_names[en->tier], en->type->name, NULL, NULL};

		if (json) {
			entry_print(en, &line);
			printf("%s\n", line.data);
			continue;
		}
		for (size_t p = 0; p < en->n_params; p++)
			buf_fmt(&params, "%s%s%s", p ? " " : "", en->params[p].name,
				en->params[p].required ? "*" : "");
		buf_str(&params, en->is_free ? "..." : en->n_params ? "" : "-");
		buf_esc(&text, en->description);
		row.params = params.data;
		row.description = text.data ? text.data : "";
		out_row(&o, &row);
	}
	return say_end(POD_EXIT_OK);
}

/* --- changing --- */

/* "NAME[:KIND][:required]" */
static int take_param(struct entry *en, const char *word, struct err *e)
{
	OWN_FREE char *copy = xstrdup(word);
	struct param *p = &en->params[en->n_params];
	char *save = NULL, *part = strtok_r(copy, ":", &save);

	if (en->n_params == CATALOG_PARAMS)
		return err_status(e, POD_EXIT_USAGE, ERR_PLAIN, "--param: at most %d",
				  CATALOG_PARAMS);
	*p = (struct param){.kind = PARAM_ANY};
	snprintf(p->name, sizeof(p->name), "%s", part ? part : "");
	while ((part = strtok_r(NULL, ":", &save))) {
		int kind = PARAM_ANY;

		while (kind > PARAM_TEXT && strcmp(param_word((enum param_kind)kind), part) != 0)
			kind--;
		if (strcmp(part, "required") == 0)
			p->required = true;
		else if (strcmp(param_word((enum param_kind)kind), part) == 0)
			p->kind = (enum param_kind)kind;
		else
			return err_status(e, POD_EXIT_USAGE, ERR_PLAIN,
					  "--param %s: %s is none of required, text, flag, number, "
					  "list, map, any",
					  esc(word), esc(part));
	}
	if (!action_is_name(p->name) || strlen(word) >= 64)
		return err_status(e, POD_EXIT_USAGE, ERR_PLAIN,
				  "--param wants NAME[:KIND][:required], not %s", esc(word));
	en->n_params++;
	return 0;
}

static int take_config(struct entry *en, const struct strv *pairs, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT, canonical = BUF_INIT;
	const char *fault;
	size_t at;

	jw_open(&b, '{');
	for (size_t i = 0; i < pairs->n; i++) {
		const char *eq = strchr(pairs->v[i], '=');
		OWN_FREE char *key = eq ? xfmt("%.*s", (int)(eq - pairs->v[i]), pairs->v[i]) : NULL;

		if (!eq || eq == pairs->v[i])
			return err_status(e, POD_EXIT_USAGE, ERR_PLAIN,
					  "--config wants KEY=VALUE, not %s", esc(pairs->v[i]));
		jw_kstr(&b, key, eq + 1);
	}
	jw_close(&b, '}');
	if (canon_value(&canonical, b.data, b.len, &fault, &at) < 0)
		return err_status(e, POD_EXIT_USAGE, ERR_PLAIN, "--config: %s", fault);
	free(en->config);
	en->config = buf_take(&canonical);
	return 0;
}

/* The file is read once, checked by nobody, and root's from here on. */
static int take_executor(const struct desk *d, const char *name, const char *file, struct err *e)
{
	OWN_FD int from = open(file, O_RDONLY | O_CLOEXEC), dir = -1;
	OWN_BUF struct buf text = BUF_INIT;
	int r;

	if (from < 0)
		return err_set(e, errno, "open %s", esc(file));
	r = read_fd(from, &text, EXECUTOR_MAX);
	if (r < 0)
		return err_set(e, -r, "read %s", esc(file));
	if (mkdirat(d->pod.dir, "actions", 0755) < 0 && errno != EEXIST)
		return err_set(e, errno, "make %s/actions", d->pod.path);
	dir = openat(d->pod.dir, "actions", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (dir < 0)
		return err_set(e, errno, "open %s/actions", d->pod.path);
	if (fchmod(dir, 0755) < 0)
		return err_set(e, errno, "open %s/actions to the pod", d->pod.path);
	r = write_file_at(dir, name, text.data ? text.data : "", text.len, 0755, true);
	return r < 0 ? err_set(e, -r, "write %s/actions/%s", d->pod.path, name) : 0;
}

static int new_entry(const struct words *w, const char *name, struct entry *en, struct err *e)
{
	*en = (struct entry){.tier = TIERS, .is_named = true, .delay = TYPE_DELAY};
	snprintf(en->name, sizeof(en->name), "%s", name);
	en->type = type_find(w->type ? w->type : type_find(name) ? name : "custom");
	if (!action_is_name(name) || strlen(name) >= sizeof(en->name))
		return err_status(e, POD_EXIT_USAGE, ERR_PLAIN,
				  "%s is no name of an action: letters, digits, '.', '_', '-'",
				  esc(name));
	if (!en->type || type_is_ours(en->type))
		return err_status(e, POD_EXIT_USAGE, ERR_PLAIN, "--type: there is no %s",
				  esc(w->type ? w->type : name));
	en->tier = w->tier ? tier_of(w->tier) : w->type ? en->type->tier : TIER_STAGED;
	if (en->tier == TIERS)
		return err_status(e, POD_EXIT_USAGE, ERR_PLAIN,
				  "--tier is none of immediate, delayed, staged, blocked");
	if (w->delay != UINT64_MAX)
		en->delay = (uint32_t)w->delay;
	en->description = xstrdup(w->description);
	for (size_t i = 0; i < w->params.n; i++)
		if (take_param(en, w->params.v[i], e) < 0)
			return -EINVAL;
	if (w->params.n == 0)
		entry_take_type(en, en->type);
	return take_config(en, &w->config, e);
}

/* As the file will be read: a type that takes none of these parameters says so now. */
static int check(const struct entry *en, struct err *e)
{
	OWN_CATALOG struct catalog c = {0};
	OWN_BUF struct buf text = BUF_INIT;

	buf_char(&text, '[');
	entry_print(en, &text);
	buf_char(&text, ']');
	return catalog_parse(&c, text.data, text.len, e);
}

static int record(const struct desk *d, const char *event, const struct entry *en, struct err *e)
{
	OWN_EVENT struct event ev;

	event_init(&ev, d->pod.name, "queue", event);
	event_str(&ev, "action", en->name);
	event_str(&ev, "type", en->type->name);
	event_str(&ev, "tier", tier_names[en->tier]);
	event_str(&ev, "by", d->who.name);
	return record_event(&ev, true, e);
}

static void replace(struct catalog *c, const struct entry *en)
{
	struct entry *old = catalog_find(c, en->name);

	if (!old) {
		c->v = xrealloc(c->v, (c->n + 1) * sizeof(*c->v));
		old = &c->v[c->n++];
	} else {
		entry_finish(old);
	}
	*old = *en;
}

static int add(struct desk *d, struct catalog *c, const struct words *w, const char *name,
	       struct err *e)
{
	const struct entry *old = catalog_find(c, name);
	struct entry en;
	int r;

	if (!w->description)
		return err_status(e, POD_EXIT_USAGE, ERR_PLAIN, "add: --description is missing");
	if (old && old->is_named)
		return err_status(e, POD_EXIT_REFUSED, ERR_PLAIN,
				  "pod %s has an action %s already: remove it first", d->pod.name,
				  esc(name));
	r = new_entry(w, name, &en, e);
	if (r == 0)
		r = check(&en, e);
	if (r == 0 && !w->exec && strcmp(en.type->name, "custom") == 0)
		r = err_status(e, POD_EXIT_USAGE, ERR_PLAIN,
			       "add: what executes %s? give --exec FILE, or a --type", esc(name));
	if (r == 0)
		r = record(d, "actions_add", &en, e);
	if (r == 0 && w->exec)
		r = take_executor(d, name, w->exec, e);
	if (r < 0) {
		entry_finish(&en);
		return r;
	}
	replace(c, &en);
	return catalog_save(c, &d->pod, e);
}

static int remove_one(struct desk *d, struct catalog *c, const char *name, struct err *e)
{
	struct entry *en = catalog_find(c, name);
	OWN_FD int dir = openat(d->pod.dir, "actions", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (!en || !en->is_named)
		return err_set(e, ERR_PLAIN,
			       en ? "%s is a type: set-tier %s blocked takes it away"
				  : "the pod has no action %s of its own%.0s",
			       esc(name), esc(name));
	r = record(d, "actions_remove", en, e);
	if (r < 0)
		return r;
	en->is_named = false;
	r = catalog_save(c, &d->pod, e);
	if (r == 0 && dir >= 0 && unlinkat(dir, name, 0) < 0 && errno != ENOENT)
		return err_set(e, errno, "remove %s/actions/%s", d->pod.path, esc(name));
	return r;
}

static int set_tier(struct desk *d, struct catalog *c, const char *name, const char *tier,
		    struct err *e)
{
	struct entry *en = catalog_find(c, name);

	if (!en)
		return err_set(e, ERR_PLAIN, "the pod has no action %s", esc(name));
	if (tier_of(tier) == TIERS)
		return err_status(e, POD_EXIT_USAGE, ERR_PLAIN,
				  "%s is none of immediate, delayed, staged, blocked", esc(tier));
	en->tier = tier_of(tier);
	en->is_named = true;
	return record(d, "actions_tier", en, e) < 0 ? -EINVAL : catalog_save(c, &d->pod, e);
}

static int change(struct desk *d, const struct words *w, int n, char **argv, struct err *e)
{
	OWN_CATALOG struct catalog c = {0};
	const char *word = argv[1];
	int r = store_lock(&d->store, e);

	if (r == 0)
		r = catalog_load(&c, &d->pod, e);
	if (r < 0)
		return r;
	if (n == 3 && strcmp(word, "add") == 0)
		return add(d, &c, w, argv[2], e);
	if (n == 3 && strcmp(word, "remove") == 0)
		return remove_one(d, &c, argv[2], e);
	if (n == 4 && strcmp(word, "set-tier") == 0)
		return set_tier(d, &c, argv[2], argv[3], e);
	return err_status(e, POD_EXIT_USAGE, ERR_PLAIN,
			  "actions: ls | add NAME | remove NAME | set-tier NAME TIER");
}

static int for_a_person(const struct words *w, int n, char **argv)
{
	OWN(desk_finish) struct desk d = DESK_INIT;
	OWN_CATALOG struct catalog c = {0};
	struct err e = {0};
	bool lists = n == 1 || (n == 2 && strcmp(argv[1], "ls") == 0);

	if (desk_open(&d, argv[0], &e) < 0)
		return say_err(&e);
	if (!lists)
		return change(&d, w, n, argv, &e) < 0 ? say_err(&e) : POD_EXIT_OK;
	return catalog_load(&c, &d.pod, &e) < 0 ? say_err(&e) : list(&c, w->json);
}

int cmd_actions(int argc, char **argv)
{
	struct words w = {.delay = UINT64_MAX};
	const struct opt opts[] = {
		{OPT_FLAG, 'j', "json", &w.json, NULL, "ls: one JSON object a line"},
		{OPT_STR, 'd', "description", &w.description, "TEXT", "add: what it does"},
		{OPT_STR, 't', "tier", &w.tier, "TIER",
		 "add: immediate, delayed, staged (so without it) or blocked"},
		{OPT_LIST, 'p', "param", &w.params, "NAME[:KIND][:required]", "add: it takes this"},
		{OPT_STR, 'e', "exec", &w.exec, "FILE", "add: a copy of this program executes it"},
		{OPT_STR, 0, "type", &w.type, "TYPE", "add: it is one of this type"},
		{OPT_LIST, 'c', "config", &w.config, "KEY=VALUE", "add: for its executor"},
		{OPT_U64, 0, "delay", &w.delay, "SECONDS", "add: when delayed, so long (30)"},
		{0},
	};
	const struct opt_usage usage = {
		"pod-queue actions [OPTION]... [POD [ls | add NAME | remove NAME | set-tier NAME "
		"TIER]]",
		"Say which actions there are, and change that; without POD, from inside one.", 0, 4,
		0};
	int n = opt_parse(opts, &usage, argc, argv), status;

	if (w.delay != UINT64_MAX && w.delay > 31 * 86400)
		die(POD_EXIT_USAGE, "actions: --delay is at most 2678400 seconds");
	status = n == 0 ? agent_actions() : for_a_person(&w, n, argv);
	strv_finish(&w.params);
	strv_finish(&w.config);
	return status;
}
