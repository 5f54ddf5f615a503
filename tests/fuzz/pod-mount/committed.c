/* SPDX-License-Identifier: Apache-2.0 */
/* pods/NAME/committed: lines that are not understood protect nothing and break nothing. */
#include <stdint.h>
#include <stdlib.h>

#include "tools/pod-mount/committed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN_COMMITTED struct committed c = {0};

	committed_parse(&c, (const char *)data, size);
	for (size_t i = 0; i < c.n; i++)
		if (c.v[i].path[0] != '/')
			abort();
	committed_has(&c, "/a", 1, 2);
	return 0;
}
