/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/cgroup.h"
#include "libcommon/cgroup_limits.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/record.h"
#include "libcommon/say.h"
#include "libcommon/undo.h"
#include "libcommon/unit.h"
#include "tools/pod-limit/limit.h"

/* The words of pod.yaml beside the names of the limits. */
static const struct {
	const char *word, *key;
} aliases[] = {
	{"cores", "cpu.max"},
	{"cpu", "cpu.max"},
	{"memory", "memory.max"},
	{"max_pids", "pids.max"},
	{"cpu_affinity", "cpuset.cpus"},
};

static const char *key_name(const void *from, int i)
{
	const size_t n = sizeof(aliases) / sizeof(aliases[0]), at = (size_t)i;

	(void)from;
	if (at < nlimits)
		return limits[at].key;
	return at - nlimits < n ? aliases[at - nlimits].word : NULL;
}

static const char *find_key(const char *word)
{
	for (size_t i = 0; i < nlimits; i++)
		if (strcmp(limits[i].key, word) == 0)
			return limits[i].key;
	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		if (strcmp(aliases[i].word, word) == 0)
			return aliases[i].key;
	return NULL;
}

/* "1.5" cores as cpu.max says it. */
static char *cores_value(const char *value)
{
	char *end;
	double cores = strtod(value, &end);

	if (end == value || *end || !(cores >= 0.01) || cores > 4096)
		return NULL;
	return xfmt("%lu 100000", (unsigned long)(cores * 100000));
}

/* The value in the plan's form; NULL when it is none. */
static char *plan_value(const char *key, const char *value)
{
	uint64_t n;

	if (strcmp(key, "cpu.max") == 0 && !strchr(value, ' ') && strcmp(value, "max") != 0)
		return cores_value(value);
	if (strncmp(key, "memory.", 7) == 0 && strcmp(value, "max") != 0)
		return unit_size(value, &n) == 0 ? xfmt("%llu", (unsigned long long)n) : NULL;
	if (strcmp(key, "pids.max") == 0 && strcmp(value, "max") != 0)
		return unit_u64(value, INT32_MAX, &n) == 0 ? xstrdup(value) : NULL;
	return xstrdup(value);
}

