/* SPDX-License-Identifier: Apache-2.0 */
/* Which rules count, as options say it. */
#ifndef POD_SCREEN_CHOICE_H
#define POD_SCREEN_CHOICE_H

#include "libcommon/buf.h"
#include "tools/pod-screen/screen.h"

struct choice {
	struct strv files;      /* of rules, besides our own */
	struct strv off;        /* names */
	struct strv categories; /* none: all */
	const char *severity;   /* the least; NULL: any */
	bool tested;            /* rules come with their tests: not out of the cache */
};

/* Options of a table that fill a struct choice c. */
#define CHOICE_OPTS(c)                                                                             \
	{OPT_LIST, 'r', "rules", &(c).files, "FILE", "a file of rules, besides our own"},          \
		{OPT_LIST, 0, "off", &(c).off, "NAME", "switch off the rule of this name"},        \
		{OPT_LIST,        'c',        "category",                                          \
		 &(c).categories, "CATEGORY", "only injection, credentials, exfiltration or pii"}, \
	{                                                                                          \
		OPT_STR, 's', "severity", &(c).severity, "LEVEL",                                  \
			"nothing below low, medium, high or critical"                              \
	}

/* Read and compile the rules; s refers to set.  -errno with e set. */
int choice_load(const struct choice *c, struct ruleset *set, struct screen *s, struct err *e);
void choice_finish(struct choice *c);

#endif
