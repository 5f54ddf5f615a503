/* SPDX-License-Identifier: Apache-2.0 */
/* Any text for mountinfo: mount points have hostile names. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/cgroup_tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cgroup_mounts m;

	cgroup_mounts_parse(&m, (const char *)data, size);
	if (strlen(m.v2) >= sizeof(m.v2))
		abort();
	for (int c = 0; c < CTL_COUNT; c++)
		if (strlen(m.v1[c]) >= sizeof(m.v1[c]))
			abort();
	return 0;
}
