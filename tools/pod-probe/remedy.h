/* SPDX-License-Identifier: Apache-2.0 */
/* Which finding of pod-audit security a hole is, and the key of the pod file that closes it. */
#ifndef POD_PROBE_REMEDY_H
#define POD_PROBE_REMEDY_H

#include <stdbool.h>

#include "tools/pod-probe/probe.h"

struct remedy {
	const char *of; /* a probe, or else a category */
	const char *finding, *fix;
};

/* NULL: no key of a pod file opens this; host or envpod are at fault. */
const struct remedy *remedy_of(const struct probe *p);

/* Could what the pod has put into its own files have decided the answer? */
bool probe_sees_view(const struct probe *p);

#endif
