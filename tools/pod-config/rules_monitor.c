/* SPDX-License-Identifier: Apache-2.0 */
/* What a rule of the monitor must say, and must not. */
#include <string.h>

#include "libcommon/path.h"
#include "tools/pod-config/rules.h"
#include "tools/pod-config/tree.h"

/* The keys that belong to a type, of a condition or a response, ended by NULL; `any`: one will do.
 */
static const struct part {
	const char *type;
	const char *keys[4];
	bool any;
} conditions[] =
	{
		{"max_actions_per_minute", {"limit"}, false},
		{"resource_threshold", {"resource", "max_percent"}, false},
		{"forbidden_action", {"action"}, false},
		{"forbidden_sequence", {"actions", "window_secs"}, false},
		{0},
},
  responses[] = {
	  {"alert", {0}, false},
	  {"freeze", {0}, false},
	  {"restrict", {"cpu_cores", "memory_bytes", "max_pids"}, true},
	  {"kill", {0}, false},
	  {"snapshot", {0}, false},
	  {"hook", {"argv"}, false},
	  {0},
};

static bool belongs(const struct part *p, const char *key)
{
	if (strcmp(key, "timeout") == 0)
		return strcmp(p->type, "hook") == 0;
	for (size_t i = 0; i < 4 && p->keys[i]; i++)
		if (strcmp(p->keys[i], key) == 0)
			return true;
	return strcmp(key, "type") == 0;
}

static size_t count_given(const struct part *p, jv item, size_t *wanted)
{
	size_t given = 0;

	for (*wanted = 0; *wanted < 4 && p->keys[*wanted]; ++*wanted)
		given += tree_has(item, p->keys[*wanted]);
	return given;
}

/* Keys of another type would be passed over in silence. */
static void check_part(const struct rules *r, const struct part *parts, jv item, const char *what,
		       struct place at)
{
	const struct part *p = parts;
	size_t wanted, given;

	while (p->type && !tree_is(item, "type", p->type))
		p++;
	if (!p->type)
		return; /* said already */
	given = count_given(p, item, &wanted);
	if (wanted && given < (p->any ? 1 : wanted))
		problem_add(r->problems, at, "monitor.rules: the %s %s needs %s%s%s%s%s", what,
			    p->type, p->keys[0], wanted > 1 ? p->any ? " or " : " and " : "",
			    wanted > 1 ? p->keys[1] : "", wanted > 2 ? " or " : "",
			    wanted > 2 ? p->keys[2] : "");
	jv_object_foreach(item, key, value)
	{
		if (!belongs(p, jv_string_value(key)))
			problem_add(r->problems, at, "monitor.rules: %.80s does not belong to %s",
				    esc(jv_string_value(key)), p->type);
		jv_free(key);
		jv_free(value);
	}
}

static void check_hook(const struct rules *r, jv item, struct place at)
{
	jv argv = tree_get(item, "argv");
	jv program =
		jv_get_kind(argv) == JV_KIND_ARRAY ? jv_array_get(jv_copy(argv), 0) : jv_invalid();

	if (tree_is(item, "type", "hook") &&
	    (jv_get_kind(program) != JV_KIND_STRING || jv_string_value(program)[0] != '/'))
		problem_add(r->problems, at,
			    "monitor.rules: a hook's argv begins with the absolute path of a "
			    "program");
	jv_free(program);
	jv_free(argv);
}

static void check_responses(const struct rules *r, jv rule, struct place at)
{
	jv list = tree_get(rule, "response");
	int n = jv_get_kind(list) == JV_KIND_ARRAY ? jv_array_length(jv_copy(list)) : 0;

	if (n == 0 && jv_get_kind(list) == JV_KIND_ARRAY)
		problem_add(r->problems, at, "monitor.rules: a rule without a response");
	for (int i = 0; i < n; i++) {
		jv item = jv_array_get(jv_copy(list), i);

		check_part(r, responses, item, "response", at);
		check_hook(r, item, at);
		jv_free(item);
	}
	jv_free(list);
}

static void check_rule(const struct rules *r, jv *item, struct place at)
{
	jv condition = tree_get(*item, "condition");

	if (tree_has(*item, "when") == jv_is_valid(condition))
		problem_add(r->problems, at,
			    "monitor.rules: a rule has either 'when' or 'condition'");
	if (jv_is_valid(condition))
		check_part(r, conditions, condition, "condition", at);
	jv_free(condition);
	check_responses(r, *item, at);
}

/* Alerts name the rule: two of one name could not be told apart. */
static void check_names(const struct rules *r, jv root)
{
	jv list = tree_get(root, "monitor.rules"), seen = jv_object();
	int n = jv_get_kind(list) == JV_KIND_ARRAY ? jv_array_length(jv_copy(list)) : 0;

	for (int i = 0; i < n; i++) {
		jv item = jv_array_get(jv_copy(list), i), name = tree_get(item, "name");

		jv_free(item);
		if (jv_get_kind(name) != JV_KIND_STRING) {
			jv_free(name);
			continue;
		}
		if (jv_object_has(jv_copy(seen), jv_copy(name)))
			problem_add(r->problems, rules_place(r, "monitor.rules"),
				    "monitor.rules: two of the name %.80s",
				    esc(jv_string_value(name)));
		seen = jv_object_set(seen, name, jv_true());
	}
	if (n > 64)
		problem_add(r->problems, rules_place(r, "monitor.rules"),
			    "monitor.rules: more than 64");
	jv_free(seen);
	jv_free(list);
}

void rules_monitor(const struct rules *r, jv *root)
{
	rules_each_item(r, root, "monitor.rules", check_rule);
	check_names(r, *root);
}
