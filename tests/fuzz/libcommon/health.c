/* SPDX-License-Identifier: Apache-2.0 */
/* RUN/NAME/health: whatever is read of it can be said as JSON. */
#include "libcommon/health.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN_BUF struct buf b = BUF_INIT;
	unsigned long long start;
	struct health h;
	int pid;

	if (health_parse(&h, (const char *)data, size, &pid, &start) < 0)
		return 0;
	if (h.n > HEALTH_CHECKS || h.state > HEALTH_FAILING)
		abort();
	health_json(&h, &b);
	return 0;
}
