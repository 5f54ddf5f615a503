/* SPDX-License-Identifier: Apache-2.0 */
/* Interface 1 as it was published: what moves, or changes its size, is another interface. */
#include <stddef.h>

#include "envpod/plugin.h"
#include "tests/lib/tap.h"

_Static_assert(POD_ABI == 1, "the interface's number");
_Static_assert(offsetof(struct pod_host, size) == 0 && offsetof(struct pod_host, ctx) == 8 &&
		       offsetof(struct pod_host, log) == 16 &&
		       offsetof(struct pod_host, need) == 24,
	       "pod_host");
_Static_assert(offsetof(struct pod_ask, size) == 0 && offsetof(struct pod_ask, pod) == 8 &&
		       offsetof(struct pod_ask, opts) == 16,
	       "pod_ask");
_Static_assert(offsetof(struct pod_plugin, abi) == 0 && offsetof(struct pod_plugin, size) == 4 &&
		       offsetof(struct pod_plugin, name) == 8 &&
		       offsetof(struct pod_plugin, kind) == 16 &&
		       offsetof(struct pod_plugin, summary) == 24 &&
		       offsetof(struct pod_plugin, probe) == 32 &&
		       offsetof(struct pod_plugin, plan) == 40,
	       "pod_plugin");
_Static_assert(POD_LOG_FOUND == 0 && POD_LOG_NOTE == 1 && POD_LOG_ERROR == 2, "levels");

int main(void)
{
	ok(sizeof(struct pod_plugin) >= 48, "the interface did not shrink");
	return done_testing();
}
