/* SPDX-License-Identifier: Apache-2.0 */
/* A patch from anybody: what is taken from it is what it says. */
#include "tools/pod-mount/patchfile.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_hunk(const struct patch_hunk *h, const char *data, size_t size)
{
	size_t at = 0, old = 0, new = 0;
	struct hunk_line l;

	if (h->body < data || h->body + h->len > data + size)
		abort();
	while (hunk_next(h, &at, &l)) {
		if (!strchr(" -+", l.sign) || l.s < h->body || l.s + l.len > h->body + h->len)
			abort();
		old += l.sign != '+';
		new += l.sign != '-';
	}
	if (old != h->n_old || new != h->n_new)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN_PATCH_FILES struct patch_files p = {0};
	struct err e = {0};
	int r = patch_files_parse(&p, (const char *)data, size, &e);

	if (r < 0 && !e.msg[0])
		abort();
	for (size_t i = 0; i < p.n && r == 0; i++) {
		if (!p.v[i].from && !p.v[i].to)
			abort();
		for (size_t k = 0; k < p.v[i].n; k++)
			check_hunk(&p.v[i].hunks[k], (const char *)data, size);
	}
	return 0;
}
