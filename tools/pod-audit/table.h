/* SPDX-License-Identifier: Apache-2.0 */
/* include/envpod/events.def as data: what each event means, and each of its members. */
#ifndef POD_AUDIT_TABLE_H
#define POD_AUDIT_TABLE_H

#include <stdbool.h>
#include <stddef.h>

enum table_kind {
	TABLE_OTHER,
	TABLE_ENTITY_CREATE,
	TABLE_ENTITY_UPDATE,
	TABLE_ENTITY_DELETE,
	TABLE_PROCESS_LAUNCH,
	TABLE_PROCESS_END,
	TABLE_FINDING,
	TABLE_ACTION,
	TABLE_NETWORK_OPEN,
	TABLE_NETWORK_CLOSE,
	TABLE_NETWORK_FAIL,
	TABLE_NETWORK_REFUSE,
	TABLE_NETWORK_LISTEN,
	TABLE_HTTP_TRAFFIC,
	TABLE_DNS_TRAFFIC,
	TABLE_KINDS
};

enum table_severity { SEVERITY_INFO, SEVERITY_LOW, SEVERITY_MEDIUM, SEVERITY_HIGH };
enum table_outcome { OUTCOME_DONE, OUTCOME_REFUSED, OUTCOME_FAILED };
enum table_type { TYPE_STR, TYPE_NUM, TYPE_BOOL, TYPE_LIST };
enum table_whose { WHOSE_OURS, WHOSE_POD };

/* A row is an event, or a field of the event before it. */
struct table_row {
	const char *src; /* NULL: a field */
	const char *name;
	const char *meaning;
	enum table_kind kind;
	enum table_severity severity;
	enum table_outcome outcome;
	enum table_type type;
	enum table_whose whose;
};

/* The words of the enums, as they are printed. */
extern const char *const table_severities[], *const table_outcomes[], *const table_types[];

/* The event after this one, the first for NULL; NULL at the end. */
const struct table_row *table_next(const struct table_row *event);
/* NULL: it is not in the table. */
const struct table_row *table_find(const char *src, const char *name);
bool table_has_src(const char *src);

/* The field after this row, as long as there is one of the same event; NULL at the end. */
const struct table_row *table_field(const struct table_row *after);
/* The field of that name, or the one that stands for any name; NULL: it has none. */
const struct table_row *table_member(const struct table_row *event, const char *name);

/* Is it one of the members that every line has (v, ts, pod, src, event), or the log's own? */
bool table_is_frame(const char *name);

#endif
