/* SPDX-License-Identifier: Apache-2.0 */
/* What `envpod remote POD restrict` does. */
#ifndef ENVPOD_RESTRICT_H
#define ENVPOD_RESTRICT_H

#include "libcommon/buf.h"
#include "libcommon/pod.h"

/*
 * Give a pod that lives these limits, all of them or none: words as pod-limit takes them, and
 * storage=SIZE|none.  was: the same, what must be so now (3 where it is not).  One record for
 * undo, whoever keeps them.  An exit status; what failed was said.
 */
int restrict_pod(const struct pod *p, const struct strv *words, const struct strv *was);

#endif
