/* SPDX-License-Identifier: Apache-2.0 */
/* envpod-journal(5): what is understood is written again, and understood the same. */
#include <stdlib.h>
#include <string.h>

#include "tools/pod-mount/journal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN_JOURNAL struct journal j = JOURNAL_INIT;
	struct err e = {0};

	if (journal_parse(&j, (const char *)data, size, &e) < 0)
		return 0;
	for (size_t i = 0; i < j.n; i++) {
		if (j.steps[i].site >= j.sites.n || j.steps[i].path[0] == '/' ||
		    strncmp(j.steps[i].path, "..", 3) == 0 || strstr(j.steps[i].path, "/../"))
			abort();
		if (j.steps[i].from_layer && !j.steps[i].raw)
			abort();
	}
	return 0;
}
