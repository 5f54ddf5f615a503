/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-dns/policy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/jsonr.h"
#include "libcommon/own.h"

#define ENTRY_MAX 1200 /* a name with ports */

const char *const policy_lists[LIST_COUNT] = {"allow",        "deny",        "remap",
					      "remove_allow", "remove_deny", "remove_remap"};

int time_parse(const char *text, int64_t *seconds)
{
	struct tm tm = {0};
	int end = 0;

	if (strlen(text) != 20 ||
	    sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2dZ%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
		   &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &end) != 6 ||
	    end != 20 || tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 || tm.tm_mday > 31)
		return -EINVAL;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	*seconds = timegm(&tm);
	return *seconds > 0 ? 0 : -EINVAL;
}

const char *time_text(int64_t seconds, char out[32])
{
	time_t t = (time_t)seconds;
	struct tm tm = {0};

	gmtime_r(&t, &tm);
	strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return out;
}

struct reader {
	struct json j;
	int (*fn)(void *arg, const struct policy_entry *entry, struct err *e);
	void *arg;
	struct err *e;
};

static int fault(struct reader *r, const char *what)
{
	unsigned line, column;

	json_place(&r->j, &line, &column);
	return err_status(r->e, POD_EXIT_CONFIG, ERR_PLAIN, POLICY_FILE ":%u:%u: %s", line, column,
			  what);
}

static int read_entry(struct reader *r, enum policy_list list)
{
	char key[32], name[ENTRY_MAX] = "", to[ENTRY_MAX] = "", until[32] = "";
	struct policy_entry entry = {list, name, to, 0};
	struct json *j = &r->j;
	int bad;

	if (json_open(j, '{'))
		while (json_member(j, key, sizeof(key))) {
			if (strcmp(key, "name") == 0)
				json_string(j, name, sizeof(name));
			else if (strcmp(key, "to") == 0)
				json_string(j, to, sizeof(to));
			else if (strcmp(key, "until") == 0)
				json_string(j, until, sizeof(until));
			else
				json_skip(j);
		}
	if (j->fault)
		return fault(r, j->fault);
	if (!*name || (list == LIST_REMAP) != (*to != '\0'))
		return fault(r, "an entry needs a name, and one of remap what it leads to");
	if (*until && time_parse(until, &entry.until) < 0)
		return fault(r, "until: want a time such as 2026-01-02T03:04:05Z");
	bad = r->fn(r->arg, &entry, r->e);
	if (bad < 0) {
		unsigned line, column;

		json_place(j, &line, &column);
		r->e->status = POD_EXIT_CONFIG;
		err_wrap(r->e, POLICY_FILE ":%u", line);
	}
	return bad;
}

static int read_list(struct reader *r, enum policy_list list)
{
	int bad = 0;

	if (json_open(&r->j, '['))
		while (bad == 0 && json_element(&r->j))
			bad = read_entry(r, list);
	return bad;
}

static int read_member(struct reader *r, const char *key, int64_t *version)
{
	for (int i = 0; i < LIST_COUNT; i++)
		if (strcmp(key, policy_lists[i]) == 0)
			return read_list(r, (enum policy_list)i);
	if (strcmp(key, "v") == 0)
		json_integer(&r->j, version);
	else /* a misspelt "deny" must not be passed over */
		return fault(r, "this key is not known");
	return 0;
}

int policy_read(const char *data, size_t len,
		int (*fn)(void *arg, const struct policy_entry *entry, struct err *e), void *arg,
		struct err *e)
{
	struct reader r = {.fn = fn, .arg = arg, .e = e};
	int64_t version = 0;
	char key[32];
	int bad = 0;

	json_init(&r.j, data, len);
	if (json_open(&r.j, '{'))
		while (bad == 0 && json_member(&r.j, key, sizeof(key)))
			bad = read_member(&r, key, &version);
	if (bad < 0)
		return bad;
	if (r.j.fault || !json_end(&r.j))
		return fault(&r, r.j.fault);
	if (version != 1)
		return fault(&r, "\"v\" should be 1: a newer envpod wrote this");
	return 0;
}

static int add_lines(struct rules *r, const struct plan *plan, const char *key, enum rule_kind kind,
		     struct err *e)
{
	const char *value;
	size_t i = 0;

	while ((value = plan_next(plan, key, &i)))
		if (rules_add(r, kind, value, e) < 0)
			return err_wrap(e, "plan: %s", key), -EINVAL;
	return 0;
}

static int add_remaps(struct rules *r, const struct plan *plan, struct err *e)
{
	const char *value;
	size_t i = 0;

	while ((value = plan_next(plan, "dns.remap", &i))) {
		OWN_FREE char *name = xstrdup(value);
		char *equals = strchr(name, '=');

		if (!equals)
			return err_status(e, POD_EXIT_CONFIG, ERR_PLAIN,
					  "plan: dns.remap without =");
		*equals = '\0';
		if (rules_remap(r, name, equals + 1, e) < 0)
			return -EINVAL;
	}
	return 0;
}

struct rules *policy_of_plan(const struct plan *plan, struct err *e)
{
	const char *mode = plan_str(plan, "dns.mode", "allowlist");
	struct rules *r = rules_new(strcmp(mode, "denylist") == 0  ? MODE_DENYLIST
				    : strcmp(mode, "monitor") == 0 ? MODE_MONITOR
								   : MODE_ALLOWLIST,
				    plan_is(plan, "dns.match", "suffix"));

	if (add_lines(r, plan, "dns.allow", RULE_ALLOW, e) == 0 &&
	    add_lines(r, plan, "dns.deny", RULE_DENY, e) == 0 && add_remaps(r, plan, e) == 0)
		return r;
	rules_free(r);
	return NULL;
}

/* First what is taken back, then what is put in, whatever their order in the file. */
struct loading {
	struct rules *rules;
	bool removals;
	int64_t now, next;
};

static int apply(void *arg, const struct policy_entry *entry, struct err *e)
{
	struct loading *l = arg;
	bool removes = entry->list >= LIST_REMOVE_ALLOW;

	if (removes != l->removals || (entry->until && entry->until <= l->now))
		return 0;
	if (entry->until && (!l->next || entry->until < l->next))
		l->next = entry->until;
	if (removes)
		return rules_drop(l->rules, (enum rule_kind)(entry->list - LIST_REMOVE_ALLOW),
				  entry->name, e);
	if (entry->list == LIST_REMAP)
		return rules_remap(l->rules, entry->name, entry->to, e);
	return rules_add(l->rules, (enum rule_kind)entry->list, entry->name, e);
}

struct rules *policy_load(const struct plan *plan, int dirfd, int64_t now, int64_t *next,
			  struct err *e)
{
	struct loading l = {.now = now};
	OWN_BUF struct buf b = BUF_INIT;
	int r = dirfd < 0 ? -ENOENT : read_file_at(dirfd, POLICY_FILE, &b, POLICY_MAX);

	*next = 0;
	if (r < 0 && r != -ENOENT) {
		err_status(e, POD_EXIT_CONFIG, -r, "read policy/" POLICY_FILE);
		return NULL;
	}
	l.rules = policy_of_plan(plan, e);
	if (!l.rules || r == -ENOENT)
		return l.rules;
	for (int pass = 0; pass < 2; pass++) {
		l.removals = pass == 0;
		if (policy_read(b.len ? b.data : "", b.len, apply, &l, e) < 0) {
			rules_free(l.rules);
			return NULL;
		}
	}
	*next = l.next;
	return l.rules;
}
