/* SPDX-License-Identifier: Apache-2.0 */
/* Messages cut anywhere, and taken by any room, are the same messages. */
#include <stdint.h>
#include <stdlib.h>

#include "libcommon/own.h"
#include "tests/pod-proxy/h1_feed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data + 1;
	OWN_FREE char *whole = NULL, *cut = NULL;
	bool response, to_head;

	if (size < 2 || size > 4096)
		return 0;
	response = data[0] & 1;
	to_head = data[0] & 2;
	whole = h1_said(text, size - 1, size, H1_IN, response, to_head);
	cut = h1_said(text, size - 1, data[0] / 16 + 1, data[0] / 4 % 4 + 1, response, to_head);
	if (strcmp(whole, cut) != 0)
		abort();
	return 0;
}
