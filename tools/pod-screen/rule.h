/* SPDX-License-Identifier: Apache-2.0 */
/* Rules, as files of rules hold them: envpod-screen(5). */
#ifndef POD_SCREEN_RULE_H
#define POD_SCREEN_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"

#define RULES_MAX     1000u
#define RULE_FILE_MAX (1u << 20)
#define RULE_NAME_MAX 64u

enum category {
	CATEGORY_INJECTION,
	CATEGORY_CREDENTIALS,
	CATEGORY_EXFILTRATION,
	CATEGORY_PII,
	CATEGORIES
};
enum severity { SEVERITY_LOW, SEVERITY_MEDIUM, SEVERITY_HIGH, SEVERITY_CRITICAL, SEVERITIES };

/* The forms in which a text is looked at. */
enum view {
	VIEW_RAW,     /* its bytes */
	VIEW_TEXT,    /* one spelling for all */
	VIEW_LEET,    /* digits for letters */
	VIEW_SPACED,  /* l e t t e r s apart */
	VIEW_DECODED, /* what base64, hexadecimal and escapes hold */
	VIEWS
};

extern const char *const category_names[CATEGORIES];
extern const char *const severity_names[SEVERITIES];
extern const char *const view_names[VIEWS];

struct rule {
	char *name, *about;
	enum category category;
	enum severity severity;
	unsigned views; /* 1 << enum view */
	bool ignore_case;
	bool (*valid)(const char *text, size_t len); /* NULL: whatever matches */
	struct strv patterns;
	struct strv hits, cleans; /* its own tests */
	char *file;
	unsigned line, column; /* where it stands */
	bool off;
};

struct ruleset {
	struct rule *rules;
	size_t n;
};

/* Index in names[n], or -1. */
int word_index(const char *const *names, int n, const char *word);

/*
 * Add the rules of a file: -EINVAL with e set (status 78: "FILE:LINE:COLUMN: …").  A name that is
 * there already takes the place of the older rule; `disable` switches older ones off.
 */
int rules_parse(struct ruleset *s, const char *file, const char *text, size_t len, struct err *e);
int rules_read(struct ruleset *s, const char *file, struct err *e);
/* The files of those that come with envpod: all *.yaml of share/screen. */
int rules_files(struct strv *files, struct err *e);
/* What they hold. */
int rules_builtin(struct ruleset *s, struct err *e);
void rules_finish(struct ruleset *s);

#endif
