/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes: a plan or a clean error; and what was read can be written and read back the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_same(const struct plan *a, const struct plan *b)
{
	if (a->keys.n != b->keys.n)
		abort();
	for (size_t i = 0; i < a->keys.n; i++)
		if (strcmp(a->keys.v[i], b->keys.v[i]) != 0 ||
		    strcmp(a->values.v[i], b->values.v[i]) != 0)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN_PLAN struct plan first = {0}, again = {0};
	OWN_BUF struct buf text = BUF_INIT;
	struct err e = {0};

	if (plan_parse(&first, (const char *)data, size, &e) < 0) {
		if (e.code == 0 || e.msg[0] == '\0')
			abort();
		return 0;
	}
	buf_fmt(&text, "envpod-plan 1 %llu %llu %llu\n", first.ino, first.mtime_ns, first.size);
	for (size_t i = 0; i < first.keys.n; i++)
		plan_line(&text, first.keys.v[i], first.values.v[i]);
	buf_str(&text, "end\n");
	if (text.len <= PLAN_MAX && plan_parse(&again, text.data, text.len, &e) < 0)
		abort();
	if (text.len <= PLAN_MAX)
		check_same(&first, &again);
	return 0;
}
