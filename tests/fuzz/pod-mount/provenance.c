/* SPDX-License-Identifier: Apache-2.0 */
/* Who wrote a layer, torn by a crash: nothing but whole notes comes out. */
#include "tools/pod-mount/provenance.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN_RUN_NOTES struct run_notes r = {0};

	provenance_parse(&r, (const char *)data, size);
	for (size_t i = 0; i < r.n; i++)
		if (!r.v[i].user || !r.v[i].command)
			abort();
	return 0;
}
