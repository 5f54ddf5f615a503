/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-monitor/policy.h"

#include <fcntl.h>
#include <jv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/spawn.h"
#include "tools/pod-monitor/hook.h"
#include "tools/pod-monitor/named.h"
#include "tools/pod-monitor/numbers.h"

#define POLICY_MAX (1u << 20)

const char *const response_names[RESPONSES] = {"alert", "freeze",   "restrict",
					       "kill",  "snapshot", "hook"};

static const char *const condition_names[CONDITIONS] = {"", "max_actions_per_minute",
							"resource_threshold", "forbidden_action",
							"forbidden_sequence"};

static const struct {
	const char *name;
	enum sample_field field;
} resources[] = {
	{"memory", MEMORY_PERCENT},
	{"cpu", CPU_PERCENT},
	{"pids", PIDS_PERCENT},
	{"disk", DISK_PERCENT},
};

static void rule_finish(struct rule *r)
{
	free(r->name);
	free(r->when);
	free(r->clear);
	strv_finish(&r->condition.steps);
	for (size_t i = 0; i < r->n; i++)
		strv_finish(&r->responses[i].argv);
	free(r->responses);
}

void policy_finish(struct policy *p)
{
	for (size_t i = 0; i < p->n; i++)
		rule_finish(&p->rules[i]);
	free(p->rules);
	*p = (struct policy){0};
}

/* --- members; each borrows the object --- */

static char *member_text(jv object, const char *key)
{
	jv value = jv_object_get(jv_copy(object), jv_string(key));
	char *text = jv_get_kind(value) == JV_KIND_STRING ? xstrdup(jv_string_value(value)) : NULL;

	jv_free(value);
	return text;
}

static double member_number(jv object, const char *key, double fallback)
{
	jv value = jv_object_get(jv_copy(object), jv_string(key));
	double n = jv_get_kind(value) == JV_KIND_NUMBER ? jv_number_value(value) : fallback;

	jv_free(value);
	return n;
}

static void member_strv(jv object, const char *key, struct strv *to)
{
	jv list = jv_object_get(jv_copy(object), jv_string(key));
	int n = jv_get_kind(list) == JV_KIND_ARRAY ? jv_array_length(jv_copy(list)) : 0;

	for (int i = 0; i < n; i++) {
		jv word = jv_array_get(jv_copy(list), i);

		if (jv_get_kind(word) == JV_KIND_STRING)
			strv_add(to, jv_string_value(word));
		jv_free(word);
	}
	jv_free(list);
}

/* --- parts of a rule --- */

static int wrong(struct err *e, const char *what)
{
	return err_status(e, POD_EXIT_CONFIG, ERR_PLAIN,
			  "rules of the monitor: %s (give them by envpod monitor POD set-policy)",
			  what);
}

/* What pod-limit set is told: an old limit it writes down itself. */
static void restrict_words(jv item, struct strv *words)
{
	double cores = member_number(item, "cpu_cores", 0);
	double memory = member_number(item, "memory_bytes", 0);
	double pids = member_number(item, "max_pids", 0);

	if (cores > 0)
		strv_fmt(words, "cores=%.2f", cores);
	if (memory > 0)
		strv_fmt(words, "memory.max=%.0f", memory);
	if (pids > 0)
		strv_fmt(words, "pids.max=%.0f", pids);
}

static int parse_response(struct response *r, jv item, struct err *e)
{
	OWN_FREE char *type = member_text(item, "type");
	int i = 0;

	*r = (struct response){.type = RESPONSES};
	while (i < RESPONSES && type && strcmp(type, response_names[i]) != 0)
		i++;
	if (!type || i == RESPONSES)
		return wrong(e, "a response of no known type");
	r->type = (enum response_type)i;
	r->timeout_s = (uint64_t)member_number(item, "timeout", HOOK_S);
	if (r->type == RESPOND_RESTRICT)
		restrict_words(item, &r->argv);
	if (r->type == RESPOND_HOOK)
		member_strv(item, "argv", &r->argv);
	if ((r->type == RESPOND_RESTRICT || r->type == RESPOND_HOOK) && r->argv.n == 0)
		return wrong(e, "a response that says nothing");
	if (r->type == RESPOND_HOOK && r->argv.v[0][0] != '/')
		return wrong(e, "a hook without an absolute path");
	return 0;
}

static int parse_responses(struct rule *r, jv item, struct err *e)
{
	jv list = jv_object_get(jv_copy(item), jv_string("response"));
	int n = jv_get_kind(list) == JV_KIND_ARRAY ? jv_array_length(jv_copy(list)) : 0, done = 0;

	r->responses = xcalloc((size_t)n + 1, sizeof(*r->responses));
	for (int i = 0; i < n && done == 0; i++) {
		jv one = jv_array_get(jv_copy(list), i);

		done = parse_response(&r->responses[r->n++], one, e);
		jv_free(one);
	}
	jv_free(list);
	return done == 0 && n == 0 ? wrong(e, "a rule without a response") : done;
}

static int parse_resource(struct condition *c, jv item, struct err *e)
{
	OWN_FREE char *name = member_text(item, "resource");

	c->field = -1;
	for (size_t i = 0; name && i < sizeof(resources) / sizeof(resources[0]); i++)
		if (strcmp(name, resources[i].name) == 0)
			c->field = (int)resources[i].field;
	return c->field < 0 ? wrong(e, "a threshold for no known resource") : 0;
}

