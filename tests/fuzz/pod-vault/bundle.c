/* SPDX-License-Identifier: Apache-2.0 */
/* The text in a bundle, which may be anybody's; what is understood is written the same way. */
#include "tools/pod-vault/bundle.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN_SECRET struct secret again = {0};
	OWN_PUTS struct puts p = {0};
	struct err e = {0};

	if (bundle_parse(&p, (const char *)data, size, &e) < 0)
		return 0;
	if (bundle_format(&p, &again, &e) < 0 || again.len > size)
		abort();
	return 0;
}
