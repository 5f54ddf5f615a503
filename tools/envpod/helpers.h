/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of a pod's daemons that the front end starts and ends; pod-supervise keeps them. */
#ifndef ENVPOD_HELPERS_H
#define ENVPOD_HELPERS_H

#include <stdbool.h>

#include "libcommon/pod.h"

/* Lives the keeper of that set ("govern", "desktop")? */
bool helpers_stand(const struct pod *p, const char *set);
/* `pod-supervise helpers --set SET WORD POD`: its exit status. */
int helpers_run(const struct pod *p, const char *set, const char *word);
/* End it, where there is anything of it. */
int helpers_down(const struct pod *p, const char *set);
/* Those of pods that are gone, or that neither a keeper nor a run is left of.  dry: only count
 * them. */
int helpers_gc(const char *set, bool dry, unsigned *n);

#endif
