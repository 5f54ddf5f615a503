/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/buf.h"
#include "libcommon/own.h"
#include "libcommon/when.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN_FREE char *s = xcalloc(1, size + 1);
	int64_t us, ago;

	memcpy(s, data, size);
	if (when_parse(s, &us) == 0 && (when_ago(s, 0, &ago) < 0 || ago != us))
		abort();
	return 0;
}
