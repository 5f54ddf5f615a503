/* SPDX-License-Identifier: Apache-2.0 */
/* What the injector gets: the values of bound keys, in the form of docs/architecture.md. */
#ifndef POD_VAULT_FEED_H
#define POD_VAULT_FEED_H

#include "tools/pod-vault/policy.h"
#include "tools/pod-vault/target.h"

#define FEED_MAX (1024 * 1024) /* bytes; the injector takes no more */

/*
 * Write the feed of a pod to fd.  A vault that cannot be opened is part of the feed, not an error.
 */
int feed_write(int fd, const char *pod, struct err *e);

/*
 * After a change: the injectors of those it concerns get a new feed, where they run.  pod NULL: all
 * pods that have one.  Returns when they use it.
 */
int push_pod(const char *pod, struct err *e);
int push_target(const struct target *t, struct err *e);

/* Can it be put into requests?  Its length, and bytes that no head can have.  Status 3. */
int bound_check(const char *key, const struct secret *value, struct err *e);
/* The same of what is about to be put into t, for whoever has it bound: the pod, or all pods that
 * use the scope and have no secret of their own by that name. */
struct put;
int bound_puts(const struct target *t, const struct vault *v, const struct put *puts, size_t n,
	       struct err *e);
/* And of what a shared scope holds, for a pod that is about to use it. */
int bound_scope(const struct scope *own, const struct scope *shared, struct err *e);

/* A pod's secret by name: its own, else that of a shared scope it may use; -ENOENT: none. */
int lookup(const struct vault *v, const struct pod *p, const char *key, struct secret *value,
	   struct err *e);

#endif
