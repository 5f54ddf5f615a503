/* SPDX-License-Identifier: Apache-2.0 */
/* What comes out of a pod that is being measured. */
#include <stdint.h>
#include <string.h>

#include "tools/envpod/score.h"

static const char list[] =
	"{\"id\":\"a\",\"category\":\"one\",\"severity\":\"CRITICAL\",\"text\":\"t\",\"view\":false}\n"
	"{\"id\":\"b\",\"category\":\"two\",\"severity\":\"LOW\",\"text\":\"t\",\"view\":true}\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct checks c = {0};
	struct err e = {0};
	struct score s;

	if (checks_read(&c, list, sizeof(list) - 1, &e) < 0)
		__builtin_trap();
	if (checks_answer(&c, AS_USER, (const char *)data, size, &e) == 0) {
		s = score_of(&c, NULL);
		if (s.held + s.open + s.untried != 2 || score_percent(&s) > 100)
			__builtin_trap();
	}
	checks_finish(&c);
	memset(&c, 0, sizeof(c));
	checks_read(&c, (const char *)data, size, &e);
	checks_finish(&c);
	return 0;
}
