/* SPDX-License-Identifier: Apache-2.0 */
/* The text of the index: what is understood is written and read again as the same. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "tools/pod-vault/index.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct index x = {0}, y = {0};
	OWN_SECRET struct secret text = {0}, again = {0};
	struct err e = {0};

	if (sodium_init() < 0)
		abort();
	if (index_parse(&x, (const char *)data, size, &e) == 0) {
		if (index_format(&x, &text, &e) < 0 ||
		    index_parse(&y, text.data, text.len, &e) < 0 ||
		    index_format(&y, &again, &e) < 0 || text.len != again.len ||
		    memcmp(text.data, again.data, text.len) != 0)
			abort();
	} else if (!e.msg[0])
		abort();
	index_finish(&x);
	index_finish(&y);
	return 0;
}
