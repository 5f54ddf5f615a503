/* SPDX-License-Identifier: Apache-2.0 */
/* The first line of a connection: a name within its bounds, or nothing. */
#include <stdlib.h>
#include <string.h>

#include "tools/pod-display/desk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char id[ID_MAX + 1] = "";
	bool is_view;
	int kind = greet_parse((const char *)data, size, id, &is_view);

	if (kind == GREET_VIEWER && (strlen(id) == 0 || strpbrk(id, " /.\n")))
		abort();
	return 0;
}
