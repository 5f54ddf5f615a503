/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hunk as it comes back from an editor.  As it was offered it is the pod's text; whatever else
 * comes, it applies or leaves nothing behind, and lines that no edit names stay.
 */
#include <stdlib.h>
#include <string.h>

#include "libcommon/own.h"
#include "tools/pod-mount/hunkedit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_offer(const struct patch *p, const bool *none, const char *new, size_t len)
{
	struct hunk_edits edits = {0};
	OWN_BUF struct buf out = BUF_INIT;
	struct err e = {0};

	for (size_t i = 0, end; i < p->n; i = end) {
		OWN_BUF struct buf text = BUF_INIT;

		end = patch_hunk_end(p, i);
		hunk_edit_offer(&text, p, i, end);
		if (hunk_edit_read(&edits, p, i, end, text.data, text.len, &e) != 1)
			abort();
	}
	hunk_edits_compose(&out, p, none, &edits);
	if (out.len != len || (len && memcmp(out.data, new, len) != 0))
		abort();
	hunk_edits_finish(&edits);
}

static void check_any(const struct patch *p, const bool *none, const char *text, size_t len)
{
	struct hunk_edits edits = {0};
	OWN_BUF struct buf out = BUF_INIT;
	struct err e = {0};
	size_t at = 0;
	int r = hunk_edit_read(&edits, p, 0, patch_hunk_end(p, 0), text, len, &e);

	if ((r == 1) != (edits.n > 0) || (r < 0) != (e.code != 0))
		abort();
	for (size_t i = 0; i < edits.n; i++) {
		if (edits.v[i].a0 < at || edits.v[i].a1 < edits.v[i].a0 || edits.v[i].a1 > p->a.n)
			abort();
		at = edits.v[i].a1;
	}
	hunk_edits_compose(&out, p, none, &edits);
	hunk_edits_finish(&edits);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN_PATCH struct patch p = {0};
	OWN_FREE bool *none = NULL;
	size_t third = size / 3;
	const char *text = (const char *)data;

	patch_make(&p, text, third, text + third, third);
	none = calloc(p.n + 1, 1);
	if (p.n > 0) {
		check_offer(&p, none, text + third, third);
		check_any(&p, none, text + 2 * third, size - 2 * third);
	}
	return 0;
}
