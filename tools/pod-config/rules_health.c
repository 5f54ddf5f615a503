/* SPDX-License-Identifier: Apache-2.0 */
/* The section itself may be a check, and holds what those of its list leave out. */
#include <stdio.h>
#include <string.h>

#include "libcommon/buf.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/unit.h"
#include "tools/pod-config/rules.h"
#include "tools/pod-config/tree.h"

#define CHECKS_MAX 16
#define TARGET_MAX 1024

/* What a check may ask is what listens in the pod: these names of its loopback. */
static const char *after_host(const char *url)
{
	static const char *const hosts[] = {"localhost", "127.0.0.1", "[::1]"};

	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		size_t n = strlen(hosts[i]);

		if (strncmp(url, hosts[i], n) == 0 && strchr(":/", url[n]))
			return url + n;
	}
	return NULL;
}

/* ":PORT/PATH", "/PATH" or nothing: the port goes to *port. */
static const char *after_port(const char *rest, uint64_t *port)
{
	char digits[8];
	size_t n;

	if (*rest != ':')
		return rest;
	n = strcspn(++rest, "/");
	if (n == 0 || n >= sizeof(digits))
		return NULL;
	snprintf(digits, sizeof(digits), "%.*s", (int)n, rest);
	return unit_u64(digits, 65535, port) == 0 && *port ? rest + n : NULL;
}

/* It becomes a line of a request as it stands. */
static bool is_target(const char *path)
{
	if (path[0] != '/' || strlen(path) > TARGET_MAX)
		return false;
	for (; *path; path++)
		if (*path <= ' ' || *path > '~')
			return false;
	return true;
}

/* Path and port of an endpoint; what is wrong with it, or NULL. */
static const char *read_endpoint(const char *text, const char **path, uint64_t *port)
{
	static const char plain[] = "http://";

	*path = text;
	if (strncmp(text, "https://", 8) == 0)
		return "is https, and checks speak plain HTTP, within the pod";
	if (strncmp(text, plain, sizeof(plain) - 1) == 0) {
		*port = 80;
		*path = after_host(text + sizeof(plain) - 1);
		if (!*path)
			return "is not in the pod: want http://localhost:PORT/PATH";
		*path = after_port(*path, port);
		if (!*path)
			return "has no port between 1 and 65535";
		*path = **path ? *path : "/";
	}
	return is_target(*path) ? NULL : "is no path: it begins with / and has no blanks";
}

static void settle_endpoint(const struct rules *r, jv *check, struct place at)
{
	jv value = tree_get(*check, "endpoint");
	const char *fault = NULL, *path;
	uint64_t port = 0;

	if (jv_get_kind(value) == JV_KIND_STRING) {
		fault = read_endpoint(jv_string_value(value), &path, &port);
		if (fault)
			problem_add(r->problems, at, "health: endpoint '%.80s' %s",
				    esc(jv_string_value(value)), fault);
		else
			tree_set(check, "endpoint", jv_string(path));
		if (!fault && port)
			tree_set(check, "port", jv_number((double)port));
	}
	jv_free(value);
}

static void end_check(const struct rules *r, jv *item, struct place at)
{
	if (tree_has(*item, "endpoint") == tree_has(*item, "command"))
		problem_add(r->problems, at, "health.checks: a check has an endpoint or a command");
	settle_endpoint(r, item, at);
}

/* Takes section; fills in what a check leaves out. */
static jv complete(jv section, jv checks)
{
	static const char *const words[] = {"port",    "interval", "timeout",
					    "retries", "action",   "grace_period"};

	for (int i = 0; i < jv_array_length(jv_copy(checks)); i++) {
		jv item = jv_array_get(jv_copy(checks), i);

		for (size_t w = 0; w < sizeof(words) / sizeof(words[0]); w++)
			if (!tree_has(item, words[w]) && tree_has(section, words[w]))
				tree_set(&item, words[w], tree_get(section, words[w]));
		if (!tree_has(item, "name"))
			tree_set(&item, "name", jv_string_fmt("check%d", i + 1));
		checks = jv_array_set(checks, i, item);
	}
	jv_free(section);
	return checks;
}

/* A flat section is a check itself. */
static void settle_section(const struct rules *r, jv *root)
{
	jv section = tree_get(*root, "health");
	struct place at = rules_place(r, "health");

	if (tree_has(section, "endpoint") && tree_has(section, "command"))
		problem_add(r->problems, at,
			    "health: has an endpoint and a command; say two under checks");
	settle_endpoint(r, &section, at);
	tree_set(root, "health", section);
}

static bool is_empty(jv root)
{
	return !tree_has(root, "health.endpoint") && !tree_has(root, "health.command") &&
	       !tree_is_set(root, "health.checks");
}

static void settle_checks(const struct rules *r, jv *root)
{
	jv checks = tree_get(*root, "health.checks");

	if (jv_get_kind(checks) != JV_KIND_ARRAY) {
		jv_free(checks);
		return;
	}
	if (jv_array_length(jv_copy(checks)) > CHECKS_MAX)
		problem_add(r->problems, rules_place(r, "health.checks"),
			    "health.checks: more than %d", CHECKS_MAX);
	tree_set(root, "health.checks", complete(tree_get(*root, "health"), checks));
	rules_each_item(r, root, "health.checks", end_check);
}

void rules_health(const struct rules *r, jv *root)
{
	if (tree_has(*root, "health"))
		settle_section(r, root);
	settle_checks(r, root);
	if (node_find(r->file, "health") && !r->origin->compiled && is_empty(*root))
		problem_add(r->problems, rules_place(r, "health"),
			    "health: needs an endpoint or a command");
}
