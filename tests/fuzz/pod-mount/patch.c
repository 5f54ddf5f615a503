/* SPDX-License-Identifier: Apache-2.0 */
/* The difference of any two texts: all of it makes the new one, none of it the old one. */
#include <stdlib.h>
#include <string.h>

#include "libcommon/own.h"
#include "tools/pod-mount/hunkedit.h"
#include "tools/pod-mount/patch.h"

static const struct hunk_edits none;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct patch *p, bool all, const char *want, size_t len)
{
	OWN_FREE bool *take = malloc(p->n + 1);
	OWN_BUF struct buf out = BUF_INIT;

	memset(take, all, p->n);
	hunk_edits_compose(&out, p, take, &none);
	if (out.len != len || (len && memcmp(out.data, want, len) != 0))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN_PATCH struct patch p = {0};
	OWN_BUF struct buf out = BUF_INIT;
	size_t half = size / 2;
	const char *text = (const char *)data;

	patch_make(&p, text, half, text + half, size - half);
	check(&p, true, text + half, size - half);
	check(&p, false, text, half);
	patch_put(&out, &p);
	if ((p.added == 0 && p.removed == 0) !=
	    (half == size - half && memcmp(text, text + half, half) == 0))
		abort();
	return 0;
}
