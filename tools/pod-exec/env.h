/* SPDX-License-Identifier: Apache-2.0 */
/* The command's environment, built from nothing. */
#ifndef POD_EXEC_ENV_H
#define POD_EXEC_ENV_H

#include "libcommon/buf.h"
#include "libcommon/err.h"
#include "libcommon/plan.h"
#include "tools/pod-exec/user.h"

/*
 * TERM and LANG (the caller's, when they look sane), who the user is, PATH, the list given ("K=V",
 * of given.h), the plan's `env`, then the list asked: "K=V", or "K" for the caller's value.  Later
 * ones win, ENVPOD_POD_NAME always says the pod's name.  A word without a name is wrong usage (64).
 */
int env_build(struct strv *env, const struct plan *pl, const struct user *u,
	      const struct strv *given, const struct strv *asked, struct err *e);

/*
 * The secrets that fd holds, "KEY=VALUE" and a NUL each, in place of what is there, but not of what
 * was asked for on the command line.  An empty one says that they are all there: without it they
 * were taken by somebody else, and that is an error.  Closes fd; -1 is nothing.
 */
int env_secrets(struct strv *env, int fd, const struct strv *asked, struct err *e);

/* The value of name in env, or NULL. */
const char *env_get(const struct strv *env, const char *name);

#endif
