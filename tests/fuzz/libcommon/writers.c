/* SPDX-License-Identifier: Apache-2.0 */
/* pods/NAME/writers, whatever it holds. */
#include "libcommon/writers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct writers all = {0};

	writers_parse(&all, (const char *)data, size);
	for (size_t i = 0; i < all.n; i++)
		writers_find(&all, &all.v[i].file);
	writers_finish(&all);
	return 0;
}
