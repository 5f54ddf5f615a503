/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of viewers: what is taken lies within what came, more bytes change nothing of it. */
#include "tools/pod-display/rfb.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct rfb_message *m, const uint8_t *data, size_t size)
{
	uint8_t list[RFB_ENCODINGS_SIZE];
	bool has_clipboard;

	if (m->data != data || m->len > size || m->len == 0)
		abort();
	if (m->text && (m->text < data || m->text + m->n > data + m->len))
		abort();
	if (m->type == RFB_SET_ENCODINGS && rfb_encodings(m, list, &has_clipboard) > m->len)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rfb_message m;

	for (size_t at = 0; at < size;) {
		long n = rfb_next(&m, data + at, size - at);

		if (n <= 0)
			break;
		check(&m, data + at, size - at);
		if (rfb_next(&m, data + at, (size_t)n - 1) > 0 ||
		    rfb_next(&m, data + at, (size_t)n) != n)
			abort();
		at += (size_t)n;
	}
	return 0;
}
