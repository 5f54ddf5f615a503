/* SPDX-License-Identifier: Apache-2.0 */
/* policy/proxy.json: what is understood is written and read again as the same. */
#include <stdlib.h>
#include <string.h>

#include "tools/pod-vault/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__asan_default_options(void);

/* libjq 1.6 forgets a string in some of its syntax errors. */
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct policy p = POLICY_INIT, q = POLICY_INIT;
	OWN_BUF struct buf text = BUF_INIT, again = BUF_INIT;
	struct err e = {0};

	if (live_parse(&p, (const char *)data, size, &e) == 0) {
		live_format(&p, &text);
		if (live_parse(&q, text.data, text.len, &e) < 0)
			abort();
		live_format(&q, &again);
		if (text.len != again.len || memcmp(text.data, again.data, text.len) != 0)
			abort();
	} else if (!e.msg[0])
		abort();
	policy_finish(&p);
	policy_finish(&q);
	return 0;
}
