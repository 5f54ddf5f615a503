/* SPDX-License-Identifier: Apache-2.0 */
/* What comes back from whoever listens at the agent's socket. */
#include <stdlib.h>

#include "tools/pod-display/ask.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct answer a;
	struct err e = {0};

	if (answer_parse(&a, (const char *)data, size, &e) < 0)
		return 0;
	if (!a.ok || a.bytes < 0 || a.bytes > ANSWER_BYTES_MAX || a.n_rects > WISH_RECTS)
		abort();
	for (size_t i = 0; i < a.n_rects; i++)
		if (a.rects[i].w < 0 || a.rects[i].h > PICTURE_SIDE_MAX)
			abort();
	return 0;
}
