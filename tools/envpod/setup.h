/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVPOD_SETUP_H
#define ENVPOD_SETUP_H

#include <stdbool.h>

#include "libcommon/plan.h"
#include "libcommon/pod.h"

/* Has the pod file setup commands or a setup script? */
bool setup_wanted(const struct plan *pl);

/* Run them all and seal the layer; the pod's lock is held and passed on.  An exit status. */
int setup_run(const struct pod *p, const struct plan *pl, bool verbose);

#endif
