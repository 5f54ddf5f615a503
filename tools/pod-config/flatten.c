/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-config/flatten.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/buf.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/plan.h"
#include "libcommon/words.h"
#include "tools/pod-config/key.h"
#include "tools/pod-config/tree.h"

/* The period of cpu.max, in microseconds. */
#define CPU_PERIOD 100000

/* A path as one word of a line, as in fstab(5). */
static void add_word(struct buf *b, const char *path)
{
	buf_char(b, ' ');
	for (; *path; path++) {
		if (strchr(" \t\n\\", *path))
			buf_fmt(b, "\\%03o", (unsigned)(unsigned char)*path);
		else
			buf_char(b, *path);
	}
}

static void emit_lower(struct buf *plan, const char *key, const char *text)
{
	OWN_FREE char *lower = xstrdup(text);

	for (char *c = lower; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	plan_line(plan, key, lower);
}

/* One value, in the form the programs of the warm path want.  Takes value. */
static void emit_value(struct buf *plan, const struct key *k, jv value)
{
	char quota[64];
	jv text;

	if (k->type == T_CORES) {
		snprintf(quota, sizeof(quota), "%.0f %d", jv_number_value(value) * CPU_PERIOD,
			 CPU_PERIOD);
		plan_line(plan, k->plan, quota);
		jv_free(value);
		return;
	}
	text = tree_text(value);
	if (k->type == T_BOOL)
		plan_line(plan, k->plan, strcmp(jv_string_value(text), "true") == 0 ? "yes" : "no");
	else if (k->type == T_ENUM)
		emit_lower(plan, k->plan, jv_string_value(text));
	else
		plan_line(plan, k->plan, jv_string_value(text));
	jv_free(text);
}

static void emit_map(struct buf *plan, const struct key *k, jv map)
{
	jv words = jv_keys(jv_copy(map));

	for (int i = 0; i < jv_array_length(jv_copy(words)); i++) {
		jv word = jv_array_get(jv_copy(words), i);
		jv value = jv_object_get(jv_copy(map), jv_copy(word));
		OWN_FREE char *pair = xfmt("%s=%s", jv_string_value(word), jv_string_value(value));

		plan_line(plan, k->plan, pair);
		jv_free(word);
		jv_free(value);
	}
	jv_free(words);
	jv_free(map);
}

static void emit_key(struct buf *plan, const struct key *k, jv pod)
{
	jv value = tree_get(pod, k->path);
	jv_kind kind = jv_get_kind(value);

	if (kind == JV_KIND_ARRAY)
		for (int i = 0; i < jv_array_length(jv_copy(value)); i++)
			emit_value(plan, k, jv_array_get(jv_copy(value), i));
	if (kind == JV_KIND_OBJECT)
		emit_map(plan, k, value);
	else if (kind == JV_KIND_ARRAY || kind == JV_KIND_INVALID)
		jv_free(value);
	else
		emit_value(plan, k, value);
}

/* "mount ro|rw|cow SOURCE TARGET" */
static int emit_mount(struct buf *plan, jv item, struct err *e)
{
	jv path = tree_get(item, "path"), target = tree_get(item, "target");
	bool is_cow = tree_is(item, "cow", "true"),
	     is_rw = tree_is(item, "permissions", "ReadWrite");
	OWN_BUF struct buf line = BUF_INIT;

	(void)e;
	buf_str(&line, is_cow ? "cow" : is_rw ? "rw" : "ro");
	add_word(&line, jv_string_value(path));
	add_word(&line, jv_string_value(target));
	plan_line(plan, "mount", line.data);
	jv_free(path);
	jv_free(target);
	return 0;
}

/* io.max takes whole disks: a partition's limit is its disk's. */
static void whole_disk(unsigned *high, unsigned *low)
{
	char path[96], text[32] = "";
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/partition", *high, *low);
	if (access(path, F_OK) < 0)
		return;
	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/../dev", *high, *low);
	OWN_FD int fd = open(path, O_RDONLY | O_CLOEXEC);

	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n > 0)
		sscanf(text, "%u:%u", high, low);
}

