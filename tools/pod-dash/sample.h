/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What running pods use, for the plots: counters of the kernel tell nobody that they have changed,
 * so they are read every SAMPLE_MS while a page is open, in one event for the whole fleet:
 * {"usage":{"web":[CPU_USEC,MEMORY,PIDS,BYTES_UP,BYTES_DOWN]},"at":MS}
 */
#ifndef POD_DASH_SAMPLE_H
#define POD_DASH_SAMPLE_H

#include "tools/pod-dash/runner.h"

#define SAMPLE_MS 2000

void sample_tell(const struct runner *r);

#endif
