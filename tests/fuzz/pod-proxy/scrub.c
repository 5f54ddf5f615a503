/* SPDX-License-Identifier: Apache-2.0 */
/* A stream is scrubbed alike however it is cut, and the value stands nowhere in it afterwards. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tools/pod-proxy/scrub.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void run(const struct patterns *p, char *text, size_t len, size_t step)
{
	size_t shown = 0, passed = 0;

	while (passed < len) {
		size_t n;

		shown = shown + step < len ? shown + step : len;
		n = scrub_run(p, text + passed, shown - passed, shown == len, false, NULL, NULL);
		if (n > shown - passed || (shown == len && n != shown - passed))
			abort();
		if (shown - passed - n > patterns_reach(p))
			abort();
		passed += n;
	}
}

/* The first byte says how it is cut, the next ones are the value, the rest is the text. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char whole[4096], cut[4096];
	const uint8_t *value = data + 2;
	struct patterns *p;
	size_t len, n;

	if (size < 2 + SCRUB_MIN || size > 4096)
		return 0;
	n = SCRUB_MIN + data[1] % 32;
	if (2 + n > size)
		return 0;
	p = patterns_new();
	patterns_add(p, 0, value, n);
	patterns_compile(p);
	len = size - 2 - n;
	memcpy(whole, value + n, len);
	memcpy(cut, whole, len);
	run(p, whole, len, len + 1);
	run(p, cut, len, data[0] % 64 + 1u);
	if (memmem(whole, len, value, n) && memchr(value, '*', n) == NULL)
		abort();
	if (memmem(cut, len, value, n) && memchr(value, '*', n) == NULL)
		abort();
	patterns_free(p);
	return 0;
}
