/* SPDX-License-Identifier: Apache-2.0 */
/* pods/NAME/usage and budget: what is read is a whole file, or nothing is. */
#include <stdlib.h>
#include <string.h>

#include "libcommon/budget.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct ledger l;
	struct grants g;
	bool whole = size >= 4 && memcmp(text + size - 4, "end\n", 4) == 0;

	if (ledger_parse(&l, text, size) == 0 && !whole)
		abort();
	if (grants_parse(&g, text, size) == 0 && !whole)
		abort();
	return 0;
}
