/* SPDX-License-Identifier: Apache-2.0 */
/* A file of cookies: nothing beyond its end, and what is found is within its bounds. */
#include <stdlib.h>

#include "tools/pod-display/x11.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct x11_cookie k = {0};

	if (x11_cookie_find(&k, (const char *)data, size, 99) &&
	    (k.name_len < 0 || k.name_len > (int)sizeof(k.name) || k.data_len < 0 ||
	     k.data_len > (int)sizeof(k.data)))
		abort();
	return 0;
}
