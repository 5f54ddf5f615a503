/* SPDX-License-Identifier: Apache-2.0 */
/* An answer of a resolver's: addresses come out of it, at most so many, and nothing else. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/own.h"
#include "tools/pod-action-http/names.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN_BUF struct buf out = BUF_INIT;
	uint16_t id = size < 2 ? 0 : (uint16_t)(data[0] << 8 | data[1]);
	size_t n = 0;

	names_answer(data, size, id, &out, &n);
	if (n > NAMES_MAX || (n == 0) != (out.len == 0))
		abort();
	if (out.len && strspn(out.data, "0123456789abcdef.:,") != out.len)
		abort();
	return 0;
}
