/* SPDX-License-Identifier: Apache-2.0 */
/* Requests cut anywhere are the same requests: as many heads, for the same hosts. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tools/pod-proxy/requests.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int follow(const char *text, size_t size, size_t step, size_t *at, uint64_t *hash)
{
	struct requests q = {0};
	struct head h;
	int r = 0;

	*at = 0;
	*hash = 5381;
	for (size_t len = step; r == 0; len += step) {
		len = len < size ? len : size;
		while ((r = requests_follow(&q, text, len, at, &h)) == 1) {
			for (const char *p = h.host; *p; p++)
				*hash = *hash * 33 + (unsigned char)*p;
			requests_pass(&q, &h, at);
			if (*at > len)
				abort();
		}
		if (len == size)
			break;
	}
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t whole, cut;
	uint64_t a, b;
	int r, s;

	if (size < 2 || size > 4096)
		return 0;
	r = follow((const char *)data + 1, size - 1, size, &whole, &a);
	s = follow((const char *)data + 1, size - 1, (size_t)data[0] % 32 + 1, &cut, &b);
	if (r != s || (r == 0 && (whole != cut || a != b)))
		abort();
	return 0;
}
