/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The probes, as pod-probe lists them on the host, and what it answered in the pod: one JSON object
 * a line.  Answers come out of a pod; they are bounded, and each probe must have exactly one.
 */
#ifndef ENVPOD_VERDICTS_H
#define ENVPOD_VERDICTS_H

#include <stdbool.h>
#include <stddef.h>

#include "libcommon/err.h"

#define VERDICTS_MAX      (1u << 20) /* bytes of all answers of a pass */
#define VERDICTS_LINE_MAX 4096

enum verdict { UNANSWERED, HELD, CANNOT_TRY, OPEN }; /* the worst of several is the greatest */
extern const char *const verdict_names[];

enum severity { LOW, MEDIUM, HIGH, CRITICAL, SEVERITIES };
extern const char *const severity_names[];

enum pass { AS_USER, AS_ROOT, PASSES };

struct check {
	char id[48], category[24], text[200];
	char finding[32], fix[160]; /* "": no key of a pod file opens it */
	char way[64];               /* what the stage says when it was reached so; "": no way out */
	enum severity severity;
	bool view; /* the pod's own files could have decided it */
	enum verdict verdict[PASSES];
	char detail[PASSES][640];
};

struct checks {
	struct check *v;
	size_t n;
};

void checks_finish(struct checks *c);
/* What `pod-probe --list --json` says. */
int checks_read(struct checks *c, const char *data, size_t len, struct err *e);
/* What it answered in one pass; status 2 where answers are missing, or not of these probes. */
int checks_answer(struct checks *c, enum pass pass, const char *data, size_t len, struct err *e);
struct check *checks_find(const struct checks *c, const char *id);
/* The verdict over all passes: open where one was, held where one held and none was open. */
enum verdict check_verdict(const struct check *c);

#endif
