/* SPDX-License-Identifier: Apache-2.0 */
/* What comes out of canon_value() is JSON that jsonr reads, and comes out of it again as it is. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/jsonr.h"
#include "tools/pod-queue/canon.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN_BUF struct buf once = BUF_INIT, twice = BUF_INIT;
	const char *fault = NULL;
	size_t at = 0;
	struct json j;

	if (canon_value(&once, (const char *)data, size, &fault, &at) < 0) {
		if (!fault || at > size)
			abort();
		return 0;
	}
	json_init(&j, once.data, once.len);
	if (!json_skip(&j) || !json_end(&j) || strlen(once.data) != once.len)
		abort();
	if (canon_value(&twice, once.data, once.len, &fault, &at) < 0 || twice.len != once.len ||
	    memcmp(once.data, twice.data, once.len) != 0)
		abort();
	return 0;
}