static int parse_condition(struct condition *c, jv item, struct err *e)
{
	OWN_FREE char *type = member_text(item, "type"), *action = member_text(item, "action");
	int i = CONDITION_ACTIONS;

	while (i < CONDITIONS && type && strcmp(type, condition_names[i]) != 0)
		i++;
	if (!type || i == CONDITIONS)
		return wrong(e, "a condition of no known type");
	c->type = (enum condition_type)i;
	c->limit = (uint64_t)member_number(item, "limit", 0);
	c->percent = (uint64_t)(member_number(item, "max_percent", 100) * 100);
	c->window_s = (uint64_t)member_number(item, "window_secs", 0);
	if (c->type == CONDITION_ACTION && action)
		strv_add(&c->steps, action);
	if (c->type == CONDITION_SEQUENCE)
		member_strv(item, "actions", &c->steps);
	if (c->type >= CONDITION_ACTION && (c->steps.n == 0 || c->steps.n > STEPS_MAX))
		return wrong(e, "a condition with no action, or more than 16");
	return c->type == CONDITION_RESOURCE ? parse_resource(c, item, e) : 0;
}

static int parse_rule(struct rule *r, jv item, struct err *e)
{
	jv condition = jv_object_get(jv_copy(item), jv_string("condition"));
	int done = 0;

	r->name = member_text(item, "name");
	r->when = member_text(item, "when");
	r->clear = member_text(item, "clear");
	r->for_s = (uint64_t)member_number(item, "for", 0);
	if (jv_get_kind(condition) == JV_KIND_OBJECT)
		done = parse_condition(&r->condition, condition, e);
	jv_free(condition);
	if (done == 0 && (!r->name || !r->when == !r->condition.type))
		done = wrong(e, "a rule needs a name, and either when or condition");
	return done < 0 ? done : parse_responses(r, item, e);
}

/* FNV-1a: to see that they are others, not to keep anybody out. */
static uint64_t number_of(const char *text, size_t len)
{
	uint64_t h = 14695981039346656037ull;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)text[i]) * 1099511628211ull;
	return h;
}

static int parse_section(struct policy *p, jv section, struct err *e)
{
	jv list = jv_object_get(jv_copy(section), jv_string("rules")), text;
	int n, done = 0;

	if (jv_get_kind(list) == JV_KIND_INVALID) {
		jv_free(list);
		list = jv_array();
	}
	if (jv_get_kind(list) != JV_KIND_ARRAY) {
		jv_free(list);
		return wrong(e, "rules that are no list");
	}
	n = jv_array_length(jv_copy(list));
	text = jv_dump_string(jv_copy(list), JV_PRINT_SORTED);
	p->number = number_of(jv_string_value(text), (size_t)jv_string_length_bytes(jv_copy(text)));
	jv_free(text);
	p->interval_s = (uint64_t)member_number(section, "check_interval", 5);
	if (p->interval_s < 1 || p->interval_s > 3600 || n > RULES_MAX)
		done = wrong(e, "an interval beyond an hour, or more than 64 rules");
	p->rules = xcalloc((size_t)(n > 0 ? n : 1), sizeof(*p->rules));
	for (int i = 0; i < n && done == 0; i++) {
		jv item = jv_array_get(jv_copy(list), i);

		done = parse_rule(&p->rules[p->n++], item, e);
		jv_free(item);
	}
	jv_free(list);
	return done;
}

int policy_parse(struct policy *p, const char *json, size_t len, struct err *e)
{
	jv section = len > POLICY_MAX ? jv_null() : jv_parse_sized(json, (int)len);
	int r = -EINVAL;

	if (jv_get_kind(section) == JV_KIND_OBJECT)
		r = parse_section(p, section, e);
	else
		wrong(e, "no JSON object, or a megabyte of it");
	jv_free(section);
	return r;
}

/* --- where it is from --- */

int policy_compile(const char *file, struct buf *json, struct err *e)
{
	char *argv[] = {"pod-config", "monitor", (char *)file, NULL};
	int r = spawn_capture(argv, json, POLICY_MAX, e);

	return r > 0 ? err_status(e, r, ERR_PLAIN, "%s is no policy: nothing was changed",
				  esc(file))
		     : r;
}

/* The pod file's: what stands in it, or the file it names. */
static int load_pod_file(struct policy *p, const struct pod *pod, const struct plan *plan,
			 struct err *e)
{
	OWN_BUF struct buf json = BUF_INIT, file = BUF_INIT;
	const char *named = plan_str(plan, "monitor.policy", NULL);
	int r = read_file_at(pod->dir, "pod.json", &json, POLICY_MAX);
	jv all, section;

	if (r < 0)
		return err_set(e, -r, "read %s/pod.json", pod->path);
	if (named)
		r = named_check(named, plan, e);
	if (r == 0 && named)
		r = policy_compile(named, &file, e);
	if (r < 0 || named) {
		p->source = "monitor.policy";
		return r < 0 ? r : policy_parse(p, file.data, file.len, e);
	}
	all = jv_parse_sized(json.len ? json.data : "", (int)json.len);
	section = jv_get_kind(all) == JV_KIND_OBJECT ? jv_object_get(all, jv_string("monitor"))
						     : (jv_free(all), jv_invalid());
	p->source = "pod.json";
	if (jv_get_kind(section) != JV_KIND_OBJECT) {
		jv_free(section);
		section = jv_object();
	}
	r = parse_section(p, section, e);
	jv_free(section);
	return r;
}

int policy_load(struct policy *p, const struct pod *pod, const struct plan *plan, struct err *e)
{
	OWN_BUF struct buf live = BUF_INIT;
	int r = read_file_at(pod->dir, "policy/" POLICY_FILE, &live, POLICY_MAX);

	if (r == -ENOENT)
		return load_pod_file(p, pod, plan, e);
	if (r < 0)
		return err_set(e, -r, "read %s/policy/" POLICY_FILE, pod->path);
	p->source = "policy/" POLICY_FILE;
	return policy_parse(p, live.len ? live.data : "", live.len, e);
}
