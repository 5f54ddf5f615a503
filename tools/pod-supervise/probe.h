/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One look at a pod's health, by a process of its own: an HTTP request to the pod's own loopback,
 * made by one that can do nothing else by then, or a command in the pod.
 */
#ifndef POD_SUPERVISE_PROBE_H
#define POD_SUPERVISE_PROBE_H

#include <stdbool.h>
#include <sys/types.h>

#include "libcommon/pod.h"
#include "tools/pod-supervise/check.h"

enum verdict_kind {
	VERDICT_UNASKED, /* nothing runs in the pod, or somebody works on it: no answer either way
			  */
	VERDICT_PASSED,
	VERDICT_CLOSED,   /* number: the errno of connect */
	VERDICT_NONSENSE, /* no HTTP */
	VERDICT_STATUS,   /* number: of the answer, no success */
	VERDICT_SILENT,   /* within the time */
	VERDICT_EXIT,     /* number: of the command */
	VERDICT_SIGNAL,   /* number: what ended it */
	VERDICT_UNRUN,    /* the command could not be run */
	VERDICT_KINDS
};

struct verdict {
	enum verdict_kind kind;
	int number;
};

struct probe {
	pid_t pid; /* 0: none is on its way */
	int fd;    /* what it says comes here */
	bool late; /* it was ended because it took too long */
};

#define PROBE_INIT       \
	{                \
		.fd = -1 \
	}

/* host: the pod has the host's own network. */
int probe_start(struct probe *pr, const struct pod *p, const struct check *c, bool host,
		struct err *e);
/* It takes too long. */
void probe_end(struct probe *pr);
/* It has ended, with this status of waitpid(2). */
struct verdict probe_judge(struct probe *pr, const struct check *c, int wstatus);

/* In words, without the check's name. */
void verdict_text(const struct verdict *v, const struct check *c, char *out, size_t size);

#endif
