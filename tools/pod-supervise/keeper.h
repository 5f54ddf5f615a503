/* SPDX-License-Identifier: Apache-2.0 */
/* The resident parent of a pod's daemons. */
#ifndef POD_SUPERVISE_KEEPER_H
#define POD_SUPERVISE_KEEPER_H

#include "tools/pod-supervise/service.h"
#include "tools/pod-supervise/writer.h"

struct keeper {
	struct pod pod;
	int lock;   /* RUN/NAME/helpers.pid */
	int logdir; /* pods/NAME/log */
	int told;   /* who started us hears of it here; -1 once it was said */
	struct services services;
	int signals; /* signalfd */
	pid_t writer;
	int alarm[2];            /* a byte comes out for each canary that is to freeze the pod */
	pid_t freezer;           /* pod-limit, at it */
	int64_t writer_due;      /* ms: not to be started again before */
	int pipes[SERVICES_MAX]; /* read ends of the events' pipes */
	bool ending;
	struct err failed; /* why it could not be started */
};

/* Open all that is needed.  Status 75 when another keeper lives. */
int keeper_open(struct keeper *k, struct err *e);
void keeper_finish(struct keeper *k);

/*
 * Start every service and keep it until SIGTERM.  k->told gets a whole struct err when all are
 * ready (code 0) or one of them could not be started, in which case nothing is left.
 */
void keeper_run(struct keeper *k);

/* Become services.v[i]'s program, in a child.  Never returns. */
void keeper_become(const struct keeper *k, const struct service *s, int ready)
	__attribute__((noreturn));

#endif
