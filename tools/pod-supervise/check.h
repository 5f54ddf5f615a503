/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of a pod's health, as its plan has them. */
#ifndef POD_SUPERVISE_CHECK_H
#define POD_SUPERVISE_CHECK_H

#include "libcommon/err.h"
#include "libcommon/plan.h"

#define CHECKS_MAX 16

enum check_action { ACTION_RESTART, ACTION_ALERT, ACTION_FREEZE };

struct check {
	char *name;
	char *endpoint, *command; /* one of them is NULL */
	unsigned port;
	unsigned interval, timeout, retries, grace; /* seconds, but for retries */
	enum check_action action;
};

struct checks {
	struct check v[CHECKS_MAX];
	int n;
};

/* The lines "health WORD=VALUE...".  -EINVAL with e for what is none. */
int checks_read(struct checks *c, const struct plan *pl, struct err *e);
void checks_finish(struct checks *c);

/* Does any of them ask for restarts? */
int checks_restart(const struct checks *c);
/* "restart", "alert", "freeze" */
const char *check_action(const struct check *c);

#endif
