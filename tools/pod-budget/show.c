/* SPDX-License-Identifier: Apache-2.0 */
/* What is left, and giving more: by a person, who is named in the log. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/budget.h"
#include "libcommon/jsonw.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/project.h"
#include "libcommon/record.h"
#include "libcommon/say.h"
#include "libcommon/spawn.h"
#include "libcommon/unit.h"
#include "tools/pod-budget/cmds.h"

struct show {
	struct pod pod;
	struct plan plan;
	struct budgets b;
	struct project_use storage; /* the wall, shown beside the others */
	bool json, force;
};

static void show_finish(struct show *s)
{
	plan_finish(&s->plan);
	pod_finish(&s->pod);
}

/* --- showing --- */

static uint64_t left(const struct budgets *b, enum budget k)
{
	return b->limit[k] > b->used[k] ? b->limit[k] - b->used[k] : 0;
}

static uint64_t storage_left(const struct project_use *u)
{
	return u->limit > u->bytes ? u->limit - u->bytes : 0;
}

static void print_table(const struct show *s)
{
	const struct budgets *b = &s->b;
	char used[BUDGET_TEXT], limit[BUDGET_TEXT], rest[BUDGET_TEXT];

	if (!budgets_any(b) && !s->storage.limit) {
		puts("no budgets");
		return;
	}
	printf("%-10s %12s %12s %12s\n", "BUDGET", "USED", "LIMIT", "LEFT");
	for (int k = 0; k < BUDGETS; k++)
		if (b->limit[k])
			printf("%-10s %12s %12s %12s\n", budget_kinds[k].word,
			       budget_text(k, b->used[k], used), budget_text(k, b->limit[k], limit),
			       budget_text(k, left(b, k), rest));
	if (s->storage.limit)
		printf("%-10s %12s %12s %12s\n", "storage", unit_human(s->storage.bytes, used),
		       unit_human(s->storage.limit, limit),
		       unit_human(storage_left(&s->storage), rest));
}

static void json_one(struct buf *o, const char *word, uint64_t used, uint64_t limit, uint64_t rest)
{
	jw_open(o, '{');
	jw_kstr(o, "budget", word);
	jw_knum(o, "used", (int64_t)used);
	jw_knum(o, "limit", (int64_t)limit);
	jw_knum(o, "left", (int64_t)rest);
	jw_kbool(o, "exceeded", rest == 0);
	jw_close(o, '}');
}

static void print_json(const struct show *s)
{
	static const char *const actions[] = {"stop", "freeze", "alert"};
	OWN_BUF struct buf o = BUF_INIT;

	jw_open(&o, '{');
	jw_kstr(&o, "pod", s->pod.name);
	jw_kstr(&o, "action", actions[s->b.action]);
	jw_knum(&o, "grace", (int64_t)s->b.grace_s);
	jw_kbool(&o, "renewable", s->b.renewable);
	jw_key(&o, "budgets");
	jw_open(&o, '[');
	for (int k = 0; k < BUDGETS; k++) {
		uint64_t unit = budget_kinds[k].unit;

		if (s->b.limit[k])
			json_one(&o, budget_kinds[k].word, s->b.used[k] / unit,
				 s->b.limit[k] / unit, (left(&s->b, k) + unit - 1) / unit);
	}
	if (s->storage.limit)
		json_one(&o, "storage", s->storage.bytes, s->storage.limit,
			 storage_left(&s->storage));
	jw_close(&o, ']');
	jw_close(&o, '}');
	puts(o.data);
}

/* --- giving more --- */

static int may(const struct show *s, const char *word, struct err *e)
{
	if (s->b.renewable || s->force)
		return 0;
	return err_status(e, POD_EXIT_REFUSED, ERR_PLAIN,
			  "%s the budget of pod %s: its pod file does not have budget.renewable "
			  "(--force does it all the same, and is recorded)",
			  word, s->pod.name);
}

static int has_limit(const struct show *s, int k, const char *word, struct err *e)
{
	if (k < 0)
		return err_status(e, POD_EXIT_USAGE, ERR_PLAIN,
				  "%s is no budget that can be given more: duration, cpu, network, "
				  "requests or tokens%s",
				  esc(word),
				  strcmp(word, "storage") == 0
					  ? " (envpod resize --disk-size changes storage)"
					  : "");
	if (s->b.limit[k])
		return 0;
	return err_status(e, POD_EXIT_USAGE, ERR_PLAIN, "pod %s has no budget of %s", s->pod.name,
			  budget_kinds[k].word);
}

/* On record before it is so. */
static int note(const struct show *s, const char *name, enum budget k, uint64_t amount,
		struct err *e)
{
	OWN_EVENT struct event ev;
	struct pod_caller by;
	int r = pod_caller(&by, e);

