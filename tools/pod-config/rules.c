/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-config/rules.h"

#include <string.h>

#include "libcommon/buf.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-config/read.h"
#include "tools/pod-config/tree.h"

struct place rules_place(const struct rules *r, const char *path)
{
	OWN_FREE char *at = xstrdup(path);

	for (;;) {
		const struct node *n = node_find(r->file, at);
		char *dot = strrchr(at, '.');

		if (n)
			return n->key_at;
		if (!dot)
			return r->file->at;
		*dot = '\0';
	}
}

static void begin_hardened(jv *root)
{
	tree_set_missing(root, "security.seccomp_profile", jv_string("strict"));
	tree_set_missing(root, "filesystem.system_access", jv_string("safe"));
	tree_set_missing(root, "processor.max_pids", jv_number(256));
	tree_set_missing(root, "processor.memory", jv_number(1 << 30));
}

static void begin_airgapped(const struct rules *r, jv *root)
{
	tree_set_missing(root, "network.mode", jv_string("None"));
	if (!tree_is(*root, "network.mode", "None"))
		problem_add(r->problems, rules_place(r, "network.mode"),
			    "network.mode: an airgapped pod has no network; leave the key out, or "
			    "choose another type");
}

static void begin_supervised(const struct rules *r, jv *root)
{
	tree_set_missing(root, "queue.require_commit_approval", jv_true());
	if (!tree_is(*root, "queue.require_commit_approval", "true"))
		problem_add(r->problems, rules_place(r, "queue.require_commit_approval"),
			    "queue.require_commit_approval: commits of a supervised pod wait for "
			    "approval; leave the key out, or choose another type");
}

/* A path of /etc/passwd, in the form that reading pod.json gives it. */
static jv passwd_path(const char *path, const char *fallback)
{
	OWN_FREE char *clean = path_clean("/", path[0] == '/' ? path : fallback);

	return jv_string(clean);
}

/* pod.json keeps who made the pod: the plan may be made anew by somebody else. */
static void set_owner(const struct rules *r, jv *root)
{
	const struct pod_caller *c = &r->origin->owner;

	tree_set(root, "owner.name", jv_string(c->name));
	tree_set(root, "owner.uid", jv_number(c->uid));
	tree_set(root, "owner.gid", jv_number(c->gid));
	tree_set(root, "owner.home", passwd_path(c->home, "/"));
	tree_set(root, "owner.shell", passwd_path(c->shell, "/bin/sh"));
	/* The identity entry of the id map must not lie among the shifted ids. */
	if (c->uid >= 524288 && c->uid < 524288 + 65536)
		tree_set(root, "base", jv_number(524288 + 65536));
}

void rules_begin(const struct rules *r, jv *root)
{
	if (r->origin->name)
		tree_set(root, "name", jv_string(r->origin->name));
	if (!r->origin->compiled)
		set_owner(r, root);
	else if (!tree_has(*root, "owner"))
		problem_add(r->problems, r->file->at, "lacks the key 'owner'");
	tree_set_missing(root, "user", tree_get(*root, "owner.name"));
	if (tree_is(*root, "type", "hardened"))
		begin_hardened(root);
	if (tree_is(*root, "type", "airgapped"))
		begin_airgapped(r, root);
	if (tree_is(*root, "type", "supervised"))
		begin_supervised(r, root);
	rules_desktop(r, root);
}

void rules_each_item(const struct rules *r, jv *root, const char *path,
		     void (*call)(const struct rules *r, jv *item, struct place at))
{
	const struct node *lines = node_find(r->file, path);
	jv list = tree_get(*root, path);

	if (jv_get_kind(list) != JV_KIND_ARRAY) {
		jv_free(list);
		return;
	}
	for (int i = 0; i < jv_array_length(jv_copy(list)); i++) {
		jv item = jv_array_get(jv_copy(list), i);
		bool has_line = lines && (size_t)i < lines->n;

		call(r, &item, has_line ? lines->child[i]->at : rules_place(r, path));
		list = jv_array_set(list, i, item);
	}
	tree_set(root, path, list);
}

static void end_mount(const struct rules *r, jv *item, struct place at)
{
	if (tree_has(*item, "path"))
		tree_set_missing(item, "target", tree_get(*item, "path"));
	if (tree_is(*item, "target", "/"))
		problem_add(r->problems, at, "filesystem.mounts: nothing can be mounted over /");
}

static void end_disk(const struct rules *r, jv *item, struct place at)
{
	if (jv_object_length(jv_copy(*item)) < 2)
		problem_add(r->problems, at, "processor.io_max: a device without a limit");
}

/* What pods say to each other goes through a stream. */
static void end_internal(const struct rules *r, jv *item, struct place at)
{
	if (jv_get_kind(*item) == JV_KIND_STRING && strstr(jv_string_value(*item), "/udp"))
		problem_add(r->problems, at,
			    "network.internal_ports: pods reach each other by TCP alone");
}

/* Two mounts on one place: the later one would hide the earlier. */
static void check_targets(const struct rules *r, jv root)
{
	jv list = tree_get(root, "filesystem.mounts"), seen = jv_object();
	int n = jv_get_kind(list) == JV_KIND_ARRAY ? jv_array_length(jv_copy(list)) : 0;

	for (int i = 0; i < n; i++) {
		jv item = jv_array_get(jv_copy(list), i), target = tree_get(item, "target");

		jv_free(item);
		if (!jv_is_valid(target)) {
			jv_free(target);
			continue;
		}
		if (jv_object_has(jv_copy(seen), jv_copy(target)))
			problem_add(r->problems, rules_place(r, "filesystem.mounts"),
				    "filesystem.mounts: two of them at %.200s",
				    esc(jv_string_value(target)));
		seen = jv_object_set(seen, target, jv_true());
	}
	jv_free(seen);
	jv_free(list);
}

