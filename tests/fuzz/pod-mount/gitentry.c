/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/gitbase.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct git_entry g;

	if (git_entry_parse(&g, (const char *)data, size) &&
	    strspn(g.blob, "0123456789abcdef") != strlen(g.blob))
		abort();
	return 0;
}
