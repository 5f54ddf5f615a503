/* SPDX-License-Identifier: Apache-2.0 */
/* A control line: one line of an answer, which is whole. */
#include <string.h>

#include "tests/fuzz/pod-display/nobody.h"
#include "tools/pod-display/verbs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN_BUF struct buf out = BUF_INIT;

	control_answer(nobody_desk(), (const char *)data, size, &out);
	if (out.len < 10 || memcmp(out.data, "{\"ok\":", 6) != 0 || out.data[out.len - 2] != '}' ||
	    memchr(out.data, '\n', out.len) != out.data + out.len - 1)
		abort();
	return 0;
}
