/* SPDX-License-Identifier: Apache-2.0 */
/* pod-queue queue: what waits, what was; and actions that a person puts there. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/jsonw.h"
#include "libcommon/opt.h"
#include "libcommon/out.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "tools/pod-queue/canon.h"
#include "tools/pod-queue/catalog.h"
#include "tools/pod-queue/cmds.h"
#include "tools/pod-queue/desk.h"
#include "tools/pod-queue/note.h"
#include "tools/pod-queue/reply.h"

struct words {
	const char *tier, *description, *action, *params;
	uint64_t delay;
	bool json, all;
};

/* --- listing --- */

struct row {
	const char *id, *name, *tier, *state, *when, *what;
};

static const struct col cols[] = {
	{"id", COL_STR, offsetof(struct row, id), 17},
	{"name", COL_STR, offsetof(struct row, name), 16},
	{"tier", COL_STR, offsetof(struct row, tier), 10},
	{"status", COL_STR, offsetof(struct row, state), 10},
	{"created", COL_STR, offsetof(struct row, when), 21},
	{"params", COL_STR, offsetof(struct row, what), 0},
	{0},
};

static int print_one(const struct action *a, struct out *o)
{
	OWN_BUF struct buf what = BUF_INIT, json = BUF_INIT;
	char time[ACTION_TIME];
	struct row row = {
		a->id, a->name, tier_names[a->tier], action_state(a), action_time(a->created, time),
		NULL};

	if (o->form == OUT_JSON) {
		action_print(a, &json);
		fputs(json.data, stdout);
		return 0;
	}
	buf_esc(&what, a->params);
	if (what.len > 60) {
		what.data[57] = '\0';
		buf_str(&what, "");
		memcpy(what.data + 57, "...", 4);
	}
	row.what = what.data;
	out_row(o, &row);
	return 0;
}

static int by_time(const void *a, const void *b)
{
	int64_t x = ((const struct action *)a)->created, y = ((const struct action *)b)->created;

	return x < y ? -1 : x > y ? 1 : 0;
}

struct found {
	struct action *v;
	size_t n;
};

static void found_finish(struct found *f)
{
	for (size_t i = 0; i < f->n; i++)
		action_finish(&f->v[i]);
	free(f->v);
}

/* One that went elsewhere while we looked is found there. */
static int collect(struct desk *d, int places, struct found *f, struct err *e)
{
	for (int place = 0; place < places; place++) {
		OWN_STRV struct strv ids = {0};

		if (store_list(&d->store, (enum place)place, &ids, e) < 0)
			return -EINVAL;
		for (size_t i = 0; i < ids.n; i++) {
			struct err one = {0};

			f->v = xrealloc(f->v, (f->n + 1) * sizeof(*f->v));
			if (store_read(&d->store, (enum place)place, ids.v[i], &f->v[f->n], &one) ==
			    0)
				f->n++;
			else if (store_find(&d->store, ids.v[i]) == place)
				say_warn("%s", one.msg);
		}
	}
	if (f->n)
		qsort(f->v, f->n, sizeof(*f->v), by_time);
	return 0;
}

static int list(struct desk *d, const struct words *w, struct err *e)
{
	__attribute__((cleanup(found_finish))) struct found f = {0};
	struct out o = {.form = w->json ? OUT_JSON : OUT_TEXT, .cols = cols};

	if (collect(d, w->all ? PLACES : PLACE_DONE, &f, e) < 0)
		return say_err(e);
	for (size_t i = 0; i < f.n; i++)
		print_one(&f.v[i], &o);
	return say_end(POD_EXIT_OK);
}

static int show(struct desk *d, const char *id, struct err *e)
{
	OWN_ACTION struct action a = {.tier = TIERS};
	OWN_BUF struct buf out = BUF_INIT, shown = BUF_INIT;

	if (desk_read(d, id, &a, e) < 0)
		return say_err(e);
	action_print(&a, &out);
	/* Somebody decides by what he sees: no text of an agent's may look like another. */
	buf_esc_json(&shown, out.data);
	fputs(shown.data, stdout);
	return say_end(POD_EXIT_OK);
}

/* --- adding --- */

static int params_of(const struct words *w, char **params, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT, text = BUF_INIT;
	const char *fault;
	size_t at;

	if (!w->params) {
		jw_open(&text, '{');
		if (w->description && !w->action)
			jw_kstr(&text, "description", w->description);
		jw_close(&text, '}');
	} else {
		buf_str(&text, w->params);
	}
	if (canon_value(&b, text.data, text.len, &fault, &at) < 0 || b.data[0] != '{')
		return err_status(e, POD_EXIT_USAGE, ERR_PLAIN, "--params: column %zu: %s", at + 1,
				  b.len && b.data[0] != '{' ? "an object was expected" : fault);
	if (b.len > ACTION_PARAMS)
		return err_status(e, POD_EXIT_USAGE, ERR_PLAIN, "--params: too long");
	*params = buf_take(&b);
	return 0;
}

