/* SPDX-License-Identifier: Apache-2.0 */
/* What makes a pod weaker than it could be, as its compiled pod file shows: one table. */
#ifndef POD_AUDIT_FINDINGS_H
#define POD_AUDIT_FINDINGS_H

#include <jv.h>

#include "libcommon/err.h"

enum severity { SEVERITY_LOW, SEVERITY_MEDIUM, SEVERITY_HIGH, SEVERITY_CRITICAL, SEVERITIES };

/* Upper-case names, by severity. */
extern const char *const severity_names[SEVERITIES];

struct weakness {
	const char *id; /* kept for good: people and pipelines name it */
	enum severity severity;
	const char *title;       /* what is so */
	const char *explanation; /* what an agent can do with it */
	const char *fix;
	/* A jq program over the pod: each string it yields is a piece of evidence, true is the
	 * finding without one. */
	const char *when;
};

extern const struct weakness weaknesses[];
extern const size_t nweaknesses;

/*
 * Ask every row about a pod: pod.json, beside its keys `live` with the policies that were changed
 * since.  told() gets each one that holds, in the order of the table, with the strings in an array,
 * which it frees.  Takes pod.
 */
int findings_each(jv pod, void (*told)(void *to, const struct weakness *w, jv evidence), void *to,
		  struct err *e);

#endif
