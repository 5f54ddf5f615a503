/* SPDX-License-Identifier: Apache-2.0 */
/* Any seccomp.json: refused with a reason, or rules that end as rules end. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/buf.h"
#include "tools/pod-config/profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libjq 1.6 forgets the object it was reading when the text turns out not to be JSON. */
const char *__lsan_default_suppressions(void)
{
	return "leak:jv_mem_alloc\n";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN_BUF struct buf rules = BUF_INIT;
	struct err e = {0};

	if (profile_flatten((const char *)data, size, &rules, &e) < 0) {
		if (!e.msg[0] || e.status != 78)
			abort();
		return 0;
	}
	if (rules.len < 4 || strcmp(rules.data + rules.len - 4, "end\n") != 0)
		abort();
	return 0;
}
