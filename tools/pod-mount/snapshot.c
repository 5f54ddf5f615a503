/* SPDX-License-Identifier: Apache-2.0 */
/* pod-mount snapshot: states of a pod that can be gone back to. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/plan.h"
#include "libcommon/record.h"
#include "libcommon/say.h"
#include "tools/pod-mount/cmds.h"
#include "tools/pod-mount/current.h"
#include "tools/pod-mount/holders.h"
#include "tools/pod-mount/journal.h"
#include "tools/pod-mount/podbase.h"
#include "tools/pod-mount/quota.h"
#include "tools/pod-mount/restore.h"
#include "tools/pod-mount/retain.h"
#include "tools/pod-mount/snapshot.h"

#define LOCK_WAIT_MS 10000

static int record(const struct pod *p, const char *event, const struct snapshot *s,
		  const char *undo, struct err *e)
{
	OWN_EVENT struct event ev;

	event_init(&ev, p->name, "mount", event);
	event_str(&ev, "snapshot", s->id);
	if (strcmp(s->name, "-") != 0)
		event_str(&ev, "name", s->name);
	if (undo)
		event_str(&ev, "undo", undo);
	return record_event(&ev, true, e);
}

/* --- away with some --- */

static int drop_name(const struct pod *p, const char *name, struct err *e)
{
	OWN_STACK struct stack s = {0};
	bool changed = false;
	int r = stack_load(&s, p, e);

	for (size_t i = 0; r == 0 && i < s.n; i++)
		if (strcmp(s.v[i].kind, "named") == 0 && strcmp(s.v[i].name, name) == 0) {
			memcpy(s.v[i].kind, "auto", sizeof("auto"));
			memcpy(s.v[i].name, "-", sizeof("-"));
			changed = true;
		}
	return r == 0 && changed ? stack_save(&s, p, e) : r;
}

/* What nobody else names goes with it.  Its file first: a crash leaves orphans for gc. */
static int destroy_one(const struct pod *p, const struct snapshot *s, struct err *e)
{
	OWN_HOLDERS struct holders h = {0};
	int r = snapshot_unlink(s, p, e);

	if (r == 0 && strcmp(s->name, "-") != 0)
		r = drop_name(p, s->name, e);
	if (r == 0)
		r = holders_load(&h, p, HOLDERS_ALL, e);
	for (size_t i = 0; r == 0 && i < s->stack.n; i++)
		if (!holders_has(&h, s->stack.v[i].id))
			r = layer_delete(s->stack.v[i].id, e);
	return r == 0 ? record(p, "snapshot_destroy", s, NULL, e) : r;
}

/* The oldest of a kind, until so many are left. */
static int prune_kind(const struct pod *p, const char *kind, uint64_t keep, size_t *gone,
		      struct err *e)
{
	OWN_SNAPSHOTS struct snapshots all = {0};
	int r = snapshots_load(&all, p, false, e);
	size_t n = 0;

	for (size_t i = 0; r == 0 && i < all.n; i++)
		n += strcmp(all.v[i].kind, kind) == 0;
	for (size_t i = 0; r == 0 && n > keep && i < all.n; i++) {
		if (strcmp(all.v[i].kind, kind) != 0)
			continue;
		r = destroy_one(p, &all.v[i], e);
		n--;
		if (gone)
			++*gone;
	}
	return r;
}

/* --- what an agent asks for --- */

#define AGENT_KEEP 5

static uint64_t agent_keep(const struct pod *p)
{
	OWN_PLAN struct plan pl = {0};
	struct err ignored = {0};

	plan_open(&pl, p, &ignored);
	return plan_u64(&pl, "snapshots.agent_keep", AGENT_KEEP);
}

static int agent_begin(const struct snapshot_ask *a, struct snapshot *made, struct err *e)
{
	if (agent_keep(a->pod) == 0)
		return err_status(e, POD_EXIT_REFUSED, ERR_PLAIN,
				  "pod %s keeps no snapshots of its agent's "
				  "(snapshots.agent_keep: 0)",
				  a->pod->name);
	memcpy(made->kind, SNAPSHOT_AGENT, sizeof(SNAPSHOT_AGENT));
	return quota_obey(e);
}

static int agent_full(const struct pod *p, struct err *e)
{
	if (e->code != EDQUOT && e->code != ENOSPC)
		return -e->code;
	return err_status(e, POD_EXIT_REFUSED, e->code,
			  "what pod %s may store has no room for a copy (envpod budget %s)",
			  p->name, p->name);
}

/* --- create --- */

