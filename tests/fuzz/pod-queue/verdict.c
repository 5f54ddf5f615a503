/* SPDX-License-Identifier: Apache-2.0 */
/* What executors say: a fault is told; what is taken is JSON again, and texts are short. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/jsonr.h"
#include "tools/pod-queue/verdict.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct buf *value)
{
	struct json j;

	if (value->len == 0)
		return;
	if (memchr(value->data, '\n', value->len))
		abort();
	json_init(&j, value->data, value->len);
	if (!json_skip(&j) || !json_end(&j))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN_VERDICT struct verdict v = {0};
	struct err e = {0};

	if (verdict_parse(&v, (const char *)data, size, &e) < 0) {
		if (!e.msg[0])
			abort();
		return 0;
	}
	check(&v.result);
	check(&v.undo);
	if (v.error.len > 1000 || v.never.len > 1000)
		abort();
	return 0;
}