	if (r < 0)
		return r;
	event_init(&ev, s->pod.name, "budget", name);
	event_str(&ev, "budget", budget_kinds[k].word);
	event_num(&ev, "amount", (int64_t)(amount / budget_kinds[k].unit));
	event_str(&ev, "by", by.name);
	event_bool(&ev, "forced", !s->b.renewable);
	return record_event(&ev, true, e);
}

static int extend_one(const struct show *s, struct grants *g, const char *word, struct err *e)
{
	const char *value = strchr(word, '=');
	OWN_FREE char *key = xfmt("%.*s", (int)(value ? value - word : 0), word);
	int k = budget_find(key), r;
	uint64_t amount;

	if (!value)
		return err_status(e, POD_EXIT_USAGE, ERR_PLAIN, "extend: %s is not KEY=AMOUNT",
				  esc(word));
	r = has_limit(s, k, key, e);
	if (r < 0)
		return r;
	if (budget_amount(k, value + 1, &amount) < 0 || amount > UINT64_MAX / 2 ||
	    g->extra[k] > UINT64_MAX / 2)
		return err_status(e, POD_EXIT_USAGE, ERR_PLAIN, "extend: %s is no amount of %s",
				  esc(value + 1), key);
	g->extra[k] += amount;
	return note(s, "budget_extended", k, amount, e);
}

static int extend(const struct show *s, struct grants *g, char **words, struct err *e)
{
	int r = words[0] ? may(s, "extend", e)
			 : err_status(e, POD_EXIT_USAGE, ERR_PLAIN, "extend what? KEY=AMOUNT");

	for (; r == 0 && *words; words++)
		r = extend_one(s, g, *words, e);
	return r;
}

/* All that was used until now is forgiven; what was added stays. */
static int reset_one(const struct show *s, struct grants *g, int k, struct err *e)
{
	g->forgiven[k] += s->b.used[k];
	return note(s, "budget_reset", k, s->b.used[k], e);
}

static int reset(const struct show *s, struct grants *g, char **words, struct err *e)
{
	int r = may(s, "reset", e);

	for (int k = 0; r == 0 && !*words && k < BUDGETS; k++)
		if (s->b.limit[k])
			r = reset_one(s, g, k, e);
	for (; r == 0 && *words; words++) {
		r = has_limit(s, budget_find(*words), *words, e);
		if (r == 0)
			r = reset_one(s, g, budget_find(*words), e);
	}
	return r;
}

/* The meter sees the file change; one that rests is woken. */
static void wake(const struct show *s)
{
	char *argv[] = {"pod-supervise", "helpers",           "--set", "govern",
			"wake",          (char *)s->pod.name, NULL};
	struct err none = {0};

	if (faccessat(s->pod.run, "govern/helpers.pid", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		spawn_wait(argv, NULL, &none);
}

static int change(struct show *s, char **words, struct err *e)
{
	struct grants g;
	int r = pod_lock(&s->pod, 10000, e);

	if (r == 0)
		r = grants_read(&g, &s->pod, e);
	if (r < 0)
		return r;
	if (strcmp(words[0], "extend") == 0)
		r = extend(s, &g, words + 1, e);
	else if (strcmp(words[0], "reset") == 0)
		r = reset(s, &g, words + 1, e);
	else
		r = err_status(e, POD_EXIT_USAGE, ERR_PLAIN, "%s is neither extend nor reset",
			       esc(words[0]));
	if (r == 0)
		r = grants_write(&g, &s->pod, e);
	pod_unlock(&s->pod);
	if (r == 0)
		wake(s);
	return r;
}

static void look_at_storage(struct show *s)
{
	uint32_t project = project_find(&s->pod);

	if (project && project_use(s->pod.dir, project, &s->storage) < 0)
		s->storage = (struct project_use){0};
}

static int show(struct show *s, char **argv, struct err *e)
{
	int r = pod_open(&s->pod, argv[0], e);

	if (r == 0)
		r = plan_open(&s->plan, &s->pod, e);
	if (r == 0)
		r = budgets_load(&s->b, &s->pod, &s->plan, e);
	if (r < 0)
		return r;
	if (argv[1])
		return change(s, argv + 1, e);
	look_at_storage(s);
	if (s->json)
		print_json(s);
	else
		print_table(s);
	return 0;
}

int cmd_show(int argc, char **argv)
{
	OWN(show_finish) struct show s = {.pod = POD_INIT};
	struct err e = {0};
	const struct opt opts[] = {
		{OPT_FLAG, 'j', "json", &s.json, NULL, "one JSON object"},
		{OPT_FLAG, 'f', "force", &s.force, NULL, "also what the pod file does not allow"},
		{0},
	};
	const struct opt_usage usage = {
		"pod-budget show [OPTION]... POD [extend KEY=AMOUNT...|reset [KEY]...]",
		"What a pod may use up in all, and what it has used; give it more.", 1, 0, 0};

	opt_parse(opts, &usage, argc, argv);
	if (show(&s, argv, &e) < 0)
		return say_err(&e);
	return say_end(POD_EXIT_OK);
}
