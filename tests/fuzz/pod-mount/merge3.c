/* SPDX-License-Identifier: Apache-2.0 */
/* Three texts of few lines: whoever changed nothing has no say; the sides are told apart by order
 * only. */
#include "tools/pod-mount/merge3.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same(const struct buf *out, const char *want, size_t len)
{
	if (out->len != len || (len && memcmp(out->data, want, len) != 0))
		abort();
}

static size_t merge(struct buf *out, const char *base, size_t bn, const char *a, size_t an,
		    const char *b, size_t bl)
{
	const struct merge3 m = {base, a, b, bn, an, bl, "a", "b"};

	buf_clear(out);
	return merge3(out, &m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN_BUF struct buf out = BUF_INIT;
	const char *s = (const char *)data;
	size_t x, y;

	if (size < 2)
		return 0;
	x = data[0] % (size - 1);
	y = x + data[1] % (size - 1 - x);
	s += 2;
	size -= 2;
	x = x > size ? size : x;
	y = y > size ? size : y;
	merge(&out, s, x, s + x, y - x, s + y, size - y);
	if (merge(&out, s, x, s, x, s + y, size - y) != 0)
		abort();
	same(&out, s + y, size - y);
	if (merge(&out, s, x, s + x, y - x, s, x) != 0)
		abort();
	same(&out, s + x, y - x);
	if (merge(&out, s, x, s + y, size - y, s + y, size - y) != 0)
		abort();
	same(&out, s + y, size - y);
	return 0;
}