static int add_word(struct plan *pl, const char *word, struct err *e)
{
	const char *eq = strchr(word, '='), *key, *near;
	OWN_FREE char *name = xfmt("%.*s", (int)strcspn(word, "="), word);
	OWN_FREE char *value = NULL;

	if (!eq)
		return err_status(e, POD_EXIT_USAGE, ERR_PLAIN, "want KEY=VALUE, not %s",
				  esc(word));
	key = find_key(name);
	near = key ? NULL : nearest(name, key_name, NULL);
	if (!key)
		return err_status(e, POD_EXIT_USAGE, ERR_PLAIN, "unknown limit %s%s%s%s", esc(name),
				  near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
	value = plan_value(key, eq + 1);
	if (!value)
		return err_status(e, POD_EXIT_USAGE, ERR_PLAIN, "%s: %s is no value for it", key,
				  esc(eq + 1));
	strv_add(&pl->keys, key);
	strv_add(&pl->values, value);
	return 0;
}

/* v1 limits memory and swap in one sum, so it needs the other half from the pod file. */
static int add_memory(struct plan *pl, const struct pod *p, struct err *e)
{
	OWN_PLAN struct plan whole = {0};
	const char *memory;
	int r;

	if (!plan_str(pl, "memory.swap.max", NULL) || plan_str(pl, "memory.max", NULL))
		return 0;
	r = plan_open(&whole, p, e);
	memory = r < 0 ? NULL : plan_str(&whole, "memory.max", NULL);
	if (memory) {
		strv_add(&pl->keys, "memory.max");
		strv_add(&pl->values, memory);
	}
	return r;
}

static int record_limits(const char *pod, const struct plan *pl, struct err *e)
{
	OWN_EVENT struct event ev = {0};

	event_init(&ev, pod, "limit", "set_limits");
	for (size_t i = 0; i < pl->keys.n; i++)
		if (find_key(pl->keys.v[i]))
			event_str(&ev, pl->keys.v[i], pl->values.v[i]);
	return record_event(&ev, true, e);
}

/* --- taking it back --- */

/* What the kernel has for each limit that the plan names, in the same order. */
static void read_now(const struct pod *p, const struct plan *pl, struct strv *now)
{
	OWN_CGTREE struct cgtree t = CGTREE_INIT;
	struct err ignored = {0};
	bool open = cgtree_open(&t, p->name, &ignored) == 0;

	for (size_t i = 0; i < pl->keys.n; i++)
		for (size_t l = 0; l < nlimits; l++)
			if (strcmp(limits[l].key, pl->keys.v[i]) == 0) {
				OWN_FREE char *value =
					open ? limit_now(&t, &limits[l], pl->values.v[i]) : NULL;

				strv_add(now, value ? value : "?");
			}
}

/* The kernel keeps bytes in whole pages. */
static bool is_same(const char *key, const char *now, const char *was)
{
	uint64_t a, b;

	if (strncmp(key, "memory.", 7) == 0 && unit_u64(now, UINT64_MAX, &a) == 0 &&
	    unit_u64(was, UINT64_MAX, &b) == 0)
		return a / 4096 == b / 4096;
	return strcmp(now, was) == 0;
}

/* --was KEY=VALUE: where one is another now, somebody changed it since. */
static int check_was(const struct pod *p, const struct strv *was, struct err *e)
{
	OWN_PLAN struct plan pl = {0};
	OWN_STRV struct strv now = {0};
	int r = 0;

	for (size_t i = 0; i < was->n && r == 0; i++)
		r = add_word(&pl, was->v[i], e);
	if (r < 0)
		return r;
	read_now(p, &pl, &now);
	for (size_t i = 0; i < now.n; i++)
		if (!is_same(pl.keys.v[i], now.v[i], pl.values.v[i]))
			return err_status(e, POD_EXIT_REFUSED, ERR_PLAIN,
					  "%s of pod %s is '%s', not '%s'", pl.keys.v[i], p->name,
					  esc(now.v[i]), esc(pl.values.v[i]));
	return 0;
}

static int register_undo(const struct pod *p, const struct plan *pl, const struct strv *before,
			 struct err *e)
{
	OWN_UNDO_NOTE struct undo_note n = {0};
	OWN_STRV struct strv after = {0}, back = {0};
	char id[UNDO_ID];

	read_now(p, pl, &after);
	strv_add(&n.what, "limits");
	undo_words(&n.run, "pod-limit", "set", NULL);
	for (size_t i = 0; i < pl->keys.n; i++) {
		if (strcmp(before->v[i], after.v[i]) == 0 || strcmp(before->v[i], "?") == 0)
			continue;
		strv_fmt(&n.what, "%s=%s", pl->keys.v[i], after.v[i]);
		strv_add(&n.run, "--was");
		strv_fmt(&n.run, "%s=%s", pl->keys.v[i], after.v[i]);
		strv_fmt(&back, "%s=%s", pl->keys.v[i], before->v[i]);
	}
	if (!back.n)
		return 0;
	strv_add(&n.run, p->name);
	for (size_t i = 0; i < back.n; i++)
		strv_add(&n.run, back.v[i]);
	return undo_register(p, &n, id, e);
}

struct how {
	struct strv was;
	bool no_undo, print_change;
};

/* "-KEY=VALUE" as it was and "+KEY=VALUE" as it is, of what has changed, for who keeps the record.
 */
static void print_change(const struct pod *p, const struct plan *pl, const struct strv *before)
{
	OWN_STRV struct strv after = {0};

	read_now(p, pl, &after);
	for (size_t i = 0; i < pl->keys.n; i++)
		if (strcmp(before->v[i], after.v[i]) != 0 && strcmp(before->v[i], "?") != 0)
			printf("-%s=%s\n+%s=%s\n", pl->keys.v[i], before->v[i], pl->keys.v[i],
			       after.v[i]);
}

/* All of them or none: what one of them changed is as before when another fails. */
static int change(const struct pod *p, const struct plan *pl, const struct how *how, struct err *e)
{
	OWN_STRV struct strv before = {0};
	OWN_PLAN struct plan old = {0};
	struct err ignored = {0};
	int r;

	read_now(p, pl, &before);
	for (size_t i = 0; i < pl->keys.n; i++)
		if (strcmp(before.v[i], "?") != 0) {
			strv_add(&old.keys, pl->keys.v[i]);
			strv_add(&old.values, before.v[i]);
		}
	r = cgroup_set(p->name, pl, e);
	if (r == 0 && how->print_change)
		print_change(p, pl, &before);
	if (r == 0 && !how->no_undo)
		r = register_undo(p, pl, &before, e);
	if (r < 0 && old.keys.n)
		cgroup_set(p->name, &old, &ignored);
	return r;
}

static int set(const struct pod *p, const struct how *how, char *const words[], struct err *e)
{
	OWN_PLAN struct plan pl = {0};
	int r = check_was(p, &how->was, e);

	for (; *words && r == 0; words++)
		r = add_word(&pl, *words, e);
	if (r == 0)
		r = add_memory(&pl, p, e);
	if (r == 0)
		r = change(p, &pl, how, e);
	return r < 0 ? r : record_limits(p->name, &pl, e);
}

int cmd_set(int argc, char **argv)
{
	struct how how = {.no_undo = false};
	const struct opt opts[] = {
		{OPT_LIST, 0, "was", &how.was, "KEY=VALUE", "only if it is so now; 3 if not"},
		{OPT_FLAG, 0, "no-undo", &how.no_undo, NULL, "who calls keeps its own record"},
		{OPT_FLAG, 0, "print-change", &how.print_change, NULL,
		 "what was (-) and is (+) of each limit that is another now"},
		{0},
	};
	const struct opt_usage usage = {
		"pod-limit set [OPTION]... POD KEY=VALUE...",
		"Change limits of a live pod until it stops; 'max' lifts one.", 2, 0, 0};
	OWN(pod_finish) struct pod p = POD_INIT;
	struct err e = {0};
	int r;

	opt_parse(opts, &usage, argc, argv);
	r = pod_open(&p, argv[0], &e);
	if (r == 0)
		r = set(&p, &how, argv + 1, &e);
	strv_finish(&how.was);
	return r < 0 ? say_err(&e) : POD_EXIT_OK;
}

static int apply(const struct pod *p, struct err *e)
{
	OWN_PLAN struct plan pl = {0};
	int r = plan_open(&pl, p, e);

	if (r == 0)
		r = cgroup_apply(p->name, &pl, e);
	return r < 0 ? r : record_limits(p->name, &pl, e);
}

int cmd_apply(int argc, char **argv)
{
	const struct opt_usage usage = {"pod-limit apply POD",
					"Give the pod the limits of its pod file now.", 1, 1, 0};
	OWN(pod_finish) struct pod p = POD_INIT;
	struct err e = {0};

	opt_parse(NULL, &usage, argc, argv);
	if (pod_open(&p, argv[0], &e) < 0 || apply(&p, &e) < 0)
		return say_err(&e);
	return POD_EXIT_OK;
}
