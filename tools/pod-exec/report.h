/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happened, for programs: NDJSON on --status-fd, a byte on --ready-fd, events in the audit
 * log.
 */
#ifndef POD_EXEC_REPORT_H
#define POD_EXEC_REPORT_H

#include <sys/types.h>

#include "libcommon/err.h"
#include "tools/pod-exec/run.h"

/* Check the descriptors asked for and keep them from the command. */
int report_open(const struct ask *ask, struct err *e);

void report_started(const struct ask *ask, pid_t pid);
void report_exit(const struct ask *ask, int status);
void report_failed(const struct ask *ask, int status, const struct err *why);

/* Audit: a run begins (before the exec), ends, or is refused (on disk when it returns). */
int report_run_start(const struct run *r, bool tty, struct err *e);
int report_run_end(const struct run *r, int wait_status, int64_t duration_ms, struct err *e);
int report_refused(const struct run *r, const char *reason, const char *key, struct err *e);
int report_tool_blocked(const struct run *r, struct err *e);

#endif
