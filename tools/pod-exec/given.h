/* SPDX-License-Identifier: Apache-2.0 */
/* What the pod is given in its environment for the injecting proxy: see architecture.md, "Into a
 * run". */
#ifndef POD_EXEC_GIVEN_H
#define POD_EXEC_GIVEN_H

#include "libcommon/buf.h"
#include "libcommon/err.h"
#include "libcommon/pod.h"

/*
 * Add "K=V" for each dummy of policy/proxy, and, where the pod has an authority of its own, for
 * each variable that makes programs believe it.  view: the view's root; what it lacks is not named.
 */
int given_env(struct strv *env, const struct pod *p, int view, struct err *e);

#endif
