/* SPDX-License-Identifier: Apache-2.0 */
/*
 * At work outside of the pod's view: a program that is linked dynamically would find its loader,
 * its libraries and its list of authorities there, and all of them are the pod's to change.  So it
 * is started on the host, takes from there what it needs, goes into the pod's network and nowhere
 * else, and gives up all other power before it reads a byte of what is asked: no file can be opened
 * then, no process made.
 */
#ifndef POD_ACTION_HTTP_OUTSIDE_H
#define POD_ACTION_HTTP_OUTSIDE_H

#include "libcommon/buf.h"
#include "libcommon/err.h"
#include "libcommon/plan.h"
#include "tools/pod-action-http/names.h"

struct outside {
	struct resolvers resolvers;
	struct buf ca;        /* authorities to believe, PEM */
	struct plan bindings; /* policy/proxy: which secret goes where, and as what; none of them */
};

/* As said, for this pod; the environment has its dummies and nothing else afterwards. */
int outside_enter(struct outside *o, const char *pod, struct err *e);
/* "HOST:PORT:ADDRESS,…" for the URL's host; empty where that is an address. */
int outside_resolve(const struct outside *o, const char *url, struct buf *out, struct err *e);
/*
 * What to send as that header to the URL's host, so that the way out puts a secret in its place:
 * the dummy of the key that is bound to them both.  -EINVAL with e set where none is.
 */
int outside_secret(const struct outside *o, const char *url, const char *header, struct buf *dummy,
		   struct err *e);
void outside_finish(struct outside *o);

#endif
