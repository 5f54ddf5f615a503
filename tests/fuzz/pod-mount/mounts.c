/* SPDX-License-Identifier: Apache-2.0 */
/* mountinfo: mount points are named by whoever may mount. */
#include "tools/pod-mount/mountinfo.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN_MOUNTS struct mounts m = {0};
	struct err e = {0};

	if (size > 16384 || mounts_parse(&m, (const char *)data, size, &e) < 0)
		return 0;
	for (size_t i = 0; i < m.n; i++)
		mount_visible(&m, i);
	mounts_find(&m, "/home/u/f");
	return 0;
}
