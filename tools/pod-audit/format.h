/* SPDX-License-Identifier: Apache-2.0 */
/* One event in the form of others: what export writes. */
#ifndef POD_AUDIT_FORMAT_H
#define POD_AUDIT_FORMAT_H

#include <jv.h>

#include "libcommon/buf.h"
#include "tools/pod-audit/table.h"

struct exported {
	const char *line; /* as stored */
	size_t len;
	jv event; /* its object */
	const char *src, *name;
	const struct table_row *row; /* NULL: the table does not know it */
};

/* Append the line of one event, ended as the format wants it.  Nothing is consumed. */
void ndjson_line(struct buf *out, const struct exported *x);
void csv_line(struct buf *out, const struct exported *x);
void ocsf_line(struct buf *out, const struct exported *x);

/* The heading of CSV. */
void csv_head(struct buf *out);

/* What an event of that class has besides what all have; members of the open object. */
void ocsf_class(struct buf *out, const struct exported *x, enum table_kind kind);

/* Of OCSF, by kind. */
struct ocsf_kind {
	unsigned category, class, activity;
	const char *category_name, *class_name,
		*activity_name; /* activity_name NULL: the event's */
};
extern const struct ocsf_kind ocsf_kinds[TABLE_KINDS];
/* HTTP has an activity for each method: its name, and *activity; NULL for any other method. */
const char *ocsf_method(const char *method, unsigned *activity);

#endif
