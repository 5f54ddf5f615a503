/* SPDX-License-Identifier: Apache-2.0 */
/* Which events of which log: the options that query, follow and export have in common. */
#ifndef POD_AUDIT_SELECT_H
#define POD_AUDIT_SELECT_H

#include "tools/pod-audit/filter.h"

struct selection {
	struct filter filter;
	uint64_t n;   /* only the last N of them; 0: all */
	bool archive; /* the log is a directory of the archive */
	uint64_t bad; /* lines that are no events */
	struct kept { /* those N, in a ring */
		uint64_t count;
		char **ring;
	} kept;
};

/* Rows of an option table. */
#define SELECTION_OPTS(s)                                                                         \
	{OPT_LIST, 'e', "event", &(s)->filter.events, "NAME", "only events of this name"},        \
		{OPT_LIST, 0, "src", &(s)->filter.sources, "NAME", "only events of this source"}, \
		{OPT_STR, 's',                                                                    \
		 "since", &(s)->filter.since,                                                     \
		 "TIME",  "not before: RFC 3339, or 5m ago"},                                     \
		{OPT_STR, 'u', "until", &(s)->filter.until, "TIME", "before"},                    \
		{OPT_STR, 'w',                                                                    \
		 "where", &(s)->filter.where,                                                     \
		 "JQ",    "only where this jq program says so"},                                  \
		{OPT_U64, 'n', "last", &(s)->n, "N", "only the last N of them"},                  \
	{                                                                                         \
		OPT_FLAG, 'a', "archive", &(s)->archive, NULL,                                    \
			"POD is the name of a directory in the archive"                           \
	}

/* Consumes event. */
typedef void selection_fn(void *to, const struct line *l, jv event);

/* After the options: checks them and opens the log (source_open()).  -errno with e set. */
int selection_open(struct selection *s, struct source *source, const char *arg, struct err *e);
/* fn for each event that is wanted, oldest first, to the end of the log: 0, or -errno with e set.
 */
int selection_run(struct selection *s, struct source *source, selection_fn *fn, void *to,
		  struct err *e);
/* fn, if this line is wanted; says once what is no event. */
void selection_line(struct selection *s, const struct line *l, selection_fn *fn, void *to);
/* The exit status: what was left out must not pass for "nothing happened". */
int selection_status(const struct selection *s);
void selection_finish(struct selection *s);

#endif