static int check_name(const struct pod *p, const char *name, struct err *e)
{
	OWN_SNAPSHOTS struct snapshots all = {0};
	int r = name ? pod_check_name(name, e) : 0;

	if (r < 0)
		return err_wrap(e, "snapshot");
	r = snapshots_load(&all, p, false, e);
	for (size_t i = 0; r == 0 && name && i < all.n; i++)
		if (strcmp(all.v[i].name, name) == 0)
			return err_set(e, ERR_PLAIN,
				       "pod %s has a snapshot named %s already (envpod snapshot %s "
				       "destroy %s removes it)",
				       p->name, name, p->name, name);
	return r;
}

/* The top layer bears the name, for diff. */
static bool name_top(struct stack *s, const char *name)
{
	struct layer *top = s->n ? &s->v[s->n - 1] : NULL;

	if (!name || !top || strcmp(top->kind, "auto") != 0)
		return false;
	memcpy(top->kind, "named", sizeof("named"));
	snprintf(top->name, sizeof(top->name), "%s", name);
	return true;
}

/* The pod's own stack bears it too, where that has the top layer. */
static int name_in_stack(const struct pod *p, const struct layer *top, struct err *e)
{
	OWN_STACK struct stack s = {0};
	int r = stack_load(&s, p, e);

	if (r < 0 || s.n == 0 || strcmp(s.v[s.n - 1].id, top->id) != 0)
		return r;
	s.v[s.n - 1] = *top;
	return stack_save(&s, p, e);
}

/* A layer that bears a name is never merged, so an agent's gives none. */
static int make(const struct pod *p, const char *name, struct snapshot *made, struct err *e)
{
	OWN_STACK struct stack s = {0};
	struct err ignore = {0};
	int r = current_stack(&s, p, e);
	bool named = r == 0 && !*made->kind && name_top(&s, name);

	if (r == 0)
		r = snapshot_write(made, p, &s, name, e);
	if (r == 0 && named) {
		r = name_in_stack(p, &s.v[s.n - 1], e);
		if (r < 0) /* what failed is not there, and can be asked for again */
			snapshot_unlink(made, p, &ignore);
	}
	return r == 0 ? current_done(p, e) : r;
}

static int create(const struct snapshot_ask *a, struct err *e)
{
	OWN(snapshot_finish) struct snapshot made = {0};
	int r = check_name(a->pod, a->name, e);

	if (r == 0 && a->agent)
		r = agent_begin(a, &made, e);
	if (r == 0)
		r = make(a->pod, a->name, &made, e);
	if (r < 0 && a->agent)
		return agent_full(a->pod, e);
	if (r == 0)
		r = record(a->pod, "snapshot_create", &made, NULL, e);
	if (r == 0 && a->agent)
		r = prune_kind(a->pod, SNAPSHOT_AGENT, agent_keep(a->pod), NULL, e);
	if (r == 0)
		printf("%s\n", made.id);
	return r;
}

/* --- restore --- */

static int restore(const struct snapshot_ask *a, struct err *e)
{
	OWN_SNAPSHOTS struct snapshots all = {0};
	OWN_PLAN struct plan pl = {0};
	const struct snapshot *s;
	char undo[JOURNAL_ID];
	int r = plan_open(&pl, a->pod, e);

	if (r == 0)
		r = snapshots_load(&all, a->pod, true, e);
	s = r == 0 ? snapshots_find(&all, a->args[0], a->pod, e) : NULL;
	if (!s)
		return -e->code;
	r = restore_stack(a->pod, &s->stack, NULL, undo, e);
	if (r == 0 && undo[0])
		r = record(a->pod, "restore", s, undo, e);
	if (r < 0)
		return r;
	if (undo[0])
		printf("Restored %s; what pod %s had is undo/%s.\n", s->id, a->pod->name, undo);
	else
		printf("Pod %s is as snapshot %s has it.\n", a->pod->name, s->id);
	undo_retain(a->pod, &pl);
	return 0;
}

/* --- promote --- */

static int promote(const struct snapshot_ask *a, struct err *e)
{
	OWN_SNAPSHOTS struct snapshots all = {0};
	char made[POD_NAME_MAX + 1];
	const struct snapshot *s;
	int r = snapshots_load(&all, a->pod, true, e);

	s = r == 0 ? snapshots_find(&all, a->args[0], a->pod, e) : NULL;
	if (!s)
		return -e->code;
	r = podbase_make(a->pod, &s->stack, a->args[1], made, e);
	return r == 0 ? record(a->pod, "promote", s, NULL, e) : r;
}

/* --- destroy, prune --- */

