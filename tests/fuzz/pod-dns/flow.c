/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes for what the kernel tells of a socket or a tracked flow: nothing is read behind their
 * end, and what names a flow lies within them. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tools/pod-dns/cut.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1); /* so that the sanitizer sees its end */
	const uint8_t *tuple;
	struct cut_end end;
	size_t len;

	if (!copy)
		return 0;
	if (size)
		memcpy(copy, data, size);
	cut_read_socket(copy, size, &end);
	if (cut_read_flow(copy, size, &end, &tuple, &len) &&
	    (tuple < copy || tuple + len > copy + size))
		abort();
	free(copy);
	return 0;
}
