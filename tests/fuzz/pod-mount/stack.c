/* SPDX-License-Identifier: Apache-2.0 */
/* The stack: what it accepts names layers and nothing else. */
#include "tools/pod-mount/layers.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN_STACK struct stack s = {0};
	struct err e = {0};

	stack_parse(&s, (const char *)data, size, &e);
	for (size_t i = 0; i < s.n; i++)
		if (!s.v[i].id[0] || strchr(s.v[i].id, '/') || strchr(s.v[i].id, '.'))
			abort();
	return 0;
}
