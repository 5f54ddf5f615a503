/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's list of the logs that were begun, STATE/keys/audit/logs: each line is sealed with a
 * key that is gone once the log begins, so root cannot take back later that a pod had another log.
 */
#ifndef POD_AUDIT_LOGLIST_H
#define POD_AUDIT_LOGLIST_H

#include <stddef.h>

#include "libcommon/err.h"
#include "tools/pod-audit/seal.h"
#include "tools/pod-audit/spans.h"

#define LOGLIST_MAX (64u << 20)

struct loglist {
	const char *fault;    /* what is wrong with the list; NULL: nothing */
	struct spans missing; /* logs of the pod that are neither its own now nor in the archive */
};

/* What the list says of a pod's logs, to who has the verification key. */
int loglist_check(struct loglist *l, const struct seals *s, const char *pod, struct err *e);

/* One line: `J TIME POD SEAL`. */
struct loglist_line {
	uint64_t log;
	char pod[64];
	char seal[LOGSEAL_HEX];
	size_t len; /* up to the blank before SEAL: what it covers */
};
/* -EINVAL */
int loglist_parse(struct loglist_line *line, const char *text, size_t len);

#endif
