/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/live.h"

int live_cover(const struct pod *p, const struct plan *pl, const char *dir, struct err *e)
{
	(void)p, (void)pl, (void)dir, (void)e;
	return 0;
}
