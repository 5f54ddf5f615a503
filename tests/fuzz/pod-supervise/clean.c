/* SPDX-License-Identifier: Apache-2.0 */
/* No bytes of a run reach a terminal as a control sequence other than colours, however split. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tools/pod-supervise/clean.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t colour(const char *s, size_t n)
{
	size_t i = 2;

	if (n < 3 || s[1] != '[')
		abort();
	while (i < n && memchr("0123456789;:", s[i], 12))
		i++;
	if (i == n || s[i] != 'm')
		abort();
	return i + 1;
}

static void check(const struct buf *out)
{
	for (size_t i = 0; i < out->len;) {
		unsigned char c = (unsigned char)out->data[i];

		if (c == 0x1b) {
			i += colour(out->data + i, out->len - i);
			continue;
		}
		if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
			abort();
		if (c == 0xc2 && i + 1 < out->len && (unsigned char)out->data[i + 1] < 0xa0)
			abort();
		i++;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN_BUF struct buf whole = BUF_INIT, split = BUF_INIT;
	struct clean a = {.mode = CLEAN_TERMINAL}, b = a;

	clean_text(&a, (const char *)data, size, &whole);
	for (size_t i = 0; i < size; i++)
		clean_text(&b, (const char *)data + i, 1, &split);
	if (whole.len != split.len || (whole.len && memcmp(whole.data, split.data, whole.len) != 0))
		abort();
	check(&whole);
	return 0;
}