static int fill(struct desk *d, const struct words *w, struct action *a, struct err *e)
{
	OWN_CATALOG struct catalog c = {0};
	const struct entry *en;

	if (catalog_load(&c, &d->pod, e) < 0)
		return -EINVAL;
	en = catalog_find(&c, w->action ? w->action : "request");
	if (!en)
		return err_status(e, POD_EXIT_USAGE, ERR_PLAIN, "pod %s has no action %s",
				  d->pod.name, esc(w->action));
	*a = (struct action){.tier = en->tier, .created = action_now()};
	if (w->tier && (a->tier = tier_of(w->tier)) == TIERS)
		return err_status(e, POD_EXIT_USAGE, ERR_PLAIN,
				  "--tier is none of immediate, delayed, staged, blocked");
	if (params_of(w, &a->params, e) < 0)
		return -EINVAL;
	if (!en->is_free && entry_check(en->params, en->n_params, a->params, e) < 0) {
		e->status = POD_EXIT_USAGE;
		return -EINVAL;
	}
	action_new_id(a->id);
	memcpy(a->name, en->name, sizeof(a->name));
	snprintf(a->type, sizeof(a->type), "%s", en->type->name);
	memcpy(a->by, d->who.name, sizeof(a->by));
	if (a->tier == TIER_DELAYED)
		a->due = a->created + (w->delay == UINT64_MAX ? en->delay : (int64_t)w->delay);
	if (a->tier == TIER_STAGED)
		a->until = a->created + (int64_t)plan_u64(&d->plan, "queue.timeout", 86400);
	return catalog_digest(&d->pod, en, a, a->digest, e);
}

static int put(struct desk *d, struct action *a, struct err *e)
{
	static const enum place places[] = {PLACE_NEW, PLACE_DELAYED, PLACE_STAGED, PLACE_DENIED};
	int r = store_lock(&d->store, e);

	if (a->tier == TIER_BLOCKED) {
		snprintf(a->status, sizeof(a->status), "blocked");
		a->ended = a->created;
	}
	if (r == 0)
		r = note_action(&d->pod,
				a->tier == TIER_BLOCKED ? "action_blocked" : "action_submitted", a,
				a->by, e);
	if (r == 0)
		r = store_add(&d->store, places[a->tier], a, e);
	store_unlock(&d->store);
	return r < 0 || a->tier == TIER_BLOCKED ? r : desk_wake(d, e);
}

static int add(struct desk *d, const struct words *w, struct err *e)
{
	OWN_ACTION struct action a = {.tier = TIERS};
	OWN_BUF struct buf out = BUF_INIT;

	if (!w->description && !w->action)
		err_status(e, POD_EXIT_USAGE, ERR_PLAIN,
			   "add: give a --description, or an --action");
	else if (fill(d, w, &a, e) == 0 && put(d, &a, e) == 0) {
		if (w->json)
			action_print(&a, &out);
		else
			buf_fmt(&out, "%s\n", a.id);
		fputs(out.data, stdout);
		return say_end(POD_EXIT_OK);
	}
	return say_err(e);
}

int cmd_queue(int argc, char **argv)
{
	OWN(desk_finish) struct desk d = DESK_INIT;
	struct words w = {.delay = UINT64_MAX};
	struct err e = {0};
	const struct opt opts[] = {
		{OPT_FLAG, 'j', "json", &w.json, NULL, "one JSON object a line"},
		{OPT_FLAG, 'a', "all", &w.all, NULL, "also those that have ended"},
		{OPT_STR, 0, "tier", &w.tier, "TIER", "add: immediate, delayed, staged or blocked"},
		{OPT_STR, 0, "description", &w.description, "TEXT", "add: in words"},
		{OPT_STR, 0, "action", &w.action, "NAME", "add: one that the pod has"},
		{OPT_STR, 0, "params", &w.params, "JSON", "add: its parameters"},
		{OPT_U64, 0, "delay", &w.delay, "SECONDS", "add: a delayed one waits so long"},
		{0},
	};
	const struct opt_usage usage = {"pod-queue queue [OPTION]... POD [add | show ID]",
					"List what waits for somebody or for its time.", 1, 3, 0};
	int n = opt_parse(opts, &usage, argc, argv);
	bool shows = n == 3 && strcmp(argv[1], "show") == 0;
	bool adds = n == 2 && strcmp(argv[1], "add") == 0;

	if (n > 1 && !shows && !adds)
		die(POD_EXIT_USAGE, "queue: %s is neither add nor show ID", esc(argv[1]));
	if (w.delay != UINT64_MAX && w.delay > 31 * 86400)
		die(POD_EXIT_USAGE, "queue: --delay is at most 2678400 seconds");
	if (desk_open(&d, argv[0], &e) < 0)
		return say_err(&e);
	return shows ? show(&d, argv[2], &e) : adds ? add(&d, &w, &e) : list(&d, &w, &e);
}
