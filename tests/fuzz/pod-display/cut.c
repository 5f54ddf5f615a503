/* SPDX-License-Identifier: Apache-2.0 */
/* A packed clipboard: never more than there is room for. */
#include <stdlib.h>

#include "tools/pod-display/viewer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *out = malloc(1000);

	if (cut_unpack(data, size, out, 1000) > 1000)
		abort();
	free(out);
	return 0;
}