static bool is_watched(jv list, const char *path)
{
	bool watched = false;

	for (int i = 0; i < jv_array_length(jv_copy(list)); i++) {
		jv one = jv_array_get(jv_copy(list), i);

		watched |= path_below(path, jv_string_value(one));
		jv_free(one);
	}
	return watched;
}

/* Where work is done by declaration is watched; watching nothing means watching everything. */
static void end_tracking(jv *root, bool was_given)
{
	static const char *const places[] = {"filesystem.workspace", "owner.home", NULL};
	jv list = tree_get(*root, "filesystem.tracking.watch");

	if (jv_get_kind(list) == JV_KIND_ARRAY && jv_array_length(jv_copy(list)) == 0)
		list = jv_array_append(list, jv_string("/"));
	for (size_t i = 0; places[i] && jv_is_valid(list); i++) {
		jv place = tree_get(*root, places[i]);

		if (jv_is_valid(place) && !(i == 1 && was_given) &&
		    strcmp(jv_string_value(place), "/") != 0 &&
		    !is_watched(list, jv_string_value(place)))
			list = jv_array_append(list, jv_copy(place));
		jv_free(place);
	}
	if (jv_is_valid(list))
		tree_set(root, "filesystem.tracking.watch", list);
}

static void end_cwd(const struct rules *r, jv *root)
{
	if (tree_is(*root, "filesystem.mount_cwd", "true")) {
		if (!utf8_ok(r->origin->cwd))
			problem_add(r->problems, rules_place(r, "filesystem.mount_cwd"),
				    "filesystem.mount_cwd: the name of %.200s is not UTF-8",
				    esc(r->origin->cwd));
		tree_set_missing(root, "filesystem.cwd_path", jv_string(r->origin->cwd));
		return;
	}
	if (tree_has(*root, "filesystem.cwd_path"))
		problem_note(r->problems, rules_place(r, "filesystem.cwd_path"),
			     "filesystem.cwd_path: means nothing without mount_cwd: yes");
	tree_drop(root, "filesystem.cwd_path");
}

static void end_host_user(const struct rules *r, jv *root)
{
	static const char *const lists[] = {"host_user.dirs", "host_user.exclude",
					    "host_user.include_dotfiles"};

	if (tree_is(*root, "host_user.clone_host", "true")) {
		read_defaults(root, r->origin, "host_user");
		return;
	}
	for (size_t i = 0; i < 3; i++) {
		if (tree_has(*root, lists[i]))
			problem_note(r->problems, rules_place(r, lists[i]),
				     "%s: means nothing without clone_host: yes", lists[i]);
		tree_drop(root, lists[i]);
	}
}

static void end_dns(const struct rules *r, jv *root)
{
	if (tree_is(*root, "network.mode", "Monitored") || tree_is(*root, "network.mode", "Unsafe"))
		tree_set_missing(root, "network.dns.mode", jv_string("Monitor"));
	read_defaults(root, r->origin, "network.dns");
}

/* Modes and what merely tunes ask for nothing by themselves. */
static bool opens_a_way(const struct key *k, jv root)
{
	if (k->type == T_SECTION || k->type == T_ENUM ||
	    (k->idle && strcmp(k->idle, KEY_TUNES) == 0))
		return false;
	return tree_is_set(root, k->path);
}

/* A pod without a network cannot be given one by halves. */
static void check_no_network(const struct rules *r, jv root)
{
	if (!tree_is(root, "network.mode", "None"))
		return;
	if (!tree_is(root, "network.dns.mode", "Allowlist"))
		problem_add(r->problems, rules_place(r, "network.dns.mode"),
			    "network.dns.mode: network.mode is None: there are no names");
	for (const struct key *k = keys; k->path; k++) {
		if (strncmp(k->path, "network.", 8) != 0 || !opens_a_way(k, root))
			continue;
		problem_add(r->problems, rules_place(r, k->path),
			    "%s: network.mode is None: nothing can be reached, and nothing can "
			    "reach the pod",
			    k->path);
	}
}

/* What goes over the host's own network passes nobody who could count it. */
static void check_countable(const struct rules *r, jv root)
{
	static const char *const counted[] = {"budget.max_bandwidth", "budget.max_requests",
					      "budget.max_tokens", NULL};

	for (const char *const *key = counted; *key; key++)
		if (tree_is(root, "network.mode", "Unsafe") && tree_is_set(root, *key))
			problem_add(r->problems, rules_place(r, *key),
				    "%s: network.mode is Unsafe: nobody counts what goes over the "
				    "host's own network",
				    *key);
}

static void check_smaller(const struct rules *r, jv root, const char *small, const char *large)
{
	double a = tree_number(root, small, -1), b = tree_number(root, large, -1);

	if (a >= 0 && b >= 0 && a >= b)
		problem_add(r->problems, rules_place(r, small), "%s: must be less than %s", small,
			    large);
}

void rules_end(const struct rules *r, jv *root)
{
	bool watch_given = node_find(r->file, "filesystem.tracking.watch");

	rules_each_item(r, root, "filesystem.mounts", end_mount);
	rules_each_item(r, root, "processor.io_max", end_disk);
	rules_monitor(r, root);
	rules_each_item(r, root, "network.internal_ports", end_internal);
	end_tracking(root, watch_given);
	end_cwd(r, root);
	end_host_user(r, root);
	end_dns(r, root);
	check_targets(r, *root);
	check_no_network(r, *root);
	rules_vault(r, *root);
	rules_screen(r, *root);
	rules_health(r, root);
	check_smaller(r, *root, "processor.memory_high", "processor.memory");
	check_countable(r, *root);
	check_smaller(r, *root, "budget.warning", "budget.max_duration");
}
