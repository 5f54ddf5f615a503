/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes for a table of the older iptables, and any place in it: nothing is read behind its end.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tools/pod-net/legacy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy;
	uint16_t at;

	if (size < sizeof(at))
		return 0;
	memcpy(&at, data, sizeof(at));
	data += sizeof(at);
	size -= sizeof(at);
	copy = malloc(size ? size : 1); /* so that the sanitizer sees its end */
	if (!copy)
		return 0;
	if (size)
		memcpy(copy, data, size);
	legacy_is_drop(copy, size, at, false);
	legacy_is_drop(copy, size, at, true);
	free(copy);
	return 0;
}
