/* SPDX-License-Identifier: Apache-2.0 */
/* Does a pod's network need pod-net's wall, and does it stand?  See docs/architecture.md, Network.
 */
#ifndef LIBCOMMON_WALL_H
#define LIBCOMMON_WALL_H

#include <stdbool.h>

#include "libcommon/plan.h"
#include "libcommon/pod.h"

/* The pod file opens a way, or somebody opened one later (policy/dns.json, ports.json). */
bool wall_wanted(const struct pod *p, const struct plan *pl);

/* RUN/NAME/net/up is there, and the keeper of the pod's daemons lives. */
bool wall_stands(const struct pod *p);

/* Is anything of it there that `pod-net down` would take away? */
bool wall_left(const struct pod *p);

/* The keeper's pid, 0 when none lives; a pidfd of it in *pidfd unless NULL. */
pid_t wall_keeper(const struct pod *p, int *pidfd);

#endif
