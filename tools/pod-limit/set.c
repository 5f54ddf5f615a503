/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
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

static int set(const struct pod *p, char *const words[], struct err *e)
{
	OWN_PLAN struct plan pl = {0};
	int r = 0;

	for (; *words && r == 0; words++)
		r = add_word(&pl, *words, e);
	if (r == 0)
		r = add_memory(&pl, p, e);
	if (r == 0)
		r = cgroup_set(p->name, &pl, e);
	return r < 0 ? r : record_limits(p->name, &pl, e);
}

int cmd_set(int argc, char **argv)
{
	const struct opt_usage usage = {
		"pod-limit set POD KEY=VALUE...",
		"Change limits of a live pod until it stops; 'max' lifts one.", 2, 0, 0};
	OWN(pod_finish) struct pod p = POD_INIT;
	struct err e = {0};

	opt_parse(NULL, &usage, argc, argv);
	if (pod_open(&p, argv[0], &e) < 0 || set(&p, argv + 1, &e) < 0)
		return say_err(&e);
	return POD_EXIT_OK;
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