static int destroy(const struct snapshot_ask *a, struct err *e)
{
	OWN_SNAPSHOTS struct snapshots all = {0};
	const struct snapshot *s;
	int r = snapshots_load(&all, a->pod, true, e);

	s = r == 0 ? snapshots_find(&all, a->args[0], a->pod, e) : NULL;
	if (a->agent && r == 0 && (!s || strcmp(s->kind, SNAPSHOT_AGENT) != 0))
		return err_status(e, POD_EXIT_REFUSED, ERR_PLAIN,
				  "pod %s has no snapshot %s of its agent's any more", a->pod->name,
				  esc(a->args[0]));
	if (!s)
		return -e->code;
	if (s->is_layer)
		return err_status(e, POD_EXIT_REFUSED, ERR_PLAIN,
				  "%s is a layer that pod %s stands on: envpod rollback drops "
				  "changes, envpod snapshot %s prune merges layers",
				  s->id, a->pod->name, a->pod->name);
	return destroy_one(a->pod, s, e);
}

static int prune(const struct snapshot_ask *a, struct err *e)
{
	OWN_STACK struct stack s = {0};
	OWN_PLAN struct plan pl = {0};
	size_t gone = 0, before = 0, keep;
	int r = plan_open(&pl, a->pod, e);

	keep = a->keep == UINT64_MAX ? layers_keep(&pl) : (size_t)a->keep;
	if (r == 0)
		r = prune_kind(a->pod, "auto", keep, &gone, e);
	if (r == 0)
		r = stack_load(&s, a->pod, e);
	before = s.n;
	if (r == 0 && !pod_may_live(a->pod))
		r = layers_squash_to(a->pod, &s, keep, e);
	if (r < 0)
		return r;
	printf("Removed %zu snapshot(s), merged %zu layer(s).\n", gone, before - s.n);
	return 0;
}

/* --- */

static const struct verb {
	const char *word;
	int min, max; /* further words */
	int (*run)(const struct snapshot_ask *a, struct err *e);
} verbs[] = {
	{"create", 0, 0, create},      {"ls", 0, 0, snapshot_ls},
	{"restore", 1, 1, restore},    {"destroy", 1, 1, destroy},
	{"prune", 0, 0, prune},        {"promote", 2, 2, promote},
	{"diff", 1, 2, snapshot_diff}, {0},
};

static const struct verb *find_verb(const char *word)
{
	const struct verb *v = verbs;

	while (v->word && strcmp(v->word, word) != 0)
		v++;
	if (!v->word)
		die(POD_EXIT_USAGE,
		    "snapshot: %s is none of create, ls, restore, destroy, prune, promote, diff",
		    esc(word));
	return v;
}

static int act(const struct verb *v, struct snapshot_ask *a, const char *pod, struct err *e)
{
	OWN(pod_finish) struct pod p = POD_INIT;
	int r = pod_open(&p, pod, e);

	a->pod = &p;
	if (r == 0)
		r = pod_lock(&p, LOCK_WAIT_MS, e);
	if (r == 0)
		r = layers_recover_idle(&p, e);
	if (r == 0)
		r = journal_recover(&p, e);
	return r < 0 ? r : v->run(a, e);
}

int cmd_snapshot(int argc, char **argv)
{
	struct snapshot_ask a = {.keep = UINT64_MAX};
	struct err e = {0};
	bool yes = false;
	const struct opt opts[] = {
		{OPT_STR, 'n', "name", &a.name, "NAME", "create: give it a name"},
		{OPT_FLAG, 0, "agent", &a.agent, NULL,
		 "create: for the pod's agent, within its limits; destroy: only one of those"},
		{OPT_FLAG, 's', "size", &a.size, NULL, "ls: count files and bytes"},
		{OPT_FLAG, 'j', "json", &a.json, NULL, "ls, diff: one JSON object a line"},
		{OPT_U64, 0, "keep", &a.keep, "N", "prune: how many automatic ones stay"},
		{OPT_FLAG, 'y', "yes", &yes, NULL, "accepted: nothing is asked, all can be undone"},
		{0},
	};
	const struct opt_usage u = {
		"pod-mount snapshot [OPTION]... POD create|ls|restore|destroy|prune|promote|diff [ARGUMENT]...",
		"States of a pod that can be gone back to.", 2, 5, 0};
	int n = opt_parse(opts, &u, argc, argv);
	const struct verb *v = find_verb(argv[1]);

	if (n - 2 < v->min || n - 2 > v->max)
		die(POD_EXIT_USAGE, "snapshot: %s wants %d argument(s)", v->word, v->min);
	a.args = argv + 2;
	return act(v, &a, argv[0], &e) < 0 ? say_err(&e) : say_end(POD_EXIT_OK);
}
