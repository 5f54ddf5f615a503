/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/view.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN_MARKER struct marker m = {0};
	OWN_BUF struct buf b = BUF_INIT;

	buf_add(&b, data, size);
	if (size == 0 || memchr(data, '\0', size))
		return 0;
	if (marker_parse(&m, b.data) == 0)
		marker_stepped(&m);
	return 0;
}
