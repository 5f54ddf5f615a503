/* SPDX-License-Identifier: Apache-2.0 */
/* --payload: a fault is said with status 64; what is taken is KEY=VALUE, each key once. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tools/envpod/payload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN_STRV struct strv words = {0};
	struct err e = {0};

	if (payload_parse(&words, (const char *)data, size, &e) < 0) {
		if (!e.msg[0] || e.status != 64)
			abort();
		return 0;
	}
	if (words.n > 5)
		abort();
	for (size_t i = 0; i < words.n; i++)
		if (!strchr(words.v[i], '='))
			abort();
	return 0;
}
