/* SPDX-License-Identifier: Apache-2.0 */
/* What an attached client may send: every frame lies within the input and within its bounds. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tools/pod-supervise/frame.h"
#include "tools/pod-supervise/keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(const struct frame *f, const uint8_t *data, size_t taken)
{
	OWN_BUF struct buf b = BUF_INIT;

	frame_add(&b, f->type, f->data, f->len);
	if (b.len != taken || memcmp(b.data, data, taken) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN_BUF struct buf typed = BUF_INIT;
	struct keys k = {0};
	struct frame f;
	int n;

	keys_take(&k, (const char *)data, size, &typed);
	if (typed.len > size)
		abort();
	while ((n = frame_parse(&f, data, size)) > 0) {
		if (f.len > FRAME_MAX || (size_t)n > size || f.data + f.len != data + n)
			abort();
		check_again(&f, data, (size_t)n);
		data += n;
		size -= (size_t)n;
	}
	return 0;
}
