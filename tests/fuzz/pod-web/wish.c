/* SPDX-License-Identifier: Apache-2.0 */
/* What a page asks of the display: what is passed on is one line, means the same, and is within
 * bounds. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tools/pod-web/control.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN_BUF struct buf b = BUF_INIT;
	struct wish w = {.value = {0, 0}}, again = {.value = {0, 0}};

	if (!wish_parse(&w, (const char *)data, size))
		return 0;
	wish_line(&w, &b);
	if (memchr(b.data, '\n', b.len) != b.data + b.len - 1 || b.len > 100)
		abort();
	if (w.kind == WISH_LEASE)
		return 0;
	if (!wish_parse(&again, b.data, b.len) || memcmp(&w, &again, sizeof(w)) != 0)
		abort();
	return 0;
}