/* "io.max MAJOR:MINOR rbps=N …", as cgroup v2 wants it. */
static int emit_io(struct buf *plan, jv item, struct err *e)
{
	static const char *const names[][2] = {{"read_bps", "rbps"},
					       {"write_bps", "wbps"},
					       {"read_iops", "riops"},
					       {"write_iops", "wiops"}};
	jv device = tree_get(item, "device");
	OWN_FREE char *path = xstrdup(jv_string_value(device));
	OWN_BUF struct buf line = BUF_INIT;
	unsigned high, low;
	struct stat st;

	jv_free(device);
	if (stat(path, &st) < 0)
		return err_status(e, POD_EXIT_CONFIG, errno, "processor.io_max: look at %s",
				  esc(path));
	if (!S_ISBLK(st.st_mode))
		return err_status(e, POD_EXIT_CONFIG, ERR_PLAIN,
				  "processor.io_max: %s is not a block device", esc(path));
	high = major(st.st_rdev);
	low = minor(st.st_rdev);
	whole_disk(&high, &low);
	buf_fmt(&line, "%u:%u", high, low);
	for (size_t i = 0; i < 4; i++)
		if (tree_has(item, names[i][0]))
			buf_fmt(&line, " %s=%.0f", names[i][1], tree_number(item, names[i][0], 0));
	plan_line(plan, "io.max", line.data);
	return 0;
}

/* Scalars as "WORD=VALUE"; a list is its word, less the s, several times. */
static void emit_member(struct buf *line, const char *word, jv value)
{
	jv text = tree_text(value);
	OWN_FREE char *pair = xfmt("%s=%s", word, jv_string_value(text));

	words_add(line, strcmp(pair, "wide=true") == 0    ? "wide=yes"
			: strcmp(pair, "wide=false") == 0 ? "wide=no"
							  : pair);
	jv_free(text);
}

static void emit_words(struct buf *plan, const char *key, jv item)
{
	static const char *const members[][2] = {
		{"key", "key"},           {"domain", "domain"},
		{"port", "port"},         {"header", "header"},
		{"basic", "basic"},       {"query", "query"},
		{"methods", "method"},    {"paths", "path"},
		{"wide", "wide"},         {"strip", "strip"},
		{"pins", "pin"},          {"requests", "requests"},
		{"bytes", "bytes"},       {"concurrent", "concurrent"},
		{"usage", "usage"},       {"name", "name"},
		{"endpoint", "endpoint"}, {"command", "command"},
		{"interval", "interval"}, {"timeout", "timeout"},
		{"retries", "retries"},   {"action", "action"},
		{"grace_period", "grace"}};
	OWN_BUF struct buf line = BUF_INIT;

	for (size_t m = 0; m < sizeof(members) / sizeof(members[0]); m++) {
		jv value = tree_get(item, members[m][0]);

		if (jv_get_kind(value) == JV_KIND_ARRAY)
			for (int i = 0; i < jv_array_length(jv_copy(value)); i++)
				emit_member(&line, members[m][1], jv_array_get(jv_copy(value), i));
		if (jv_get_kind(value) == JV_KIND_ARRAY || !jv_is_valid(value))
			jv_free(value);
		else
			emit_member(&line, members[m][1], value);
	}
	plan_line(plan, key, line.data);
}

static int emit_binding(struct buf *plan, jv item, struct err *e)
{
	(void)e;
	emit_words(plan, "vault.bind", item);
	return 0;
}

static int emit_http(struct buf *plan, jv item, struct err *e)
{
	(void)e;
	emit_words(plan, "http.rule", item);
	return 0;
}

static int emit_check(struct buf *plan, jv item, struct err *e)
{
	(void)e;
	emit_words(plan, "health", item);
	return 0;
}

/* The section itself is a check where it says of what. */
static void emit_health(struct buf *plan, jv pod)
{
	jv section = tree_get(pod, "health");

	if (tree_has(section, "endpoint") || tree_has(section, "command"))
		emit_words(plan, "health", section);
	jv_free(section);
}

