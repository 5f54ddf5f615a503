/* SPDX-License-Identifier: Apache-2.0 */
/* mask.list, torn by a crash or written by somebody else. */
#include "tools/pod-mount/mask.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN_MASK struct mask m = {0};
	struct err e = {0};

	if (mask_parse(&m, (const char *)data, size, &e) < 0 && !e.msg[0])
		abort();
	/* What is listed is found, in whatever order it came. */
	for (size_t i = 0; i < m.n; i++) {
		const struct mask_entry *en = mask_find(&m, m.v[i].path);

		if (e.code == 0 && e.status == 0 && !en)
			abort();
		mask_below(&m, m.v[i].path);
	}
	return 0;
}
