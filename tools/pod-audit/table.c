/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-audit/table.h"

#include <string.h>

const char *const table_severities[] = {"info", "low", "medium", "high"};
const char *const table_outcomes[] = {"done", "refused", "failed"};
const char *const table_types[] = {"string", "number", "bool", "list"};

static const struct table_row rows[] = {
#define EVENT(src_, name_, kind_, severity_, outcome_, meaning_) \
	{.src = (src_),                                          \
	 .name = (name_),                                        \
	 .meaning = (meaning_),                                  \
	 .kind = TABLE_##kind_,                                  \
	 .severity = SEVERITY_##severity_,                       \
	 .outcome = OUTCOME_##outcome_},
#define FIELD(name_, type_, whose_, meaning_) \
	{.name = (name_), .meaning = (meaning_), .type = TYPE_##type_, .whose = WHOSE_##whose_},
#include "envpod/events.def"
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

const struct table_row *table_next(const struct table_row *event)
{
	const struct table_row *row = event ? event + 1 : rows;

	while (row < rows + ROWS && !row->src)
		row++;
	return row < rows + ROWS ? row : NULL;
}

const struct table_row *table_find(const char *src, const char *name)
{
	const struct table_row *ev = NULL;

	while ((ev = table_next(ev)))
		if (strcmp(ev->name, name) == 0 && strcmp(ev->src, src) == 0)
			return ev;
	return NULL;
}

bool table_has_src(const char *src)
{
	const struct table_row *ev = NULL;

	while ((ev = table_next(ev)))
		if (strcmp(ev->src, src) == 0)
			return true;
	return false;
}

const struct table_row *table_field(const struct table_row *after)
{
	return after + 1 < rows + ROWS && !after[1].src ? after + 1 : NULL;
}

const struct table_row *table_member(const struct table_row *event, const char *name)
{
	const struct table_row *any = NULL;

	for (const struct table_row *f = event; (f = table_field(f));)
		if (strcmp(f->name, name) == 0)
			return f;
		else if (strcmp(f->name, "*") == 0)
			any = f;
	return any;
}

bool table_is_frame(const char *name)
{
	static const char *const frame[] = {"v",   "ts",    "pod",  "src", "event",
					    "seq", "chain", "seal", NULL};

	for (const char *const *f = frame; *f; f++)
		if (strcmp(*f, name) == 0)
			return true;
	return false;
}