/* "vault.env KEY [COMMAND...]" */
static int emit_secret(struct buf *plan, jv item, struct err *e)
{
	jv key = tree_get(item, "key"), commands = tree_get(item, "commands");
	int n = jv_get_kind(commands) == JV_KIND_ARRAY ? jv_array_length(jv_copy(commands)) : 0;
	OWN_BUF struct buf line = BUF_INIT;

	(void)e;
	words_add(&line, jv_string_value(key));
	for (int i = 0; i < n; i++) {
		jv command = jv_array_get(jv_copy(commands), i);

		words_add(&line, jv_string_value(command));
		jv_free(command);
	}
	plan_line(plan, "vault.env", line.data);
	jv_free(key);
	jv_free(commands);
	return 0;
}

static int emit_items(struct buf *plan, jv pod, const char *path,
		      int (*emit)(struct buf *plan, jv item, struct err *e), struct err *e)
{
	jv list = tree_get(pod, path);
	int r = 0, n = jv_get_kind(list) == JV_KIND_ARRAY ? jv_array_length(jv_copy(list)) : 0;

	for (int i = 0; i < n && r == 0; i++) {
		jv item = jv_array_get(jv_copy(list), i);

		r = emit(plan, item, e);
		jv_free(item);
	}
	jv_free(list);
	return r;
}

/* The invoking user keeps his own id in the pod, unless he is root: host root is never mapped. */
static void emit_identity(struct buf *plan, jv pod)
{
	double uid = tree_number(pod, "owner.uid", 0), gid = tree_number(pod, "owner.gid", 0);
	char number[32];

	snprintf(number, sizeof(number), "%.0f", uid);
	plan_line(plan, "identity.uid", number);
	snprintf(number, sizeof(number), "%.0f", uid > 0 ? gid : 0);
	plan_line(plan, "identity.gid", number);
}

/* Isolated with nothing to allow is loopback alone; whatever opens a way asks for pod-net's wall.
 */
static void emit_wall(struct buf *plan, jv pod)
{
	static const char *const ways[] = {
		"network.dns.allow",  "network.dns.remap",       "network.cidr_allow",
		"network.ports",      "network.public_ports",    "network.internal_ports",
		"network.allow_pods", "network.allow_discovery", NULL};
	bool wants = tree_is(pod, "network.mode", "Monitored");

	if (tree_is(pod, "network.mode", "Isolated"))
		wants = !tree_is(pod, "network.dns.mode", "Allowlist");
	else if (!wants)
		return;
	for (const char *const *way = ways; *way && !wants; way++)
		wants = tree_is_set(pod, *way);
	if (wants)
		plan_line(plan, "wall", "yes");
}

/* Whatever needs a daemon while the pod runs. */
static void emit_govern(struct buf *plan, jv pod)
{
	static const char *const keys_set[] = {"monitor.rules",       "monitor.policy",
					       "budget.max_duration", "budget.max_cpu",
					       "budget.max_requests", "budget.max_bandwidth",
					       "budget.max_tokens",   NULL};
	bool wants =
		tree_is(pod, "queue.socket", "true") || tree_is(pod, "audit.system_trace", "true");

	for (const char *const *key = keys_set; *key && !wants; key++)
		wants = tree_is_set(pod, *key);
	if (wants)
		plan_line(plan, "govern", "yes");
	if (tree_is(pod, "audit.system_trace", "false"))
		plan_line(plan, "trace", "no");
}

/* A GPU may be any plugin's: "plugin ASKER NAME WORD...", one of each asker must be found. */
static void emit_gpu(struct buf *plan, const char *id)
{
	static const char *const names[] = {"gpu-dri", "gpu-nvidia"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		OWN_BUF struct buf line = BUF_INIT;

		buf_str(&line, *id ? "devices.gpu=" : "devices.gpu");
		buf_str(&line, id);
		words_add(&line, names[i]);
		if (*id)
			buf_fmt(&line, " id=%s", id);
		plan_line(plan, "plugin", line.data);
	}
}

