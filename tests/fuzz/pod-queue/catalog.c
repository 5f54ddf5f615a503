/* SPDX-License-Identifier: Apache-2.0 */
/* actions.json; what is printed of it is read again. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "tools/pod-queue/catalog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN_CATALOG struct catalog c = {0}, again = {0};
	OWN_BUF struct buf text = BUF_INIT;
	struct err e = {0};

	if (size > CATALOG_BYTES || catalog_parse(&c, (const char *)data, size, &e) < 0)
		return 0;
	buf_char(&text, '[');
	for (size_t i = 0; i < c.n; i++)
		entry_print(&c.v[i], &text);
	buf_char(&text, ']');
	if (catalog_parse(&again, text.data, text.len, &e) < 0 || again.n != c.n)
		abort();
	return 0;
}
