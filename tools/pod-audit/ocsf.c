/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Open Cybersecurity Schema Framework 1.3: one object an event, its class by the table's kind.
 * What the class has a place for is put there; all members are under `unmapped` besides, the pod's
 * word apart from the rest, since no attribute of OCSF says whose word it is.
 */
#include <stdio.h>
#include <string.h>

#include "libcommon/jsonw.h"
#include "libcommon/own.h"
#include "libcommon/when.h"
#include "tools/pod-audit/format.h"
#include "tools/pod-audit/member.h"

#define OCSF_VERSION   "1.3.0"
#define OTHER_ACTIVITY 99

#define SYSTEM   1, "System Activity"
#define FINDINGS 2, "Findings"
#define IAM      3, "Identity & Access Management"
#define NETWORK  4, "Network Activity"
#define APPS     6, "Application Activity"

/* A category is a number and its name: hence the order of the columns. */
#define ROW(category_, name_, class_, class_name_, activity_, activity_name_)         \
	{                                                                             \
		.category = (category_), .category_name = (name_), .class = (class_), \
		.class_name = (class_name_), .activity = (activity_),                 \
		.activity_name = (activity_name_)                                     \
	}
#define KIND(...) ROW(__VA_ARGS__)

const struct ocsf_kind ocsf_kinds[TABLE_KINDS] = {
	[TABLE_OTHER] = KIND(0, "Uncategorized", 0, "Base Event", OTHER_ACTIVITY, NULL),
	[TABLE_ENTITY_CREATE] = KIND(IAM, 3004, "Entity Management", 1, "Create"),
	[TABLE_ENTITY_UPDATE] = KIND(IAM, 3004, "Entity Management", 3, "Update"),
	[TABLE_ENTITY_DELETE] = KIND(IAM, 3004, "Entity Management", 4, "Delete"),
	[TABLE_PROCESS_LAUNCH] = KIND(SYSTEM, 1007, "Process Activity", 1, "Launch"),
	[TABLE_PROCESS_END] = KIND(SYSTEM, 1007, "Process Activity", 2, "Terminate"),
	[TABLE_FINDING] = KIND(FINDINGS, 2004, "Detection Finding", 1, "Create"),
	[TABLE_ACTION] = KIND(APPS, 6003, "API Activity", OTHER_ACTIVITY, NULL),
	[TABLE_NETWORK_OPEN] = KIND(NETWORK, 4001, "Network Activity", 1, "Open"),
	[TABLE_NETWORK_CLOSE] = KIND(NETWORK, 4001, "Network Activity", 2, "Close"),
	[TABLE_NETWORK_FAIL] = KIND(NETWORK, 4001, "Network Activity", 4, "Fail"),
	[TABLE_NETWORK_REFUSE] = KIND(NETWORK, 4001, "Network Activity", 5, "Refuse"),
	[TABLE_NETWORK_LISTEN] = KIND(NETWORK, 4001, "Network Activity", 7, "Listen"),
	[TABLE_HTTP_TRAFFIC] = KIND(NETWORK, 4002, "HTTP Activity", OTHER_ACTIVITY, NULL),
	[TABLE_DNS_TRAFFIC] = KIND(NETWORK, 4003, "DNS Activity", 6, "Traffic"),
};

static const struct {
	unsigned id;
	const char *name;
} severities[] = {[SEVERITY_INFO] = {1, "Informational"},
		  [SEVERITY_LOW] = {2, "Low"},
		  [SEVERITY_MEDIUM] = {3, "Medium"},
		  [SEVERITY_HIGH] = {4, "High"}};

static void add_classification(struct buf *out, const struct exported *x, enum table_kind kind)
{
	const struct ocsf_kind *k = &ocsf_kinds[kind];
	const char *method = member_str(x->event, "method");
	unsigned activity = k->activity;
	const char *name = k->activity_name;
	OWN_FREE char *type = NULL;

	if (kind == TABLE_HTTP_TRAFFIC && method)
		name = ocsf_method(method, &activity);
	type = xfmt("%s: %s", k->class_name, name ? name : "Other");
	jw_knum(out, "category_uid", k->category);
	jw_kstr(out, "category_name", k->category_name);
	jw_knum(out, "class_uid", k->class);
	jw_kstr(out, "class_name", k->class_name);
	jw_knum(out, "activity_id", activity);
	jw_kstr(out, "activity_name", name ? name : x->name);
	jw_knum(out, "type_uid", (int64_t)k->class * 100 + activity);
	jw_kstr(out, "type_name", type);
}

/* A table without the event has no opinion: 0 is OCSF's "unknown". */
static void add_judgement(struct buf *out, const struct exported *x)
{
	const struct table_row *row = x->row;

	jw_knum(out, "severity_id", row ? severities[row->severity].id : 0);
	jw_kstr(out, "severity", row ? severities[row->severity].name : "Unknown");
	jw_knum(out, "status_id", !row ? 0 : row->outcome == OUTCOME_DONE ? 1 : 2);
	jw_kstr(out, "status",
		!row                           ? "Unknown"
		: row->outcome == OUTCOME_DONE ? "Success"
					       : "Failure");
	jw_kstr(out, "message", row ? row->meaning : x->name);
}

/* What tells the event from all others: the log's chain, or its place there. */
static void add_metadata(struct buf *out, const struct exported *x)
{
	const char *chain = member_str(x->event, "chain"), *ts = member_str(x->event, "ts");
	int64_t seq;

	jw_key(out, "metadata");
	jw_open(out, '{');
	jw_kstr(out, "version", OCSF_VERSION);
	jw_key(out, "product");
	jw_open(out, '{');
	jw_kstr(out, "name", "envpod");
	jw_kstr(out, "vendor_name", "envpod");
	jw_kstr(out, "version", ENVPOD_VERSION);
	jw_close(out, '}');
	jw_kstr(out, "log_name", "audit");
	jw_kstr(out, "log_provider", x->src);
	jw_kstr(out, "event_code", x->name);
	if (chain)
		jw_kstr(out, "uid", chain);
	if (member_num(x->event, "seq", &seq))
		jw_knum(out, "sequence", seq);
	if (ts)
		jw_kstr(out, "original_time", ts);
	jw_close(out, '}');
}

static void add_object(struct buf *out, const char *key, jv object)
{
	jv text = jv_dump_string(object, JV_PRINT_SORTED);

	jw_key(out, key);
	buf_str(out, jv_string_value(text));
	jv_free(text);
}

static void add_unmapped(struct buf *out, const struct exported *x)
{
	jv ours, pods;

	member_split(x->event, x->row, &ours, &pods);
	jw_key(out, "unmapped");
	jw_open(out, '{');
	add_object(out, "members", ours);
	add_object(out, "pods_word", pods);
	jw_close(out, '}');
}

void ocsf_line(struct buf *out, const struct exported *x)
{
	enum table_kind kind = x->row ? x->row->kind : TABLE_OTHER;
	const char *ts = member_str(x->event, "ts");
	int64_t us = 0;

	if (ts && when_parse(ts, &us) < 0)
		us = 0;
	jw_open(out, '{');
	jw_knum(out, "time", us / 1000);
	add_classification(out, x, kind);
	add_judgement(out, x);
	add_metadata(out, x);
	ocsf_class(out, x, kind);
	add_unmapped(out, x);
	jw_close(out, '}');
	buf_char(out, '\n');
}