/* yes, an id, or a list of ids. */
static void emit_gpus(struct buf *plan, jv pod)
{
	jv asked = tree_get(pod, "devices.gpu");
	jv ids = jv_get_kind(asked) == JV_KIND_ARRAY ? jv_copy(asked)
						     : jv_array_append(jv_array(), jv_copy(asked));

	for (int i = 0; i < jv_array_length(jv_copy(ids)); i++) {
		jv id = jv_array_get(jv_copy(ids), i);

		if (jv_get_kind(id) == JV_KIND_TRUE)
			emit_gpu(plan, "");
		else if (jv_get_kind(id) == JV_KIND_STRING)
			emit_gpu(plan, jv_string_value(id));
		jv_free(id);
	}
	jv_free(ids);
	jv_free(asked);
}

static int emit_plugin(struct buf *plan, jv item, struct err *e)
{
	OWN_FREE char *line = xfmt("devices.plugins %s", jv_string_value(item));

	(void)e;
	plan_line(plan, "plugin", line);
	return 0;
}

/* How a budget ends, where there is one. */
static void emit_budget(struct buf *plan, jv pod)
{
	static const char *const limits[] = {"budget.max_duration", "budget.max_cpu",
					     "budget.max_requests", "budget.max_bandwidth",
					     "budget.max_tokens",   NULL};
	static const char *const ends[][2] = {{"budget.warning", "budget.warning"},
					      {"budget.grace_period", "budget.grace"},
					      {"budget.action", "budget.action"},
					      {"budget.renewable", "budget.renewable"}};
	bool any = false;

	for (const char *const *key = limits; *key && !any; key++)
		any = tree_is_set(pod, *key);
	for (size_t i = 0; any && i < sizeof(ends) / sizeof(ends[0]); i++) {
		struct key k = *key_at(ends[i][0]);

		k.plan = ends[i][1];
		emit_key(plan, &k, pod);
	}
}

/* Two keys for one wall: the lower one holds. */
static void emit_storage(struct buf *plan, jv pod)
{
	double disk = tree_number(pod, "processor.disk_size", 0),
	       most = tree_number(pod, "budget.max_storage", 0);
	char number[32];

	if (disk > 0 && (most <= 0 || disk < most))
		most = disk;
	snprintf(number, sizeof(number), "%.0f", most);
	if (most > 0)
		plan_line(plan, "budget.storage", number);
}

static void emit_unbuilt(struct buf *plan, jv pod)
{
	for (const struct key *k = keys; k->path; k++)
		if (!strchr(k->path, '[') && key_asks(k, tree_get(pod, k->path)))
			plan_line(plan, "unbuilt", k->path);
}

static const struct {
	const char *path;
	int (*emit)(struct buf *plan, jv item, struct err *e);
} lists[] = {
	{"filesystem.mounts", emit_mount}, {"processor.io_max", emit_io},
	{"network.http", emit_http},       {"vault.env", emit_secret},
	{"vault.bindings", emit_binding},  {"health.checks", emit_check},
	{"devices.plugins", emit_plugin},
};

int flatten(jv pod, const struct stat *json, struct buf *plan, struct err *e)
{
	unsigned long long mtime = (unsigned long long)json->st_mtim.tv_sec * 1000000000ull +
				   (unsigned long long)json->st_mtim.tv_nsec;
	int r;

	buf_fmt(plan, "envpod-plan 1 %llu %llu %llu\n", (unsigned long long)json->st_ino, mtime,
		(unsigned long long)json->st_size);
	for (const struct key *k = keys; k->path; k++)
		if (k->plan)
			emit_key(plan, k, pod);
	emit_identity(plan, pod);
	emit_health(plan, pod);
	if (tree_is(pod, "type", "ephemeral"))
		plan_line(plan, "ephemeral", "yes");
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		r = emit_items(plan, pod, lists[i].path, lists[i].emit, e);
		if (r < 0)
			return r;
	}
	emit_gpus(plan, pod);
	r = flatten_desktop(pod, plan, e);
	if (r < 0)
		return r;
	emit_wall(plan, pod);
	emit_govern(plan, pod);
	emit_budget(plan, pod);
	emit_storage(plan, pod);
	emit_unbuilt(plan, pod);
	buf_str(plan, "end\n");
	if (plan->len > PLAN_MAX)
		return err_status(e, POD_EXIT_CONFIG, ERR_PLAIN, "the plan is longer than %d bytes",
				  PLAN_MAX);
	return 0;
}
